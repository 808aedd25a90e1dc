"""Trials that are trained in a stack end as they would alone, and those that do not fit in are trained all the same."""

import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS

from ktg_mm.errors import ConfigError, UserError
from ktg_mm.models.stack import StackedGraphs
from ktg_mm.search import StudyAddress, Worker, run_search
from ktg_mm.search.study.retries import END

Weights = dict[int, dict[str, torch.Tensor]]
IN_TURN = 'search.stack: a trial is trained in turn, '


@HOOKS.register_module()
class StackTestHook(Hook):
    """Calls a function of the test before each step, and keeps the weights and momenta that trials end with."""

    action: Callable[[Runner], None] = staticmethod(lambda runner: None)
    ended: Weights = {}
    losses: dict[int, list[float]] = {}

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        type(self).action(runner)

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        self.losses.setdefault(trial_of(runner), []).append(float(outputs['loss']))

    def after_train(self, runner: Runner) -> None:
        momenta = runner.optim_wrapper.optimizer.state_dict()['state']
        found = {f'momentum {i}': one['momentum_buffer'] for i, one in momenta.items() if 'momentum_buffer' in one}
        found |= runner.model.state_dict()
        self.ended[trial_of(runner)] = {name: value.clone() for name, value in found.items()}


def trial_of(runner: Runner) -> int:
    return int(Path(runner.work_dir).name)


class Searches:
    """Searches, and what their trials did."""

    def __init__(self, make: Callable[..., Config], monkeypatch: pytest.MonkeyPatch) -> None:
        self._make, self.patch = partial(make, hooks=('StackTestHook',)), monkeypatch
        self.sizes: list[int] = []  # of the stacks, by step
        step = StackedGraphs.step

        def counted(stack: StackedGraphs, data: dict) -> Any:
            self.sizes.append(len(stack.indices))
            return step(stack, data)

        monkeypatch.setattr(StackedGraphs, 'step', counted)

    def make(self, number: int, **options: Any) -> Config:
        """A config of graphs that all have both networks."""
        cfg = self._make(number, stack=True, **options)
        cfg.search.space['model.edges.*.gate'].pop('cutoff')
        return cfg

    def run(self, cfg: Config, folder: Path, action: Callable[[Runner], None] = lambda runner: None) -> Worker:
        self.ended, self.losses = {}, {}
        self.sizes.clear()
        for name, value in dict(action=staticmethod(action), ended=self.ended, losses=self.losses).items():
            self.patch.setattr(StackTestHook, name, value)
        return run_search(cfg, StudyAddress.of(cfg, folder, study='s'))

    def alone(self, cfg: Config, folder: Path) -> tuple[Weights, dict[int, list[float]], list[Any]]:
        """The weights, losses and values of the trials of a search that has one under way at a time."""
        cfg = cfg.copy()
        cfg.search = dict(cfg.search, stack=False, trials_per_worker=1)
        values = [trial.values for trial in self.run(cfg, folder).study.get_trials()]
        return self.ended, self.losses, values


@pytest.fixture
def searches(two_networks: Callable[..., Config], monkeypatch: pytest.MonkeyPatch) -> Searches:
    return Searches(two_networks, monkeypatch)


def near(found: Weights, expected: Weights) -> None:
    """Each tensor as a whole, as rounding, which differs by CPU, switches single units; trials are a tenth apart."""
    assert found.keys() == expected.keys()
    for number, state in expected.items():
        assert found[number].keys() == state.keys()
        for name, value in state.items():
            distance = (found[number][name] - value).double().norm()
            assert distance <= 2e-2 * value.double().norm() + 1e-5, (number, name)


@pytest.mark.slow
@pytest.mark.filterwarnings('error:Detected call of')
def test_all_end_as_they_would_alone(searches: Searches, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """With other gates and learning rates, and schedules of them; two begin once three have ended."""
    cfg = searches.make(3, trials=5)
    cfg.search.space['optim_wrapper.optimizer.lr'] = dict(low=0.01, high=0.1)
    expected, losses, values = searches.alone(cfg, tmp_path / 'alone')
    capsys.readouterr()
    found = [trial.values for trial in searches.run(cfg, tmp_path / 'together').study.get_trials()]
    assert searches.sizes == [3] * 4 + [2] * 4
    assert found == values
    near(searches.ended, expected)
    assert searches.losses == {number: pytest.approx(one, rel=1e-4) for number, one in losses.items()}
    assert 'momentum 0' in expected[0] and IN_TURN not in capsys.readouterr().err


def test_who_fails_leaves_and_the_last_goes_on_alone(searches: Searches, tmp_path: Path) -> None:
    def fail(runner: Runner) -> None:
        if (trial_of(runner), runner.iter) in ((1, 1), (2, 2)):
            raise torch.OutOfMemoryError('CUDA out of memory')

    cfg = searches.make(3)
    expected, _, values = searches.alone(cfg, tmp_path / 'alone')
    trials = searches.run(cfg, tmp_path / 'together', fail).study.get_trials()
    assert [trial.state.name for trial in trials] == ['COMPLETE', 'FAIL', 'FAIL']
    assert trials[0].values == values[0] and searches.sizes == [3, 2]
    near(searches.ended, {0: expected[0]})


@pytest.mark.slow
def test_who_was_interrupted_goes_on_in_a_stack(searches: Searches, tmp_path: Path) -> None:
    def press(runner: Runner) -> None:
        if (trial_of(runner), runner.iter) == (0, 3):
            signal.raise_signal(signal.SIGINT)

    cfg = searches.make(2, trials=2)
    expected, _, values = searches.alone(cfg, tmp_path / 'alone')
    with pytest.raises(KeyboardInterrupt):
        searches.run(cfg, tmp_path / 'together', press)
    trials = searches.run(cfg, tmp_path / 'together').study.get_trials()
    assert [trial.user_attrs[END] for trial in trials] == ['interrupted'] * 2 + ['complete'] * 2
    assert [trial.values for trial in trials[2:]] == values and searches.sizes == [2, 2]
    near(searches.ended, expected)


def test_none_that_can_be_stacked(searches: Searches, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    cfg = searches.make(2, epochs=1)
    cfg.optim_wrapper.optimizer = dict(type='Adam', lr=0.01)
    expected, losses, values = searches.alone(cfg, tmp_path / 'alone')
    capsys.readouterr()
    found = [trial.values for trial in searches.run(cfg, tmp_path / 'together').study.get_trials()]
    assert found == values and searches.losses == losses and searches.sizes == []
    for number, state in expected.items():
        assert all(torch.equal(value, searches.ended[number][name]) for name, value in state.items())
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith(IN_TURN)]
    assert line == f"{IN_TURN}optim_wrapper.optimizer.type: must be 'SGD' in a stack, got 'Adam'"
    assert any(line in path.read_text() for path in (tmp_path / 'together').glob('trials/*/*/*.log'))


@pytest.mark.parametrize(
    ('path', 'choices', 'reason'),
    [
        ('randomness.seed', [0, 1], 'train_dataloader: its batches are not those of the stack'),
        ('model.nodes.net2.network', ['resnet8', 'wrn10_1'], 'model.nodes.net2: is not of one architecture'),
    ],
)
def test_some_that_fit(
    path: str, choices: Any, reason: str, searches: Searches, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    cfg = searches.make(3, epochs=1)
    gates = dict(through=dict(type='ThroughGate'), linear=dict(type='LinearGate'))
    if path.startswith('model'):
        choices = {name: cfg[name] for name in choices}
    cfg.search.space = {'model.edges.net2->net1.gate': gates, path: choices}
    expected, _, values = searches.alone(cfg, tmp_path / 'alone')
    capsys.readouterr()
    found = [trial.values for trial in searches.run(cfg, tmp_path / 'together').study.get_trials()]
    near(searches.ended, expected)
    assert found == values and set(searches.sizes) == {2}
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith(IN_TURN)]
    assert len(lines) == 1 and lines[0].startswith(IN_TURN + reason)


@pytest.mark.slow
def test_a_step_that_takes_too_much_memory(searches: Searches, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    cfg = searches.make(3)
    expected, _, values = searches.alone(cfg, tmp_path / 'alone')
    step, steps = StackedGraphs.step, []

    def fail_in_the_second(stack: StackedGraphs, data: dict) -> Any:
        steps.append(stack)
        if len(steps) == 2:
            raise torch.OutOfMemoryError('CUDA out of memory')
        return step(stack, data)

    searches.patch.setattr(StackedGraphs, 'step', fail_in_the_second)
    capsys.readouterr()
    found = [trial.values for trial in searches.run(cfg, tmp_path / 'together').study.get_trials()]
    assert len(steps) == 2 and found == values
    near(searches.ended, expected)
    assert capsys.readouterr().err.count(f'{IN_TURN}CUDA out of memory') == 1


@pytest.mark.parametrize('capture', [True, 'streams'])
def test_steps_of_a_stack_are_not_recorded(capture: bool | str, searches: Searches, tmp_path: Path) -> None:
    cfg = searches.make(2)
    cfg.env_cfg = dict(cfg.get('env_cfg', {}), capture=capture)
    with pytest.raises(ConfigError, match=rf'^search\.stack: must be False with env_cfg\.capture={capture!r}: '):
        searches.run(cfg, tmp_path)
    assert issubclass(ConfigError, UserError) and not list(tmp_path.iterdir())
