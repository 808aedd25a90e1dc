import pytest
import torch

from ktg_mm.engine.capture import CapturedStep, obstacle, switch
from ktg_mm.errors import ConfigError

FUSED = {'optim_wrapper.optimizer.fused': True}
CAPTURED = {'env_cfg.capture': True}
ODD = {'train_dataloader.dataset.indices': 74, 'train_dataloader.drop_last': False}  # 16, 16, 16, 16, 10


@pytest.fixture
def recorders(monkeypatch, capture, recorder_class):
    """Lets a run believe that there is a GPU; the recorders that stand in for those of CUDA graphs."""
    found = []

    def captured_step(recorder, say):
        recorder.captured = CapturedStep(recorder, say)
        found.append(recorder)
        return recorder.captured

    monkeypatch.setattr(switch, 'CudaRecorder', recorder_class)
    monkeypatch.setattr(switch, 'CapturedStep', captured_step)
    monkeypatch.setattr(switch, 'obstacle', lambda runner: None)
    return found


def trained(runner):
    if runner.model.captured is not None:
        runner.model.captured.recorder.graph = runner.model
    runner.train()
    return runner.model.state_dict()


def test_a_run(tiny_runner, recorders):
    """With all hooks, a last batch of another size and a schedule: the same bits as step by step."""
    expected = trained(tiny_runner(FUSED | ODD, 'plain'))
    assert not recorders
    found = trained(runner := tiny_runner(ODD | CAPTURED, 'captured'))
    torch.testing.assert_close(found, expected, rtol=0, atol=0)
    assert recorders[0].steps == ['watch', 'record', *['replay'] * 6]
    assert all(isinstance(group['lr'], float) for group in runner.optim_wrapper.param_groups)


def test_a_resumed_run(tiny_runner, recorders, tmp_path):
    kept = ODD | CAPTURED | {'default_hooks.checkpoint.max_keep_ckpts': -1}
    whole = trained(tiny_runner(kept, 'whole'))
    resumed = trained(tiny_runner(kept, 'resumed', resume=str(tmp_path / 'whole/epoch_1.pth')))
    torch.testing.assert_close(resumed, whole, rtol=0, atol=0)
    assert [recorder.steps.count('record') for recorder in recorders] == [1, 1]


def test_by_default_there_is_none(tiny_runner, recorders):
    assert tiny_runner().model.captured is None
    assert tiny_runner({'env_cfg.capture': 'auto'}).model.captured is not None


def test_there_is_none_without_a_gpu(tiny_runner):
    assert obstacle(tiny_runner()) == 'there is no GPU'


def test_it_is_refused_where_it_cannot_be(tiny_runner):
    with pytest.raises(ConfigError, match=r'env_cfg\.capture: must be False: there is no GPU$'):
        tiny_runner({'env_cfg.capture': True})


@pytest.mark.parametrize(
    ('changes', 'reason'),
    [
        ({'optim_wrapper.accumulative_counts': 2}, 'optim_wrapper.accumulative_counts is above 1'),
        ({'compile': True}, 'compile has the step'),
        ({'env_cfg.compile': True}, 'compile has the step'),
        ({'optim_wrapper.optimizer': dict(_delete_=True, type='Adagrad', lr=0.1)}, 'Adagrad with these arguments'),
    ],
)
def test_what_cannot_be_recorded(tiny_runner, changes, reason):
    assert reason in obstacle(tiny_runner(changes))


def test_it_is_said_where_it_is_wanted_if_possible(tiny_runner, monkeypatch):
    runner = tiny_runner({'optim_wrapper.accumulative_counts': 2})
    said = []
    monkeypatch.setattr(runner.logger, 'info', said.append)
    switch.switch_capture(runner)
    assert said == []
    runner.cfg.env_cfg.capture = 'auto'
    switch.switch_capture(runner)
    assert said == ['Steps are not recorded as a CUDA graph: optim_wrapper.accumulative_counts is above 1']
