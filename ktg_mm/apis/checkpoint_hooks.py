"""Every run saves checkpoints that can be loaded again, whatever hooks its config lists."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from mmengine.config import Config
from mmengine.hooks import CheckpointHook
from mmpretrain.registry import HOOKS

from ktg_mm.config import class_of
from ktg_mm.engine.hooks import SafeCheckpointHook

from .required_hooks import hook_lists


def use_safe_checkpoints(cfg: Config) -> None:
    """Puts SafeCheckpointHook, with the same arguments, in the place of every CheckpointHook of mmengine's.

    Also in that of the one which mmengine would add by itself.

    Args:
        cfg: The config of a run, changed in place.

    Raises:
        ConfigError: If its lists of hooks are none.

    Example:
        >>> cfg = Config(dict(default_hooks=dict(checkpoint=dict(type='CheckpointHook', interval=2))))
        >>> use_safe_checkpoints(cfg)
        >>> cfg.default_hooks.checkpoint
        {'type': 'SafeCheckpointHook', 'interval': 2}
    """
    default, custom = hook_lists(cfg)
    hooks = {'checkpoint': dict(type='CheckpointHook', interval=1), **default}
    cfg.default_hooks = {name: _safe(hook) for name, hook in hooks.items()}
    cfg.custom_hooks = [_safe(hook) for hook in custom]


def add_safe_loading(cfg: Config) -> None:
    """Adds a SafeCheckpointHook that saves nothing to a checked config that has none, but one of the user's or none.

    It makes plain what others save, and looks at what is loaded.

    Args:
        cfg: The config of a run, changed in place.

    Example:
        >>> cfg = Config(dict(default_hooks=dict(checkpoint=None), custom_hooks=[]))
        >>> add_safe_loading(cfg)
        >>> cfg.custom_hooks
        [{'type': 'SafeCheckpointHook', 'save_last': False}]
    """
    classes = [_class(hook) for hook in (*cfg.default_hooks.values(), *cfg.custom_hooks)]
    if not any(inspect.isclass(cls) and issubclass(cls, SafeCheckpointHook) for cls in classes):
        cfg.custom_hooks = [*cfg.custom_hooks, dict(type='SafeCheckpointHook', save_last=False)]


def _safe(hook: Any) -> Any:
    return {**hook, 'type': 'SafeCheckpointHook'} if _class(hook) is CheckpointHook else hook


def _class(hook: Any) -> Any:
    return class_of(HOOKS, hook) if isinstance(hook, Mapping) and hook.get('type') else type(hook)
