import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import CheckpointHook
from mmpretrain.registry import HOOKS
from torch.serialization import get_unsafe_globals_in_checkpoint

from ktg_mm.apis.checkpoint_hooks import add_safe_loading, use_safe_checkpoints
from ktg_mm.errors import ConfigError

SAFE, USUAL = 'SafeCheckpointHook', 'CheckpointHook'
# What a config that begins without our defaults has: the hooks that mmengine adds, or the usual one by its name.
WITHOUT_OURS = [
    {'default_hooks.checkpoint': dict(_delete_=True, type=USUAL, interval=1, max_keep_ckpts=1)},
    {'default_hooks.checkpoint': dict(_delete_=True, type=f'mmengine.{USUAL}')},
    {'default_hooks.checkpoint': None, 'custom_hooks': [dict(type=USUAL, interval=1)]},
    {'default_hooks.checkpoint': dict(_delete_=True, type=USUAL), 'custom_hooks': [dict(type=USUAL, interval=1)]},
    {'default_hooks': dict(_delete_=True, logger=dict(type='LoggerHook'))},
    {'default_hooks.checkpoint': dict(_delete_=True, type='OwnCheckpointHook', interval=1)},
]


@pytest.fixture
def own_hook():
    """A user's own hook, as his file might register it."""
    HOOKS.register_module('OwnCheckpointHook', module=type('OwnCheckpointHook', (CheckpointHook,), {}))
    yield
    HOOKS.module_dict.pop('OwnCheckpointHook')


@pytest.mark.parametrize('changes', WITHOUT_OURS)
def test_whatever_hook_saves_can_be_resumed_and_tested(tiny_runner, tmp_path, own_hook, changes):
    tiny_runner({**changes, 'train_cfg.max_epochs': 1}).train()
    path = tmp_path / 'run/epoch_1.pth'
    assert get_unsafe_globals_in_checkpoint(path) == []
    assert tiny_runner(changes, work_dir='other', load_from=str(path), trains=False).test()
    resumed = tiny_runner(changes, resume=True, resume_changed=True)
    resumed.train()
    assert (resumed.epoch, resumed.iter) == (2, 8)
    assert (tmp_path / 'run/epoch_2.pth').exists()


def test_two_hooks_save_the_same(tiny_runner, tmp_path):
    tiny_runner({'custom_hooks': [dict(type=USUAL, interval=1, out_dir=str(tmp_path / 'second'))]}).train()
    first, second = (torch.load(tmp_path / f'{name}/epoch_2.pth', weights_only=True) for name in ('run', 'second/run'))
    assert first['message_hub']['log_scalars'].keys() == second['message_hub']['log_scalars'].keys()


@pytest.mark.parametrize(
    ('hooks', 'expected'),
    [
        (dict(default_hooks=dict(checkpoint=dict(type=SAFE, interval=3))), [dict(type=SAFE, interval=3)]),
        (dict(default_hooks=None), [dict(type=SAFE, interval=1)]),
        ({}, [dict(type=SAFE, interval=1)]),
        (dict(default_hooks=dict(checkpoint=None)), [dict(type=SAFE, save_last=False)]),
        (
            dict(default_hooks=dict(checkpoint=dict(type=CheckpointHook, save_best='a'))),
            [dict(type=SAFE, save_best='a')],
        ),
        (dict(default_hooks=dict(checkpoint=None), custom_hooks=(dict(type=SAFE),)), [dict(type=SAFE)]),
    ],
)
def test_one_hook_is_ours(hooks, expected):
    cfg = Config(hooks)
    use_safe_checkpoints(cfg)
    add_safe_loading(cfg)
    used = [hook for hook in (*cfg.default_hooks.values(), *cfg.custom_hooks) if hook is not None]
    assert used == expected


@pytest.mark.parametrize('hooks', [dict(default_hooks=[1]), dict(custom_hooks=dict(type=USUAL)), dict(custom_hooks=3)])
def test_what_is_no_list_of_hooks_is_refused(hooks):
    with pytest.raises(ConfigError, match=rf'^{next(iter(hooks))}: must be a '):
        use_safe_checkpoints(Config(hooks))
