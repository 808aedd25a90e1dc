import re

import pytest

from ktg_mm.engine.hooks.epoch_line_hook import epoch_metrics

NO_VALIDATION = dict.fromkeys(('val_dataloader', 'val_evaluator', 'val_cfg')) | {
    'default_hooks.checkpoint.save_best': None
}


@pytest.fixture
def lines(tiny_runner, capsys):
    """What a run shows of its epochs; and the Runner."""

    def train(changes=None, **options):
        runner = tiny_runner(changes, **options)
        capsys.readouterr()
        runner.train()
        printed = [line.partition(' - INFO - ')[2] for line in capsys.readouterr().out.splitlines()]
        return [line for line in printed if re.match('epoch|iteration', line)], runner

    return train


def test_epochs(lines):
    shown, runner = lines()
    hub = runner.message_hub
    accuracies = [hub.get_scalar(f'val/{node}/accuracy/top1').data[0] for node in ('net1', 'net2')]
    loss = hub.get_scalar('train/loss').data[0]  # two readings an epoch
    assert len(loss) == 4
    for epoch, line in enumerate(shown):
        first, second = (values[epoch] for values in accuracies)
        start = f'epoch {epoch + 1}/2  loss {loss[2 * epoch : 2 * epoch + 2].mean():.4f}  accuracy/top1:  '
        assert line.startswith(f'{start}net1 {first:5.2f}  net2 {second:5.2f}')
    assert len(shown) == 2
    assert re.search(r'  \d:\d\d:\d\d left$', shown[0]) and 'left' not in shown[1]


def test_epochs_of_which_one_is_validated(lines):
    shown, _ = lines({'train_cfg.max_epochs': 3, 'train_cfg.val_interval': 2, 'train_cfg.val_begin': 2})
    assert [line.split('  ')[0] for line in shown] == ['epoch 1/3', 'epoch 2/3', 'epoch 3/3']
    assert ['accuracy' in line for line in shown] == [False, True, True] and all(' loss ' in line for line in shown)


def test_epochs_without_validation(lines):
    shown, _ = lines(NO_VALIDATION)
    assert [line.split('  ')[0] for line in shown] == ['epoch 1/2', 'epoch 2/2']


def test_a_run_that_goes_on(lines):
    lines({'train_cfg.max_epochs': 1})
    shown, _ = lines(resume=True, resume_changed=True)
    # It validates again what it goes on from, as it may have been killed before.
    assert shown[0].startswith('epoch 1/2  accuracy/top1:  net1 ')
    assert shown[1].startswith('epoch 2/2  loss ') and len(shown) == 2


def test_iterations(lines, iteration_config):
    shown, _ = lines(iteration_config)
    assert [re.match(r'iteration (\d)/6  loss [\d.]+  accuracy/top1:  net1 ', line)[1] for line in shown] == ['3', '6']


def test_iterations_without_validation(lines, iteration_config):
    iteration_config['train_cfg'].pop('val_interval')
    shown, _ = lines({**iteration_config, **NO_VALIDATION})
    assert [line.split('  ')[0] for line in shown] == ['iteration 2/6', 'iteration 4/6', 'iteration 6/6']


def test_metrics_of_one_kind_are_shown():
    metrics = {'a/ece': 0.03125, 'a/accuracy/top1': 90.0, 'b/ece': 0.5, 'b/matrix': [[1]], 'time': 0.1}
    assert epoch_metrics(metrics) == ['ece:', 'a 0.0312', 'b 0.5000']
    assert epoch_metrics({'time': 0.1}) == []
