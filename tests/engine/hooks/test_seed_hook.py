import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ktg_mm.engine.hooks import SeedHook, seed_hook

DROPOUT = dict(type='StackedLinearClsHead', num_classes=10, in_channels=16, mid_channels=[32], dropout_rate=0.5)
CHANGES = {
    'train_cfg.max_epochs': 3,
    'param_scheduler.end': 3,
    'default_hooks.checkpoint.max_keep_ckpts': -1,
    'model.nodes.net1.network.head': dict(DROPOUT, _delete_=True),
}


def draws(iteration, seed=0):
    SeedHook().before_train_iter(SimpleNamespace(seed=seed, iter=iteration), 0)
    return random.random(), float(np.random.rand()), float(torch.rand(1))


def test_what_is_drawn_depends_on_seed_iteration_and_process_alone(monkeypatch):
    first = draws(3)
    assert draws(3) == first
    assert draws(3, seed=None) == first  # no seed counts as 0
    monkeypatch.setattr(seed_hook, 'get_rank', lambda: 1)
    other_process = draws(3)
    for other in (other_process, draws(4), draws(3, seed=1), draws(0, seed=3)):
        assert all(a != b for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize(
    ('device', 'told'), [('cpu', []), ('cuda', ['torch.cuda.manual_seed_all']), ('npu', ['torch.manual_seed'])]
)
def test_only_the_device_of_the_run_is_told(monkeypatch, device, told):
    calls = []
    monkeypatch.setattr(seed_hook, 'get_device', lambda: device)
    for name in ('torch.manual_seed', 'torch.cuda.manual_seed_all'):
        monkeypatch.setattr(name, lambda seed, name=name: calls.append((name, seed)))
    draws(3)
    assert [name for name, _ in calls] == told
    assert {seed for _, seed in calls} <= {torch.default_generator.initial_seed()}


def test_torch_draws_as_after_its_own_seed():
    draws(3)
    found = torch.rand(5)
    torch.manual_seed(torch.default_generator.initial_seed())
    torch.rand(1)
    assert torch.equal(found, torch.rand(5))


def trained(runner):
    """Trains; returns the dropout masks by iteration, and the final weights."""
    masks = {}
    dropout = next(module for module in runner.model.modules() if isinstance(module, torch.nn.Dropout))

    def keep(module, args, output):
        if module.training:
            masks[runner.iter] = output != 0

    dropout.register_forward_hook(keep)
    runner.train()
    return masks, runner.model.state_dict()


@pytest.mark.parametrize('epoch', [1, 2])
def test_a_resumed_run_draws_what_the_uninterrupted_one_drew(tiny_runner, tmp_path, epoch):
    masks, weights = trained(tiny_runner(CHANGES))
    checkpoint = tmp_path / f'run/epoch_{epoch}.pth'
    resumed_masks, resumed_weights = trained(tiny_runner(CHANGES, work_dir='other', resume=str(checkpoint)))
    assert list(masks) == list(range(12))
    assert list(resumed_masks) == list(range(4 * epoch, 12))
    assert not torch.equal(masks[10], masks[11])
    for iteration, mask in resumed_masks.items():
        assert torch.equal(mask, masks[iteration]), iteration
    for name, weight in weights.items():
        assert torch.equal(weight, resumed_weights[name]), name
