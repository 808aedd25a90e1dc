"""The simulation of a search on a cluster, against closed forms."""

import importlib.util
import math
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

FOLDER = Path(__file__).parents[3] / 'tools/benchmarks'


@pytest.fixture(scope='module')
def cluster() -> ModuleType:
    """The tool."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        spec = importlib.util.spec_from_file_location('cluster_benchmark', FOLDER / 'cluster.py')
        module = importlib.util.module_from_spec(spec)
        patch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
        return module


FREE = dict(start=0.0, between=0.0, validation=0.0, read=(0.0, 0.0, 0.0), served=(0.0, 0.0))


def seconds(outcome: Any) -> float:
    return outcome.hours * 3600


@pytest.mark.parametrize(('gpus', 'rounds'), [(1, 10), (3, 4), (10, 1), (25, 1)])
def test_without_pruning_equal_graphs_go_in_rounds(cluster: ModuleType, gpus: int, rounds: int) -> None:
    plan = cluster.Plan(**FREE | dict(start=7.0, between=2.0), graphs=10, epochs=5, factor=0, epoch=30.0, spread=0.0)
    found = cluster.simulate(plan, gpus)
    assert seconds(found) == pytest.approx(7 + rounds * (2 + 5 * 30))
    assert (found.epochs, found.complete) == (50, 10) and found.longest * 3600 == pytest.approx(152)


def test_one_worker_takes_the_sum(cluster: ModuleType) -> None:
    """Of the trainings, as long as each graph's epochs take, one validation a rung, and every read of the study."""
    costs = dict(start=5.0, between=0.5, validation=3.0, read=(0.02, 0.01, 0.001), served=(0.03, 0.005), reads=4)
    plan = cluster.Plan(**costs, graphs=40, epochs=20, epoch=11.0, spread=0.5)
    search = cluster._Search(plan, 1, seed=2)
    trained = cluster_epochs(search, plan)
    stages = [*plan.rungs, plan.epochs]
    expected = 5.0
    for number, (epochs, epoch) in enumerate(zip(trained, search._epoch, strict=True)):
        reports = stages.index(epochs) + 1
        read = 0.02 + 0.01 + 0.001 * number + 0.03 + 0.005  # one is running, so many have ended
        expected += 0.5 + epochs * epoch + reports * 3.0 + (4 + reports) * read
    found = search.run()
    assert seconds(found) == pytest.approx(expected)
    assert found.epochs == trained.sum() and found.complete == (trained == 20).sum()


def cluster_epochs(search: Any, plan: Any) -> np.ndarray:
    """Epochs of each graph at one worker, by the benchmark that tests hold against the search's pruner."""
    asha = importlib.import_module('asha')
    return asha.asha_epochs(search._scores, range(plan.graphs), [*plan.rungs, plan.epochs], plan.factor)


def test_what_all_do_adds_up(cluster: ModuleType) -> None:
    for gpus in (1, 7, 64, 300):
        found = cluster.simulate(cluster.Plan(graphs=200, epochs=40), gpus)
        assert sum(found.spent.values()) == pytest.approx(gpus * found.hours)
        assert all(hours >= -1e-9 for hours in found.spent.values())
        assert found.longest <= found.hours


def test_a_server_that_answers_one_at_a_time_is_the_bound(cluster: ModuleType) -> None:
    """Nothing but questions: however many ask, they take as long as the server for all of them."""
    costs = FREE | dict(served=(0.25, 0.0), reads=3, poll=math.inf)
    plan = cluster.Plan(**costs, graphs=60, epochs=4, factor=0, epoch=1e-9)
    for gpus in (1, 5, 60):
        assert seconds(cluster.simulate(plan, gpus)) == pytest.approx(60 * (3 + 1) * 0.25, rel=1e-6)


def test_more_workers_than_graphs_wait_for_the_longest(cluster: ModuleType) -> None:
    plan = cluster.Plan(**FREE, graphs=20, epochs=10, factor=0, epoch=60.0, spread=0.4)
    found = cluster.simulate(plan, 50, seed=3)
    longest = 600 * (cluster._Search(plan, 50, seed=3)._epoch.max() / 60)
    assert seconds(found) == pytest.approx(longest) == found.longest * 3600
    assert found.spent['idle'] == pytest.approx(50 * found.hours - found.spent['training'])
    assert cluster.bottleneck([found], 50).startswith('idle ')


def test_half_go_on_at_each_rung(cluster: ModuleType) -> None:
    """Where scores at one rung say nothing of the next: 1 + 1/2 + 2/4 + 4/8 + ... epochs a graph, and a little."""
    plan = cluster.Plan(correlation=0.0)
    assert plan.rungs == [1, 2, 4, 8, 16, 32, 64, 128]
    expected = 1500 * (1 + sum(2**k / 2 ** (k + 1) for k in range(7)) + 72 / 2**8)
    epochs = [cluster.simulate(plan, 30, seed).epochs for seed in range(10)]
    assert expected < np.mean(epochs) < 1.15 * expected
    sure = cluster.simulate(cluster.Plan(correlation=1.0), 30)
    assert sure.epochs > 1.5 * expected  # graphs get better as the worse are stopped, and early ones were let through


def test_its_scores_are_stopped_as_often_as_recorded_ones(cluster: ModuleType) -> None:
    """The default correlation: the epochs of a search through the 160 graphs of recorded curves, at one worker."""
    asha = importlib.import_module('asha')
    scores, epochs = asha.read_curves(Path(__file__).parents[2] / 'data/digits_curves.json')
    plan = cluster.Plan(graphs=len(scores), epochs=epochs[-1])
    assert [*plan.rungs, plan.epochs] == epochs
    orders = [np.random.default_rng(seed).permutation(len(scores)) for seed in range(100)]
    recorded = np.median([asha.asha_epochs(scores, order, epochs, 2).sum() for order in orders])
    simulated = np.median([cluster.simulate(plan, 1, seed).epochs for seed in range(100)])
    assert simulated == pytest.approx(recorded, rel=0.1)
