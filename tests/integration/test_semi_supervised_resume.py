"""A semi-supervised run that is killed and resumed ends as the uninterrupted one."""

import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from ktg_mm.checkpoints import latest_checkpoint

pytestmark = pytest.mark.slow

ITERATIONS = 24  # a pass over the unlabelled samples has 9
EVERY = 4

CONFIG = f"""
dropout = dict(_base_.wrn10_1.backbone, dropout=0.3)
train_dataloader = dict(num_workers=2, persistent_workers=True)
model = dict(
    target='ema',
    views=dict(
        adversarial=dict(type='AdversarialView', node='net2', of='weak', eps=0.5),
        turned=dict(type='RotatedView', node='net1', of='weak'),
        mixed=dict(
            type='MixedView', node='net1', of=['weak', 'strong'], guess=['weak'], align=dict(momentum=0.9)
        ),
    ),
    nodes=dict(
        net2=dict(type='NetworkNode', network=dict(_base_.wrn10_1, backbone=dropout)),
        ema=dict(type='NetworkNode', network=_base_.resnet8),
    ),
    edges={{
        'label->net2': _base_.label,
        'net1->ema': dict(type='EMAEdge', decay=0.9),
        'net1->net1': dict(gate=dict(_delete_=True, type='FlexMatchGate', num_samples=190, threshold=0.3)),
        'net2->net2': dict(gate=dict(type='FreeMatchGate', momentum=0.9), **_base_.weak_to_strong),
        'net2->net2:fairness': dict(
            loss=dict(type='SelfAdaptiveFairness', momentum=0.9),
            weight=0.01,
            views=dict(source='weak', target='strong'),
            samples='unlabeled',
        ),
        'net1->net2': dict(gate=dict(type='SoftMatchGate', momentum=0.9), **_base_.weak_to_strong),
        'net1->net1:sim': dict(
            loss=dict(type='SimMatch', num_labels=40, threshold=0.3, embed_dims=8, warm_up=0.1),
            align=dict(length=3),
            views=dict(source='weak', target='strong'),
            samples='unlabeled',
        ),
        'net2->net2:co': dict(
            loss=dict(type='CoMatch', queue_size=60, other_view='weak', threshold=0.3, embed_dims=8, warm_up=0.1),
            views=dict(source='weak', target='strong'),
            samples='unlabeled',
        ),
        'net1->net1:rotation': dict(
            loss=dict(type='Rotation'), views=dict(source='turned', target='turned'), samples='unlabeled'
        ),
        'label->net2:mixed': dict(loss=dict(type='CrossEntropy'), views=dict(target='mixed')),
        'label->net2:guessed': dict(
            loss=dict(type='ProbabilityMSE'), views=dict(target='mixed'), samples='unlabeled', weight=10.0
        ),
        'net2->net1:vat': dict(
            loss=dict(type='KLDivergence'), views=dict(source='weak', target='adversarial'), samples='unlabeled'
        ),
    }},
)
train_cfg = dict(max_iters={ITERATIONS}, val_interval=12)
param_scheduler = dict(end={ITERATIONS})
default_hooks = dict(checkpoint=dict(interval={EVERY}), logger=dict(interval={EVERY}))
custom_hooks = _base_.custom_hooks + [dict(type='Killer')]
"""

# Three epochs of nine iterations.
EPOCHS = """
train_dataloader = dict(sampler=dict(infinite=False))
train_cfg = dict(_delete_=True, by_epoch=True, max_epochs=3, val_interval=1)
param_scheduler = dict(end=27)
default_hooks = dict(checkpoint=dict(by_epoch=True, interval=1))
log_processor = dict(by_epoch=True)
"""


def moments(seed: int) -> list[str]:
    """Five moments within iterations and one during a save, in the order of the run."""
    rng = np.random.default_rng(seed)
    iterations = rng.choice(ITERATIONS, size=5, replace=False)
    saved = EVERY * int(rng.integers(2, ITERATIONS // EVERY + 1))
    places = [(float(i), f'iteration:{i}:{rng.random():.3f}') for i in iterations]
    places.append((saved - 0.5, f'save:iter_{saved}'))
    return [moment for _, moment in sorted(places)]


def content(path: Path) -> dict:
    """What a run has come to: weights, the gates' states, momentum, schedule, training curves."""
    checkpoint = torch.load(path, weights_only=True)
    curves = checkpoint['message_hub']['log_scalars']
    return dict(
        state_dict=checkpoint['state_dict'],
        optimizer=checkpoint['optimizer'],
        schedulers=checkpoint['param_schedulers'],
        curves={name: curve for name, curve in curves.items() if 'time' not in name and 'val/' not in name},
    )


@pytest.fixture(scope='module')
def config(write_config: Callable[..., Path], semi_supervised: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp('semi_supervised_resume') / 'config.py'
    return write_config(path, semi_supervised, CONFIG, plugins=('killer',))


@pytest.fixture(scope='module')
def uninterrupted(tools, config: Path) -> dict:
    tools.run('train.py', config, '--work-dir', config.parent / 'uninterrupted')
    return content(config.parent / 'uninterrupted' / f'iter_{ITERATIONS}.pth')


def test_every_part_has_a_state(uninterrupted: dict) -> None:
    # Else the tests below would say nothing of it.
    state = uninterrupted['state_dict']
    selected = state['edges.net1->net1.gate.selected']
    assert 0 < (selected >= 0).sum() < len(selected) == 190
    for name in ('net2->net2.gate.threshold.time_p', 'net2->net2:fairness.losses.0.threshold.time_p'):
        assert state[f'edges.{name}'] > 0.11
    assert 8 < (state['edges.net1->net1:sim.losses.0.classes'] >= 0).sum() <= 40
    assert state['edges.net1->net1:sim.align.count'] == ITERATIONS
    assert state['edges.net2->net2:co.losses.0.count'] > 60 and state['edges.net2->net2:co.losses.0.queue'].all()
    assert state['edges.net1->net2.gate.mean'] > 0.11 and state['edges.net1->net2.gate.alignment.started']
    assert state['views.mixed.align.started'] and (state['views.mixed.align.mean'] - 0.1).abs().max() > 1e-3
    name = 'network.head.fc.weight'
    assert not torch.equal(state[f'nodes.ema.{name}'], state[f'nodes.net1.{name}'])
    curves = uninterrupted['curves']
    for edge in ('net1->net1', 'net2->net2', 'net2->net2:fairness', 'net1->net2', 'label->net2:guessed'):
        assert len(curves[f'train/edge/{edge}']['values']) >= ITERATIONS // EVERY
        assert curves[f'train/edge/{edge}']['values'].abs().max() > 0


@pytest.mark.long
def test_killed_six_times(tools, config: Path, tmp_path: Path, uninterrupted: dict, same: Callable[..., None]) -> None:
    folder = tmp_path / 'killed'
    iterations_after_kills = []
    for moment in moments(seed=0):
        tools.run('train.py', config, '--work-dir', folder, '--resume', status=-signal.SIGKILL, KILL_AT=moment)
        checkpoint = latest_checkpoint(folder)
        iterations_after_kills.append(int(checkpoint.stem.removeprefix('iter_')) if checkpoint else 0)
        if moment.startswith('save'):
            unfinished = int(moment.split('_')[1])
            assert iterations_after_kills[-1] == unfinished - EVERY
            assert len(list(folder.glob(f'.iter_{unfinished}.pth.*'))) == 1
    assert iterations_after_kills == sorted(iterations_after_kills) and len(set(iterations_after_kills)) > 3
    tools.run('train.py', config, '--work-dir', folder, '--resume')
    same(content(folder / f'iter_{ITERATIONS}.pth'), uninterrupted)


def test_number_of_workers(tools, config: Path, tmp_path: Path, uninterrupted: dict, same: Callable[..., None]) -> None:
    options = ['train_dataloader.num_workers=0', 'train_dataloader.persistent_workers=False']
    tools.run('train.py', config, '--work-dir', tmp_path, '--cfg-options', *options)
    same(content(tmp_path / f'iter_{ITERATIONS}.pth'), uninterrupted)


def test_epochs(
    tools, write_config: Callable[..., Path], config: Path, tmp_path: Path, same: Callable[..., None]
) -> None:
    epochs = write_config(tmp_path / 'config.py', str(config), EPOCHS)
    tools.run('train.py', epochs, '--work-dir', tmp_path / 'whole')
    folder = tmp_path / 'killed'
    tools.run('train.py', epochs, '--work-dir', folder, status=-signal.SIGKILL, KILL_AT='iteration:14:0.5')
    assert latest_checkpoint(folder).name == 'epoch_1.pth'
    tools.run('train.py', epochs, '--work-dir', folder, '--resume')
    same(content(folder / 'epoch_3.pth'), content(tmp_path / 'whole' / 'epoch_3.pth'))
