"""A run with ensembles that learn, a trunk, and losses of features is killed and resumed, and ends as if it was not."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from ktg_mm.checkpoints import latest_checkpoint

pytestmark = pytest.mark.slow

# OKDDip with a gate and fused maps beside it, a regression and a memory: an epoch has three iterations.
CONFIG = """
train_dataloader = dict(batch_size=32, dataset=dict(indices=96))
model = dict(
    nodes=dict(
        gated=dict(type='GatedEnsembleNode', members=['net1', 'net2', 'net3'], layer='backbone.layer1'),
        fused=dict(type='FusionEnsembleNode', members=['net1', 'net2']),
    ),
    edges={
        'label->gated': dict(loss=dict(type='CrossEntropy')),
        'fused->net2': dict(loss=dict(type='KLDivergence'), detach=False),
        'net1->leader': dict(loss=dict(type='FitNets')),
        'net2->leader': dict(loss=dict(type='CRD', num_samples=96, num_negatives=16), weight=0.8),
        'net1->net2:diversity': dict(loss=dict(type='ClassifierDiversity'), weight=1e-4, detach=False),
    },
)
custom_hooks = _base_.custom_hooks + [dict(type='Killer')]
"""
EPOCHS = 'train_cfg = dict(max_epochs=2)\nparam_scheduler = dict(end=2)\n'
ITERATIONS = """
train_cfg = dict(_delete_=True, by_epoch=False, max_iters=8, val_interval=8)
param_scheduler = dict(by_epoch=False, convert_to_iter_based=False, end=8)
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=2), logger=dict(interval=2))
log_processor = dict(by_epoch=False)
"""


def content(path: Path) -> dict:
    """Weights and memories, momentum, schedule, training curves."""
    checkpoint = torch.load(path, weights_only=True)
    curves = checkpoint['message_hub']['log_scalars']
    return dict(
        state_dict=checkpoint['state_dict'],
        optimizer=checkpoint['optimizer'],
        schedulers=checkpoint['param_schedulers'],
        curves={name: curve for name, curve in curves.items() if 'time' not in name and 'val/' not in name},
    )


@pytest.mark.parametrize(
    ('loop', 'killed', 'left', 'end'),
    [
        (EPOCHS, 'iteration:4:0.5', 'epoch_1', 'epoch_2'),
        pytest.param(ITERATIONS, 'iteration:5:0.5', 'iter_4', 'iter_8', marks=pytest.mark.long),
    ],
    ids=['in an epoch', 'between iterations of an epoch'],
)
def test_killed_and_resumed(
    tools, write_config: Callable[..., Path], tmp_path: Path, same: Callable[..., None], loop, killed, left, end
) -> None:
    path = write_config(tmp_path / 'c.py', 'multi_branch/okddip_digits.py', CONFIG + loop, plugins=('killer',))
    tools.run('train.py', path, '--work-dir', tmp_path / 'whole')
    folder = tmp_path / 'killed'
    tools.run('train.py', path, '--work-dir', folder, status=-signal.SIGKILL, KILL_AT=killed)
    assert latest_checkpoint(folder).stem == left
    before = torch.load(folder / f'{left}.pth', weights_only=True)['state_dict']
    tools.run('train.py', path, '--work-dir', folder, '--resume')
    expected = content(tmp_path / 'whole' / f'{end}.pth')
    same(content(folder / f'{end}.pth'), expected)
    names = ('query', 'gate.0', 'fusion.0.conv', 'regressors.0.0', 'target_memory', 'log_z', 'backbone.layer1')
    assert all(any(name in key for key in expected['state_dict']) for name in names)
    for name in names[:5]:  # it has learnt since
        (key, *_) = (key for key in before if name in key)
        assert not torch.equal(before[key], expected['state_dict'][key])
