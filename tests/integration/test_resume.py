"""A run that is killed and resumed ends as the uninterrupted one."""

import copy
import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from ktg_mm.checkpoints import latest_checkpoint

pytestmark = pytest.mark.slow

Same = Callable[..., None]

EPOCHS = 7
ITERATIONS_PER_EPOCH = 6

CONFIG = f"""
pipeline = [
    dict(type='SeedRandom'),
    dict(type='PadRandomCrop', crop_size=8, padding=1),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackInputs'),
]
train_dataloader = dict(
    batch_size=32,
    num_workers=2,
    persistent_workers=True,
    dataset=dict(indices={32 * ITERATIONS_PER_EPOCH}, pipeline=pipeline),
)
model = dict(
    nodes=dict(
        net2=dict(network=dict(backbone=dict(drop_path_rate=0.2))),
        net3=dict(network=dict(backbone=dict(dropout=0.3))),
        average=dict(type='NetworkNode', network=_base_.resnet8),
    ),
    edges={{
        'net1->average': dict(type='EMAEdge', decay=0.9),
        'average->net2': dict(loss=dict(type='KLDivergence'), gate=dict(type='SineGate', frequency=1.0, phase=0.5)),
    }},
)
train_cfg = dict(max_epochs={EPOCHS})
param_scheduler = dict(end={EPOCHS})
custom_hooks = _base_.custom_hooks + [dict(type='Killer')]
"""


def moments(seed: int) -> list[str]:
    """Nine moments within iterations and one during a save, in the order of the run."""
    rng = np.random.default_rng(seed)
    iterations = rng.choice(EPOCHS * ITERATIONS_PER_EPOCH, size=9, replace=False)
    saved = int(rng.integers(2, EPOCHS + 1))
    places = [(float(i), f'iteration:{i}:{rng.random():.3f}') for i in iterations]
    places.append((saved * ITERATIONS_PER_EPOCH - 0.5, f'save:epoch_{saved}'))
    return [moment for _, moment in sorted(places)]


def content(work_dir: Path) -> dict:
    """What a run has come to: weights, momentum, schedule, training curves.

    A checkpoint is written before its epoch's validation, so a resumed run lacks that one in its validation curves.
    """
    checkpoint = torch.load(work_dir / f'epoch_{EPOCHS}.pth', weights_only=True)
    curves = checkpoint['message_hub']['log_scalars']
    return dict(
        state_dict=checkpoint['state_dict'],
        optimizer=checkpoint['optimizer'],
        schedulers=checkpoint['param_schedulers'],
        curves={name: curve for name, curve in curves.items() if 'time' not in name and 'val/' not in name},
    )


@pytest.fixture(scope='module')
def config(write_config: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp('resume') / 'config.py'
    return write_config(path, 'ktg/ens_3node_digits.py', CONFIG, plugins=('killer',))


@pytest.fixture(scope='module')
def uninterrupted(tools, config: Path) -> dict:
    tools.run('train.py', config, '--work-dir', config.parent / 'uninterrupted')
    return content(config.parent / 'uninterrupted')


def test_killed_ten_times(tools, config: Path, tmp_path: Path, uninterrupted: dict, same: Same) -> None:
    folder = tmp_path / 'killed'
    epochs_after_kills = []
    for moment in moments(seed=0):
        tools.run('train.py', config, '--work-dir', folder, '--resume', status=-signal.SIGKILL, KILL_AT=moment)
        checkpoint = latest_checkpoint(folder)
        if checkpoint is not None:
            torch.load(checkpoint, weights_only=True)
        epochs_after_kills.append(int(checkpoint.stem.removeprefix('epoch_')) if checkpoint else 0)
        if moment.startswith('save'):
            unfinished = int(moment.split('_')[1])
            assert epochs_after_kills[-1] == unfinished - 1
            (half,) = folder.glob(f'.epoch_{unfinished}.pth.*')
            assert 0 < half.stat().st_size < checkpoint.stat().st_size
    assert len(epochs_after_kills) == 10
    assert epochs_after_kills == sorted(epochs_after_kills) and len(set(epochs_after_kills)) > 3
    tools.run('train.py', config, '--work-dir', folder, '--resume')
    same(content(folder), uninterrupted)


def test_a_run_from_its_begin_to_its_end(
    tools, fails: Callable[..., str], config: Path, tmp_path: Path, uninterrupted: dict, same: Same
) -> None:
    folder, slow = tmp_path / 'run', tmp_path / 'slow'
    slow.touch()
    arguments = (config, '--work-dir', folder)
    pid = tools.start('train.py', *arguments, PRELOAD='slow_steps', SLOW_WHILE=str(slow))
    while not (folder / 'epoch_1.pth').exists():
        time.sleep(0.05)
    for resume in ([], ['--resume']):  # a second one at the same time
        line = fails('train.py', *arguments, *resume)
        assert line.startswith(f'--work-dir {folder}: is in use by process {pid} on {socket.gethostname()}; ')
    tools.run('test.py', config, folder / 'epoch_1.pth', '--work-dir', folder)
    os.kill(pid, signal.SIGTERM)
    process = tools.wait(pid)
    assert process.returncode == 130 and 'Traceback' not in process.stderr
    assert process.stderr.splitlines()[-1] == f'interrupted; a resumed run goes on from {latest_checkpoint(folder)}'
    tools.run('train.py', *arguments, '--resume')
    same(content(folder), uninterrupted)

    again = tools.run('train.py', *arguments, '--resume')
    assert f'{folder}: the run is finished; its last checkpoint is {folder}/epoch_{EPOCHS}.pth\n' in again.stdout
    assert ' - epoch ' not in again.stdout
    longer = (*arguments, '--cfg-options', f'train_cfg.max_epochs={EPOCHS + 1}')
    line = fails('train.py', *longer, '--resume')
    assert f'/epoch_{EPOCHS}.pth: train_cfg.max_epochs: {EPOCHS} -> {EPOCHS + 1}; put it back' in line
    tools.run('train.py', *longer, '--resume-changed')
    assert (folder / f'epoch_{EPOCHS + 1}.pth').exists()
    assert not (folder / 'earlier').exists()

    tools.run('train.py', *arguments, '--cfg-options', 'train_cfg.max_epochs=1')
    (place,) = (folder / 'earlier').iterdir()
    assert [path.name for path in folder.glob('epoch_*.pth')] == ['epoch_1.pth']
    assert [path.name for path in place.glob('epoch_*.pth')] == [f'epoch_{EPOCHS + 1}.pth']


def test_number_of_workers(tools, config: Path, tmp_path: Path, uninterrupted: dict, same: Same) -> None:
    options = ['train_dataloader.num_workers=0', 'train_dataloader.persistent_workers=False']
    tools.run('train.py', config, '--work-dir', tmp_path / 'alone', '--cfg-options', *options)
    same(content(tmp_path / 'alone'), uninterrupted)


def test_the_comparison_sees_one_bit(uninterrupted: dict, same: Same) -> None:
    state = copy.deepcopy(uninterrupted['state_dict'])
    state['nodes.net1.network.head.fc.bias'].view(torch.int32)[0] ^= 1
    with pytest.raises(AssertionError, match=r'state_dict.nodes.net1.network.head.fc.bias: differs'):
        same(uninterrupted | dict(state_dict=state), uninterrupted)
