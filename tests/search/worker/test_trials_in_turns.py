"""Trials that one worker trains in turns end as they would alone, whatever happens to one of them."""

import random
import re
import signal
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.logging import MessageHub
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS
from optuna.trial import TrialState

from ktg_mm.errors import ConfigError, UserError
from ktg_mm.search import StudyAddress, Worker, run_search
from ktg_mm.search.study.retries import CONTINUES, END

Weights = dict[int, dict[str, torch.Tensor]]


@pytest.fixture
def tiny(two_networks: Callable[..., Config]) -> Callable[..., Config]:
    return partial(two_networks, hooks=('TurnsTestHook',))


def search(cfg: Config, folder: Path) -> Worker:
    return run_search(cfg, StudyAddress.of(cfg, folder, study='s'))


def trial_of(runner: Runner) -> int:
    return int(Path(runner.work_dir).name)


@HOOKS.register_module()
class TurnsTestHook(Hook):
    """Calls a function of the test before each step; draws in and after each from all generators, as dropout would."""

    action: Callable[[Runner], None] = staticmethod(lambda runner: None)
    weights: Weights = {}

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        assert MessageHub.get_current_instance().instance_name == runner.experiment_name
        type(self).action(runner)

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        assert MessageHub.get_current_instance().instance_name == runner.experiment_name
        drawn = random.random() + np.random.rand() + float(torch.rand(()))
        with torch.no_grad():
            for weight in runner.model.parameters():
                weight.mul_(1 + 0.01 * drawn)

    def after_train(self, runner: Runner) -> None:
        if 'teacher' not in runner.model.nodes:
            state = runner.model.state_dict()
            type(self).weights[trial_of(runner)] = {name: value.clone() for name, value in state.items()}


@pytest.fixture
def acting(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Weights]:
    """Sets what the hook does, and returns where it puts the weights of the trials that end from now on."""

    def act(action: Callable[[Runner], None] = lambda runner: None) -> Weights:
        weights: Weights = {}
        monkeypatch.setattr(TurnsTestHook, 'action', staticmethod(action))
        monkeypatch.setattr(TurnsTestHook, 'weights', weights)
        return weights

    return act


def ends(worker: Worker) -> list[tuple[Any, ...]]:
    return [
        (trial.state.name, trial.values, trial.intermediate_values, trial.user_attrs[END].partition(';')[0])
        for trial in worker.study.get_trials()
    ]


def equal(one: Weights, other: Weights) -> bool:
    return one.keys() == other.keys() and all(
        torch.equal(value, other[number][name]) for number, state in one.items() for name, value in state.items()
    )


def spoil_the_second(runner: Runner) -> None:
    if trial_of(runner) == 1 and runner.iter == 2:
        next(runner.model.parameters()).data.fill_(float('inf'))


@pytest.mark.parametrize('number', [2, 9])
def test_a_trial_ends_with_the_bits_that_it_has_alone(
    number: int, tiny: Callable, tmp_path: Path, acting: Callable
) -> None:
    """Random draws within steps, and one that fails in between."""
    steps: list[int] = []

    def note(runner: Runner) -> None:
        steps.append(trial_of(runner))
        spoil_the_second(runner)

    expected = acting(spoil_the_second)
    alone = search(tiny(), tmp_path / 'alone')
    found = acting(note)
    together = search(tiny(number), tmp_path / 'together')
    assert ends(together) == ends(alone)
    assert [end[0] for end in ends(alone)] == ['COMPLETE', 'FAIL', 'COMPLETE']
    assert len(expected) == 2 and equal(found, expected)
    assert steps[:3] == ([0, 1, 0] if number == 2 else [0, 1, 2])
    kept = [sorted(path.name for path in (tmp_path / name).glob('trials/*/*.pth')) for name in ('alone', 'together')]
    assert kept[0] == kept[1] and len(kept[0]) == 1


@pytest.mark.slow
def test_pruned_ones_leave_and_the_next_come(tiny: Callable, tmp_path: Path, acting: Callable) -> None:
    halving = dict(type='ASHAHook', pruner=dict(type='SuccessiveHalvingPruner'))
    expected = acting()
    search(tiny(epochs=4, hook=None), tmp_path / 'alone')
    found = acting()
    trials = search(tiny(2, epochs=4, hook=halving), tmp_path / 'together').study.get_trials()
    states = {trial.number: trial.state for trial in trials}
    assert set(states.values()) == {TrialState.COMPLETE, TrialState.PRUNED}
    whole = {number: found[number] for number, state in states.items() if state == TrialState.COMPLETE}
    assert equal(whole, {number: expected[number] for number in whole})


@pytest.mark.slow
def test_ctrl_c_leaves_all_trials_to_be_continued(tiny: Callable, tmp_path: Path, acting: Callable) -> None:
    expected = acting()
    undisturbed = search(tiny(), tmp_path / 'undisturbed').study.get_trials()
    steps: list[tuple[int, int]] = []

    def press(runner: Runner) -> None:
        steps.append((trial_of(runner), runner.iter))
        if steps[-1] == (1, 3):  # the first epoch has ended
            signal.raise_signal(signal.SIGINT)

    first = acting(press)
    with pytest.raises(KeyboardInterrupt):
        search(tiny(2), tmp_path / 'disturbed')
    assert first == {} and {number for number, _ in steps} == {0, 1}
    found = acting(lambda runner: steps.append((trial_of(runner), runner.iter)))
    steps.clear()
    trials = search(tiny(2), tmp_path / 'disturbed').study.get_trials()
    assert [trial.user_attrs[END] for trial in trials[:2]] == ['interrupted'] * 2
    assert [trial.user_attrs.get(CONTINUES) for trial in trials] == [None, None, 0, 1, None]
    assert steps[:2] == [(0, 2), (1, 2)]  # from the checkpoints of the first epoch
    assert [trial.values for trial in trials[2:]] == [trial.values for trial in undisturbed]
    assert list(found) == [0, 1, 4]  # by the numbers of the first ones
    assert equal(dict(enumerate(found.values())), expected)


def test_a_mistake_stops_all_and_leaves_them_to_be_continued(tiny: Callable, tmp_path: Path, acting: Callable) -> None:
    def mistake(runner: Runner) -> None:
        if trial_of(runner) == 0 and runner.iter == 1:
            raise UserError('data root: not there')

    acting(mistake)
    with pytest.raises(UserError, match=r'^data root: not there$'):
        search(tiny(3), tmp_path)
    acting()
    trials = search(tiny(3), tmp_path).study.get_trials()
    assert [trial.user_attrs[END] for trial in trials[:3]] == [
        'interrupted: data root: not there',
        *['interrupted'] * 2,
    ]
    assert [trial.user_attrs.get(CONTINUES) for trial in trials] == [None] * 3 + [0, 1, 2]
    assert {trial.state for trial in trials[3:]} == {TrialState.COMPLETE}


def test_an_error_that_nobody_expects_leaves_the_others_to_be_continued(
    tiny: Callable, tmp_path: Path, acting: Callable
) -> None:
    class Vanished(BaseException):
        """As if the process had died."""

    def vanish(runner: Runner) -> None:
        if trial_of(runner) == 1:
            raise Vanished

    acting(vanish)
    cfg = tiny(2)
    worker = Worker(cfg, StudyAddress.of(cfg, tmp_path, study='s'), 3)
    with pytest.raises(Vanished):
        search(cfg, tmp_path)
    trials = worker.study.get_trials()
    assert [trial.state.name for trial in trials] == ['FAIL', 'RUNNING', 'WAITING']
    assert trials[0].user_attrs[END] == 'interrupted' and trials[2].user_attrs[CONTINUES] == 0


def test_teachers_are_trained_where_a_signal_is_heard(tiny: Callable, tmp_path: Path, acting: Callable) -> None:
    threads: dict[str, list[bool]] = {}

    def note(runner: Runner) -> None:
        names = ','.join(runner.model.nodes)
        threads.setdefault(names, []).append(threading.current_thread() is threading.main_thread())
        if names == 'teacher' and len(threads[names]) == 3:
            signal.raise_signal(signal.SIGINT)
            pytest.fail('went on')

    cut, through = dict(cutoff=dict(type='CutoffGate')), dict(through=dict(type='ThroughGate'))
    space = {
        'model.edges.label->net2.gate': cut,
        'model.edges.net1->net2.gate': cut,
        'model.edges.net2->net1.gate': dict(through, linear=dict(type='LinearGate')),
        'model.edges.label->net1.gate': through,
    }
    acting(note)
    cfg = tiny(2, trials=2, space=space)
    with pytest.raises(KeyboardInterrupt):
        search(cfg, tmp_path)
    threads['teacher'].append(False)  # so that it is not disturbed again
    acting(note)
    trials = search(cfg, tmp_path).study.get_trials()
    assert [trial.state.name for trial in trials] == ['FAIL', 'COMPLETE', 'COMPLETE']
    assert threads == {'teacher': [True, True, True, False, True, True], 'net1,net2': [False] * 8}


def test_a_worker_of_several_processes_has_one_at_a_time(tiny: Callable, tmp_path: Path) -> None:
    cfg = tiny(2)
    message = 'search.trials_per_worker: must be 1 where a worker is several processes, got 2'
    with pytest.raises(ConfigError, match=f'^{re.escape(message)}$'):
        Worker(cfg, StudyAddress.of(cfg, tmp_path, study='s'), 3, launcher='pytorch')
    assert not list(tmp_path.iterdir())
