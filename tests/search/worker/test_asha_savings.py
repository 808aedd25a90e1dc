"""What stopping saves on the recorded curves, and that the benchmark counts right."""

import importlib.util
import json
import random
from pathlib import Path
from types import ModuleType

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

from ktg_mm.errors import UserError
from ktg_mm.search.worker.asha_hook import ASHAHook, build_pruner
from ktg_mm.search.worker.reporter import TrialReporter

CURVES = Path(__file__).parents[2] / 'data/digits_curves.json'


@pytest.fixture(scope='module')
def asha() -> ModuleType:
    """The tool."""
    path = Path(__file__).parents[3] / 'tools/benchmarks/asha.py'
    spec = importlib.util.spec_from_file_location('asha_benchmark', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def epochs_by_pruner(scores: np.ndarray, order: list[int], epochs: list[int], factor: int) -> list[int]:
    """How long each graph is trained if the search decides, one worker."""
    study = optuna.create_study(direction='maximize', sampler=optuna.samplers.RandomSampler(seed=0))
    cfg = dict(type='SuccessiveHalvingPruner', min_resource=epochs[0], reduction_factor=factor)
    pruner = build_pruner(ASHAHook(cfg).pruner)
    trained = []
    for graph in order:
        trial = study.ask()
        reporter = TrialReporter(trial, pruner, lambda metrics: None)
        for epoch, score in zip(epochs, scores[graph], strict=True):
            if reporter.report(float(score), epoch) and epoch < epochs[-1]:
                study.tell(trial, state=TrialState.PRUNED)
                break
        else:
            study.tell(trial, float(scores[graph][-1]))
        trained.append(epoch)
    return trained


@pytest.mark.parametrize('seed', range(3))
def test_decides_as_the_search_does(asha: ModuleType, seed: int) -> None:
    scores, epochs = asha.read_curves(CURVES)
    order = random.Random(seed).sample(range(len(scores)), 80)
    trained = asha.asha_epochs(scores, order, epochs, 2)
    assert trained.tolist() == epochs_by_pruner(scores, order, epochs, 2)
    assert set(trained) >= {1, epochs[-1]}


@pytest.mark.parametrize(('factor', 'epochs'), [(2, [1, 2, 4, 8]), (3, [2, 6, 18, 20]), (4, [1, 4, 16])])
def test_decides_as_the_search_does_with_ties(asha: ModuleType, factor: int, epochs: list[int]) -> None:
    draw = np.random.default_rng(factor)
    scores = np.cumsum(draw.integers(0, 4, (60, len(epochs))), axis=1).astype(float)
    scores[5, 1] = scores[20, 0] = np.nan
    order = draw.permutation(60).tolist()
    assert asha.asha_epochs(scores, order, epochs, factor).tolist() == epochs_by_pruner(scores, order, epochs, factor)


def test_counts_epochs(asha: ModuleType) -> None:
    # Graphs 0 to 4 in this order; the last is the only one of the top, the fourth is stopped at the second rung.
    scores = np.array([[5.0, 5, 5], [4, 9, 9], [6, 4, 9], [7, 3, 1], [8, 8, 10]])
    top = scores[:, -1] == 10
    trained = asha.asha_epochs(scores, range(5), [1, 2, 4], 2)
    assert trained.tolist() == [4, 1, 2, 2, 4]
    assert asha.until_top(trained, top, 4) == 4 + 1 + 2 + 2 + 4
    assert asha.until_top(np.array([4, 1, 2, 2, 2]), top, 4) == np.inf


def test_when_one_of_the_top_is_complete_the_best_is(asha: ModuleType) -> None:
    scores, epochs = asha.read_curves(CURVES)
    top = scores[:, -1] >= np.sort(scores[:, -1])[-len(scores) // 20]
    for seed in range(20):
        order = np.random.default_rng(seed).permutation(len(scores))
        trained = asha.asha_epochs(scores, order, epochs, 2)
        best, spent, first = -np.inf, 0, np.inf
        for graph, epoch in zip(order, trained, strict=True):
            spent += epoch
            if epoch == epochs[-1] and scores[graph, -1] > best:
                best = scores[graph, -1]
                first = min(first, spent) if top[graph] else first
        assert asha.until_top(trained, top[order], epochs[-1]) == first


def test_the_curves_are_whole(asha: ModuleType) -> None:
    content = json.loads(CURVES.read_text())
    scores, epochs = asha.read_curves(CURVES)
    assert len(scores) >= 100 and epochs == [1, 2, 4, 8, 16, 32, 64]
    assert len({curve['graph'] for curve in content['curves']}) == len(scores)
    assert {'torch', 'optuna', 'mmengine', 'ktg_mm', 'python'} <= set(content['versions'])
    assert 'record_curves.py' in content['command']


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ('{', 'is no file of'),
        ('{"curves": [{"values": {"1": 2.0}}, {"values": {"2": 2.0}}]}', 'same epochs'),
        ('{"curves": [{"values": {"2": 2.0, "4": 1.0}}]}', 'no scores at epoch 1'),
    ],
)
def test_bad_files(asha: ModuleType, tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / 'curves.json'
    path.write_text(content)
    with pytest.raises(UserError, match=message):
        asha.measure(path)
