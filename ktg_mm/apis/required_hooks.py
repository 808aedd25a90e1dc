"""The hooks that a graph needs, whatever a config lists."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.config import Config
from mmengine.hooks import DistSamplerSeedHook, Hook, ParamSchedulerHook, SyncBuffersHook
from mmpretrain.registry import HOOKS

from ktg_mm.config.type_check import class_of
from ktg_mm.engine.hooks import (
    AskedNodesHook,
    ClassCountHook,
    FastResumeHook,
    GraphRuntimeInfoHook,
    ProgressHook,
    SampleCountHook,
    SeedHook,
    SyncBeforeSaveHook,
    ValidateOnResumeHook,
)
from ktg_mm.errors import ConfigError

from .checks.loop_type import counts_iterations

# By their key among mmengine's default hooks, with what would go wrong without them.
_DEFAULT_HOOKS: dict[str, tuple[type[Hook], str]] = {
    'runtime_info': (GraphRuntimeInfoHook, 'a loss that is not finite would pass'),
    'sampler_seed': (DistSamplerSeedHook, 'all epochs would have one order of images'),
    'param_scheduler': (ParamSchedulerHook, 'the learning rate would not move'),
}
_CUSTOM_HOOKS: tuple[type[Hook], ...] = (
    ProgressHook,  # tells the gates how far the run is
    SeedHook,  # a resumed run draws what the uninterrupted one would have drawn
    ClassCountHook,
    SampleCountHook,
    FastResumeHook,  # a resumed loop over iterations does not load again the batches that it has had
    ValidateOnResumeHook,  # a run may have been killed between an epoch's checkpoint and its validation
    AskedNodesHook,
    SyncBuffersHook,  # averages batch-norm statistics over the processes
)
_HOOKS_OF_ITERATIONS = (SyncBeforeSaveHook,)  # the same before a checkpoint between two validations


def add_required_hooks(cfg: Config) -> None:
    """Puts the hooks that a graph needs into a config, before its own; those that it has, or a subclass of, stay.

    Without them gates would not hear of the run's progress, nothing would be seeded again on resuming, and processes
    would keep batch-norm statistics of their own. mmengine's ``RuntimeInfoHook`` becomes ``GraphRuntimeInfoHook``.

    Args:
        cfg: The config of a run; ``custom_hooks`` and ``default_hooks`` are changed.

    Raises:
        ConfigError: If one of mmengine's default hooks that a graph needs is None or of another class, or the lists of
            hooks are none.

    Example:
        >>> cfg = Config(dict(custom_hooks=[dict(type='SeedHook')]))
        >>> add_required_hooks(cfg)
        >>> [hook.type for hook in cfg.custom_hooks][:2], cfg.custom_hooks[-1].type
        (['ProgressHook', 'ClassCountHook'], 'SeedHook')
        >>> cfg.default_hooks.runtime_info
        {'type': 'GraphRuntimeInfoHook'}
    """
    default, custom = hook_lists(cfg)
    listed = [_class(hook) for hook in (*default.values(), *custom) if isinstance(hook, Mapping)]

    def is_listed(needed: type[Hook]) -> bool:
        return any(issubclass(cls, needed) for cls in listed)

    added = {}
    for name, (needed, reason) in _DEFAULT_HOOKS.items():
        if is_listed(needed):
            continue
        if name in default and _class(hook := default[name] or {}) not in needed.__bases__:
            problem = f'must be of type {needed.__name__}, got {hook.get("type")!r}: {reason} without it'
            raise ConfigError(f'default_hooks.{name}', problem)
        added[name] = dict(type=needed.__name__)
    cfg.default_hooks = dict(default, **added)
    needed_hooks = _CUSTOM_HOOKS + (_HOOKS_OF_ITERATIONS if counts_iterations(cfg) else ())
    missing = [dict(type=needed.__name__) for needed in needed_hooks if not is_listed(needed)]
    cfg.custom_hooks = [*missing, *custom]


def hook_lists(cfg: Config) -> tuple[Mapping[str, Any], Sequence[Any]]:
    """A config's ``default_hooks`` and ``custom_hooks``, none where it has none.

    Raises:
        ConfigError: If the one is no dict or the other no list.
    """
    default, custom = cfg.get('default_hooks'), cfg.get('custom_hooks')
    if not isinstance(default := {} if default is None else default, Mapping):
        raise ConfigError('default_hooks', f'must be a dict such as dict(logger=dict(interval=10)), got {default!r}')
    if not isinstance(custom := [] if custom is None else custom, (list, tuple)):
        raise ConfigError('custom_hooks', f'must be a list of hooks such as [dict(type=...)], got {custom!r}')
    return default, custom


def _class(hook: Mapping[str, Any]) -> type:
    """The class of a hook's config; that of nothing if there is none."""
    found = class_of(HOOKS, hook) if hook.get('type') else None
    return found if inspect.isclass(found) else type(None)
