"""The benchmark of samplers: its world is that of trained graphs, its searches are the search's, the default pays."""

import dataclasses
import importlib
import itertools
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution
from optuna.trial import create_trial
from scipy import stats

from ktg_mm.search.space.regularized_evolution import RegularizedEvolutionSampler

REPOSITORY = Path(__file__).parents[2]
WORLD = REPOSITORY / 'tests/data/graph_world.npz'
CURVES = REPOSITORY / 'tests/data/digits_curves.json'


@pytest.fixture(scope='module')
def load() -> Callable[[str], ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(REPOSITORY / 'tools/benchmarks'))
        yield importlib.import_module


@pytest.fixture(scope='module')
def world(load):
    return load('graph_world').GraphWorld.load(WORLD)


def row(label='000', edges='000000', temperatures='000000', widths='00') -> np.ndarray:
    return np.array([[int(one) for one in label + edges + temperatures + widths]])


@pytest.mark.parametrize(
    ('one', 'two'),
    [
        (row(edges='100000', temperatures='000000'), row(edges='100000', temperatures='200000')),  # of a cut edge
        (row('032', '110000', '001200', '10'), row('000', '112301', '000000', '01')),  # nobody is heard
        (row('012', '230120', '012012', '10'), row('021', '322001', '101220', '01')),  # net1 and net2 exchanged
        (row('003', '010123', widths='01'), row('000', '010100', widths='00')),  # net2 is not heard: nor what it hears
    ],
)
def test_rows_of_one_graph(load, one, two) -> None:
    canonical = load('graph_codes').canonical
    (codes, key, _), (others, other, _) = canonical(one), canonical(two)
    assert key == other and (codes == others).all()
    again, key_again, _ = canonical(codes)
    assert (again == codes).all() and key_again == key


def test_rows_of_other_graphs(load) -> None:
    canonical = load('graph_codes').canonical
    rows = [row(), row('100'), row(edges='010000'), row(temperatures='010000'), row(widths='10')]
    assert len({int(canonical(one)[1][0]) for one in rows}) == len(rows)
    assert canonical(row('133', '110000'))[1] == -1  # nobody teaches net0
    assert canonical(row('133', '010000'))[1] >= 0


def test_the_world_knows_what_was_measured(world) -> None:
    measured, _ = world.canonical(world.content['measured'].astype(int))
    means = world.means(measured)
    # The last 25 are hand-made; of the others, which were drawn at random, some are the same graph.
    assert means[-25:] == pytest.approx(world.content['measured_means'][-25:].astype(float))
    told = world.predicted(importlib.import_module('graph_codes').canonical(measured)[2])
    good = means[:, -1] > 74.5
    assert (means - told)[good, -1].std() < 0.15 < 2 * means[good, -1].std() / 3
    best = dict(zip(world.names, world.means(world.enqueued)[:, -1], strict=True))
    assert max(best, key=best.get) == 'dml_T2_11' and best['dml_T2_11'] == pytest.approx(76.36, abs=0.01)


def test_seeds_spread_as_measured(world) -> None:
    means = np.repeat(world.means(world.enqueued[:1]), 4000, 0)
    luck = world.scores(means, np.random.default_rng(0)) - means
    assert luck[:, -1].mean() == pytest.approx(0, abs=0.03)
    assert 0.40 < luck[:, -1].std() < 0.50
    assert np.corrcoef(luck[:, -2], luck[:, -1])[0, 1] > 0.2  # a lucky curve is so throughout


class Plain:
    """A world without luck, of three choices each."""

    choices = np.array([3, 2, 1, 3])
    epochs = (1, 2, 4)
    enqueued = np.array([[0, 0, 0, 0], [2, 1, 0, 2]])

    def random(self, number, random):
        return random.integers(0, self.choices, (number, 4))

    def canonical(self, codes):
        return codes, codes @ [6, 3, 3, 1]

    def means(self, codes):
        return codes.sum(1)[:, None] + np.array([0.0, 1.0, 2.0])

    def scores(self, means, random):
        return means


def test_children_are_those_of_the_sampler(load) -> None:
    searches = load('searches')
    policy = searches.Policy('evolution', population=4, tournament=2, first=2)
    parents = [[2, 1, 0, 2], [0, 0, 0, 0], [1, 0, 0, 2], [2, 0, 0, 1], [1, 1, 0, 0]]
    scores = [99.0, 1.0, 4.0, 3.0, 2.0]
    ours = searches.Searches(Plain(), policy, 100, 1, np.random.default_rng(0))
    ours.codes[0, :5], ours.ends[0, :5], ours.complete[:] = parents, scores, 5
    # Of four, two are drawn: the best is a parent in 3 of 6 draws, then 2, then 1, and the first one is too old.
    expected: dict[tuple[int, ...], float] = {}
    for parent, weight in ((2, 3 / 6), (3, 2 / 6), (4, 1 / 6)):
        for place, size in ((0, 3), (1, 2), (3, 3)):
            for value in set(range(size)) - {parents[parent][place]}:
                child = (*parents[parent][:place], value, *parents[parent][place + 1 :])
                expected[child] = expected.get(child, 0) + weight / 3 / (size - 1)

    def fits(children) -> float:
        counts = dict.fromkeys(expected, 0)
        for child in children:
            counts[tuple(map(int, child))] += 1
        return stats.chisquare(list(counts.values()), np.array(list(expected.values())) * len(children)).pvalue

    assert fits(ours.children(np.zeros(4000, int))) > 1e-3
    space = {str(i): CategoricalDistribution(list(range(size))) for i, size in enumerate(Plain.choices)}
    study = optuna.create_study(direction='maximize')
    for parent, score in zip(parents, scores, strict=True):
        params = {str(i): value for i, value in enumerate(parent)}
        study.add_trial(create_trial(value=score, params=params, distributions=space))
    drawn = []
    for seed in range(400):
        sampler = RegularizedEvolutionSampler(population_size=4, tournament_size=2, first=2, seed=seed)
        values = sampler.sample_relative(study, None, sampler.infer_relative_search_space(study, None))
        drawn.append([values[str(i)] for i in range(4)])
    assert fits(drawn) > 1e-3


def test_a_budget_is_kept_and_a_graph_tried_once(load) -> None:
    searches = load('searches')
    for policy in itertools.product(('random', 'evolution', 'RandomSampler'), (None, 1, 2), (False, True)):
        policy = searches.Policy(*policy, first=2, population=3, tournament=2)
        one = searches.Searches(Plain(), policy, 30, 3, np.random.default_rng(0))
        one.run()
        for i in range(3):
            rows = [tuple(code) for code in one.codes[i, : one.complete[i]]]
            assert len(set(rows)) == len(rows) <= one.tried[i]
            assert policy.prune or len(rows) == 7  # of 4 epochs each
            if policy.enqueue:
                assert rows[:2] == [tuple(code) for code in Plain.enqueued]
    # There are 18 graphs, and then the search is over.
    one = searches.Searches(Plain(), searches.Policy(), 1000, 2, np.random.default_rng(0))
    one.run()
    assert one.complete.tolist() == [18, 18]


def test_stopping_is_that_of_the_other_benchmark(load) -> None:
    searches, asha = load('searches'), load('asha')
    world = load('fixed_graphs').FixedGraphs(CURVES)
    order = []

    class Seen(type(world)):
        def means(self, codes):
            order.append(int(codes[0, 0]))
            return super().means(codes)

    one = searches.Searches(Seen(CURVES), searches.Policy(prune=1), 500, 1, np.random.default_rng(0))
    one.run()
    curves, epochs = asha.read_curves(CURVES)
    trained = asha.asha_epochs(curves, order, epochs, 2)
    assert one.spent[0] == trained.sum() and one.complete[0] == (trained == epochs[-1]).sum()
    assert len(set(order)) == len(order) == one.tried[0] > 60


def test_a_race_hands_out_the_baseline_unless_it_shows_a_gain(load) -> None:
    outcomes, searches = load('outcomes'), load('searches')

    class Lucky(Plain):
        gain = 0.0

        def means(self, codes):
            return self.gain * super().means(codes) + np.array([0.0, 0.0, 50.0])

        def scores(self, means, random):
            return means + random.normal(0, 1, means.shape)

    policy = searches.Policy('random', enqueue=True, race=(4, 3))
    nothing = outcomes.simulate(Lucky(), policy, 200, 100, 0)
    assert sum(nothing.shown) < 9  # one in forty; nine or more come once in two thousand
    assert np.mean(np.subtract(nothing.seen, nothing.true)) == pytest.approx(0, abs=0.2)
    Lucky.gain = 3.0
    much = outcomes.simulate(Lucky(), policy, 200, 20, 0)
    # The best graph is enqueued: it is the baseline, and nothing is shown.
    assert np.mean(much.true) == pytest.approx(71) and not any(much.shown)
    Lucky.enqueued = Plain.enqueued[:1]
    much = outcomes.simulate(Lucky(), policy, 200, 20, 0)
    assert np.mean(much.shown) > 0.9 and np.mean(much.true) > 65
    with pytest.raises(ValueError, match='a budget of 100 epochs leaves no 5 graphs to its race of 22 trainings'):
        outcomes.simulate(Lucky(), policy, 100, 50, 0)


def test_a_summary(load) -> None:
    outcomes = load('outcomes')
    outcome = outcomes.Outcome([1.0, 3.0], [2.0, 4.0], [1.0, 4.0], [False, True], [2.0, 3.0], [5.0, 5.0], [7, 9])
    found = outcomes.summary(outcome, 2.0)
    assert found['gain'] == 0 and found['gain_95'] == pytest.approx([-12.706, 12.706], abs=1e-3)
    assert (found['worse'], found['worse_than_baseline'], found['shown']) == (0.5, 0.5, 0.5)
    assert (found['optimism'], found['winners_gain'], found['best_tried'], found['graphs']) == (1, 0.5, 3, 8)
    assert found['worse_95'] == [0.013, 0.987]
    alone = outcomes.summary(dataclasses.replace(outcome, baseline=[], shown=[], winner=[]), 2.0)
    assert found.keys() - alone.keys() == {'worse_than_baseline', 'worse_than_baseline_95'} | {
        'shown', 'winners_gain', 'winners_gain_95'
    }  # fmt: skip


def run(load, monkeypatch, capsys, *arguments: str) -> str:
    monkeypatch.setattr(sys, 'argv', ['samplers.py', *arguments])
    load('samplers').main()
    return capsys.readouterr().out


def test_the_command(load, monkeypatch, capsys) -> None:
    arguments = '--policies evolution-asha4-enqueued-race random TPESampler --budgets 1200 --repeats 3 --race 2 2'
    lines = run(load, monkeypatch, capsys, *arguments.split()).splitlines()
    assert [line.split()[1] for line in lines[2:5]] == arguments.split()[1:4]
    out = run(load, monkeypatch, capsys, '--table', str(CURVES), '--budgets', '640', '--repeats', '3')
    assert [line.split()[1] for line in out.splitlines()[2:5]] == ['random', 'random-asha', 'random-asha4']
    out = run(load, monkeypatch, capsys, *'--policies default --budgets 1500 --repeats 2 --json'.split())
    setting, result = map(json.loads, out.splitlines())
    assert setting['setting']['budgets'] == [1500] and result['default']['epochs'] == 1500


@pytest.mark.parametrize(
    ('command', 'message'),
    [
        ('--policies randm', "--policies randm: no sampler is named 'randm'; did you mean 'random'?"),
        ('--policies random-ahsa', "--policies random-ahsa: no part is named 'ahsa'; did you mean 'asha'?"),
        ('--policies none', '--policies none: none tries what is enqueued, so write none-enqueued'),
        (
            '--policies evolution-race --budgets 300 --race 8 5',
            '--budgets 300: is too small for evolution-race; a',
        ),
        (f'--table {CURVES} --policies evolution', f'--policies evolution: {CURVES} has neither graphs to enqueue nor'),
        ('--table nothere.npz', 'nothere.npz: is no file of tools/benchmarks/fit_graph_world.py: '),
        ('--table .', 'rand.npz: is no file of a table of trained graphs: '),
    ],
)
def test_mistakes(load, monkeypatch, capsys, command, message) -> None:
    with pytest.raises(SystemExit) as end:
        run(load, monkeypatch, capsys, *command.split())
    err = capsys.readouterr().err
    assert end.value.code == 2 and err.startswith(f'error: {message}') and err.count('\n') == 1


def test_the_default_is_no_worse_than_random(load, world) -> None:
    """With 187 whole trainings; two means of random search differ by 0.025 (standard deviation) at so many repeats."""
    samplers, outcomes = load('samplers'), load('outcomes')
    default, random = (
        outcomes.simulate(world, dataclasses.replace(samplers.policy_of(name, 187), race=None), 6000, 60, 0)
        for name in ('default', 'random-enqueued')
    )
    assert np.mean(default.true) > np.mean(random.true) + 0.02
    assert np.mean(default.tried) > np.mean(random.tried) + 0.03
