import copy
import signal

import pytest
import torch
from mmengine.hooks import Hook

from ktg_mm.apis.training import train_runner

MOMENTS = ['before_train_iter', 'after_train_iter']


class Interrupt(Hook):
    """Raises a signal in a run's iteration."""

    def __init__(self, number, at, moment='before_train_iter', times=1):
        self.number, self.at, self.times = number, at, times
        setattr(self, moment, self.raise_signal)

    def raise_signal(self, runner, *args, **kwargs):
        if runner.iter == self.at:
            for _ in range(self.times):
                signal.raise_signal(self.number)


@pytest.fixture(autouse=True)
def terminated_as_interrupted():
    """What one_line_errors does for the tools."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def interrupted(tiny_runner):
    """Runs until a signal; returns what the user reads."""

    def run(changes, *args, **options):
        runner = tiny_runner(copy.deepcopy(changes), resume=True)
        runner.register_hook(Interrupt(*args, **options), priority='VERY_LOW')
        with pytest.raises(KeyboardInterrupt) as caught:
            train_runner(runner)
        assert signal.getsignal(signal.SIGINT) is signal.getsignal(signal.SIGTERM) is signal.default_int_handler
        return str(caught.value)

    return run


def weights(path):
    return torch.load(path, weights_only=True)['state_dict']


@pytest.mark.parametrize(('number', 'moments'), [(signal.SIGINT, MOMENTS), (signal.SIGTERM, MOMENTS[::-1])])
def test_a_loop_over_iterations_saves_and_ends_as_if_uninterrupted(
    tiny_runner, interrupted, tmp_path, iteration_config, number, moments
):
    changes = {**iteration_config, 'train_dataloader.num_workers': 2}
    changes['default_hooks.checkpoint'] |= dict(interval=100)
    train_runner(tiny_runner(copy.deepcopy(changes), work_dir='whole'))
    for at, there, moment in zip((1, 3), (2, 4), moments, strict=True):
        line = interrupted(changes, number, at, moment)
        assert line == f'a resumed run goes on from {tmp_path}/run/iter_{there}.pth'
        assert [path.name for path in (tmp_path / 'run').glob('*.pth')] == [f'iter_{there}.pth']
    train_runner(tiny_runner(changes, resume=True))
    expected = weights(tmp_path / 'whole/iter_6.pth')
    assert all(torch.equal(expected[name], value) for name, value in weights(tmp_path / 'run/iter_6.pth').items())


def test_what_was_due_is_saved_once(interrupted, tmp_path, iteration_config, monkeypatch):
    saved = []
    monkeypatch.setattr(torch, 'save', lambda *args, **options: saved.append(1))
    interrupted(iteration_config, signal.SIGTERM, 2)
    assert len(saved) == 1


def test_a_loop_over_epochs_ends_at_once(interrupted, tmp_path):
    assert interrupted({}, signal.SIGTERM, 2) == 'no checkpoint has been saved yet'
    line = interrupted({}, signal.SIGTERM, 6)
    assert line == f'a resumed run goes on from {tmp_path}/run/epoch_1.pth'
    assert [path.name for path in (tmp_path / 'run').glob('*.pth')] == ['epoch_1.pth']


def test_the_second_signal_ends_at_once(interrupted, tmp_path, iteration_config):
    assert interrupted(iteration_config, signal.SIGINT, 1, times=2) == 'no checkpoint has been saved yet'


def test_gradients_that_make_one_step_are_waited_for(interrupted, tmp_path, iteration_config):
    changes = {**iteration_config, 'optim_wrapper.accumulative_counts': 2}
    line = interrupted(changes, signal.SIGINT, 0, 'after_train_iter')
    assert line == f'a resumed run goes on from {tmp_path}/run/iter_2.pth'


@pytest.mark.parametrize('moment', ['before_val', 'before_test', 'before_train'])
def test_outside_of_an_iteration_it_acts_at_once(interrupted, tmp_path, iteration_config, moment):
    at = dict(before_val=3, before_test=6, before_train=0)[moment]
    saved = f'a resumed run goes on from {tmp_path}/run/iter_{at}.pth' if at else 'no checkpoint has been saved yet'
    assert interrupted(iteration_config, signal.SIGTERM, at, moment) == saved


def test_a_signal_that_is_ignored_stays_so(tiny_runner, iteration_config, tmp_path):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as nohup does in the background
    try:
        runner = tiny_runner(iteration_config)
        runner.register_hook(Interrupt(signal.SIGINT, 2))
        train_runner(runner)
    finally:
        signal.signal(signal.SIGINT, before)
    assert runner.iter == 6
