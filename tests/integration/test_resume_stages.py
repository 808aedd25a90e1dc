"""A run of stages is killed in one of them and between two, resumed, and ends as if it was not."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from ktg_mm.checkpoints import latest_checkpoint

pytestmark = pytest.mark.slow

# An epoch has three iterations; the second stage has two epochs, the others one.
CONFIG = """
train_dataloader = dict(batch_size=32, dataset=dict(indices=96))
train_cfg = dict(max_epochs=1)
param_scheduler = dict(end=1)
stages = [
    _base_.stages[0],
    dict(_base_.stages[1], train_cfg=dict(max_epochs=2), param_scheduler=dict(end=2)),
    _base_.stages[2],
]
custom_hooks = _base_.custom_hooks + [dict(type='Killer')]
"""
ENDS = dict(gen0='epoch_1', gen1='epoch_2', gen2='epoch_1')


def content(folder: Path) -> dict:
    """What the stages have come to: weights, momentum, schedule, training curves."""
    ends = {}
    for name, end in ENDS.items():
        checkpoint = torch.load(folder / name / f'{end}.pth', weights_only=True)
        curves = checkpoint['message_hub']['log_scalars']
        ends[name] = {part: checkpoint[part] for part in ('state_dict', 'optimizer', 'param_schedulers')}
        ends[name]['curves'] = {key: curves[key] for key in curves if 'time' not in key and 'val/' not in key}
    return ends


@pytest.fixture(scope='module')
def config(write_config: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp('stages') / 'config.py'
    return write_config(path, 'born_again/ban_digits.py', CONFIG, plugins=('killer',))


@pytest.fixture(scope='module')
def uninterrupted(tools, config: Path) -> dict:
    tools.run('train.py', config, '--work-dir', config.parent / 'uninterrupted')
    return content(config.parent / 'uninterrupted')


def test_killed_in_each_stage(
    tools, config: Path, tmp_path: Path, uninterrupted: dict, same: Callable[..., None]
) -> None:
    folder = tmp_path / 'killed'
    arguments = (config, '--work-dir', folder, '--resume')
    # In the first one; in the second epoch, which the second one alone has; while this one saves its end; in the last.
    for moment, begun in [('iteration:1:0.5', 1), ('iteration:4:0.5', 2), ('save:epoch_2', 2), ('iteration:2:0.5', 3)]:
        tools.run('train.py', *arguments, status=-signal.SIGKILL, KILL_AT=moment)
        assert len(list(folder.glob('gen?'))) == begun
    assert latest_checkpoint(folder / 'gen1').stem == 'epoch_2' and latest_checkpoint(folder / 'gen2') is None
    process = tools.run('train.py', *arguments)
    for name in ('gen0', 'gen1'):
        last = f'{folder}/{name}/{ENDS[name]}.pth'
        assert f'{folder}/{name}: the stage is finished; its last checkpoint is {last}\n' in process.stdout
    assert 'gen2: the stage is finished' not in process.stdout
    same(content(folder), uninterrupted)
    assert not list(folder.glob('gen?/earlier'))


def test_ended_between_two_stages(
    tools, config: Path, tmp_path: Path, uninterrupted: dict, same: Callable[..., None]
) -> None:
    """By a signal that comes while nothing is trained: the first stage has ended, the second is being built."""
    folder = tmp_path / 'between'
    pid = tools.start('train.py', config, '--work-dir', folder, '--seed', 0)
    while not (folder / 'gen0/finished.json').exists():
        time.sleep(0.005)
    os.killpg(pid, signal.SIGKILL)
    assert tools.wait(pid).returncode == -signal.SIGKILL
    assert latest_checkpoint(folder / 'gen1') is None
    tools.run('train.py', config, '--work-dir', folder, '--resume')
    same(content(folder), uninterrupted)


def test_two_processes_go_through_the_stages_together(tools, config: Path, tmp_path: Path) -> None:
    arguments = (config, '--work-dir', tmp_path / 'two', '--cfg-options', 'train_dataloader.batch_size=16')
    tools.run_two('train.py', *arguments)
    assert all((tmp_path / 'two' / name / f'{end}.pth').exists() for name, end in ENDS.items())
    both = tools.run_two('train.py', *arguments, '--resume')
    said = [line for process in both for line in process.stdout.splitlines() if 'the stage is finished' in line]
    assert [Path(line.split(': ')[0]).name for line in said] == ['gen0', 'gen1', 'gen2']


def test_the_tools_take_a_stage(tools, config: Path, tmp_path: Path, uninterrupted: dict, accuracies) -> None:
    folder = config.parent / 'uninterrupted'
    options = ('--work-dir', tmp_path / 'test')
    first = tools.run('test.py', config, folder / 'gen0/epoch_1.pth', '--stage', 'gen0', *options)
    last = tools.run('test.py', config, folder / 'gen2/epoch_1.pth', *options)
    assert accuracies(first.stdout)['net'] == accuracies(last.stdout)['first']
    assert sorted(path.name for path in (tmp_path / 'test').iterdir()) == ['config.py', 'gen0', 'gen2']
    # So does the config that a stage leaves in its folder.
    own = tools.run('test.py', folder / 'gen0/config.py', folder / 'gen0/epoch_1.pth', '--work-dir', tmp_path / 'own')
    assert accuracies(own.stdout) == accuracies(first.stdout)
    tools.run('draw_graph.py', config, '--out', tmp_path / 'graph.svg')
    assert 'ensemble_3' in (tmp_path / 'graph.svg').read_text()
    tools.run('draw_graph.py', config, '--stage', 'gen0', '--out', tmp_path / 'first.svg')
    assert 'teacher' not in (tmp_path / 'first.svg').read_text()
    assert 'stages=[' in tools.run('print_config.py', config).stdout
    assert 'stages=[' not in tools.run('print_config.py', config, '--stage', 'gen1').stdout
