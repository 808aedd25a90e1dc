import pytest
from mmengine.runner import Runner
from mmengine.visualization import LocalVisBackend

from ktg_mm.apis.training import train_runner
from ktg_mm.errors import ConfigError


@pytest.fixture
def tests(monkeypatch):
    """The iterations after which a test has been run."""
    done = []
    test = Runner.test
    monkeypatch.setattr(Runner, 'test', lambda self: (done.append(self.iter), test(self))[1])
    return done


def test_a_test_of_its_own_is_run_once_with_the_last_weights(tiny_runner, tmp_path, tests):
    metrics = train_runner(tiny_runner({'train_cfg.max_epochs': 3}))
    assert tests == [12]
    assert metrics == tiny_runner(work_dir='other', load_from=str(tmp_path / 'run/epoch_3.pth')).test()
    assert metrics.keys() == {'net1/accuracy/top1', 'net2/accuracy/top1'}


def test_the_last_weights_not_the_best(tiny_runner, tmp_path):
    runner = tiny_runner({'default_hooks.checkpoint.save_best': 'net1/accuracy/top1', 'train_cfg.max_epochs': 2})
    tested = []
    runner.model.test_step, test_step = (
        lambda data: (tested.append(weight().clone()), test_step(data))[1],
        runner.model.test_step,
    )

    def weight():
        return runner.model.state_dict()['nodes.net1.network.head.fc.weight']

    train_runner(runner)
    assert len(tested) == 1
    assert tested[0].equal(weight())


@pytest.mark.parametrize(
    'change',
    [{'test_dataloader.dataset.split': 'val'}, {'test_dataloader': None, 'test_evaluator': None, 'test_cfg': None}],
)
def test_no_test_without_data_of_its_own(tiny_runner, tests, change):
    runner = tiny_runner({'train_cfg.max_epochs': 1, **change})
    assert train_runner(runner) == {}
    assert runner.iter == 4
    assert tests == []


def test_a_test_without_validation(tiny_runner, tests):
    nothing = dict.fromkeys(('val_dataloader', 'val_evaluator', 'val_cfg'))
    assert train_runner(tiny_runner({'train_cfg.max_epochs': 1, **nothing})).keys() == {
        'net1/accuracy/top1',
        'net2/accuracy/top1',
    }
    assert tests == [4]


@pytest.mark.parametrize('loader', ['train_dataloader', 'val_dataloader', 'test_dataloader'])
def test_a_loader_without_a_batch(tiny_runner, loader):
    """It would train nothing, or score nothing."""
    runner = tiny_runner({'train_cfg.max_epochs': 1, f'{loader}.batch_size': 5000, f'{loader}.drop_last': True})
    with pytest.raises(ConfigError, match=rf'^{loader}\.drop_last: leaves no batch; .* here \d+ of 5000$'):
        train_runner(runner)
    assert loader != 'train_dataloader' or runner.iter == 0


def test_a_backend_is_closed_once_after_the_test(tiny_runner, monkeypatch):
    """Weights & Biases takes nothing once it is closed."""
    done = []
    monkeypatch.setattr(LocalVisBackend, 'add_scalars', lambda self, numbers, *_, **__: done.extend(numbers))
    monkeypatch.setattr(LocalVisBackend, 'close', lambda self: done.append('closed'))
    train_runner(tiny_runner({'train_cfg.max_epochs': 1}))
    assert done.count('closed') == 1 and done[-2:] == ['test/net2/accuracy/top1', 'closed']
