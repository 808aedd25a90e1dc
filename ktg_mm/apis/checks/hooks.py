"""Checks how the values of a hook fit one another, and the run around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.config import Config
from mmengine.hooks import (
    CheckpointHook,
    DistSamplerSeedHook,
    EMAHook,
    IterTimerHook,
    LoggerHook,
    ParamSchedulerHook,
    PrepareTTAHook,
    ProfilerHook,
    RuntimeInfoHook,
)
from mmengine.runner.priority import Priority, get_priority
from mmpretrain.engine import (
    DenseCLHook,
    PrepareProtoBeforeValLoopHook,
    SetAdaptiveMarginsHook,
    SwAVHook,
    SwitchRecipeHook,
    VisualizationHook,
)
from mmpretrain.registry import MODELS, VISUALIZERS

from ktg_mm.config.signatures import arguments_of
from ktg_mm.config.type_check import check_type, class_of
from ktg_mm.config.value_check import check_values, fits
from ktg_mm.errors import ConfigError, did_you_mean

from .entries import check_entries
from .loop_type import counts_iterations
from .sharing import nodes_that_share

_OF_OTHER_MODELS = (DenseCLHook, PrepareProtoBeforeValLoopHook, PrepareTTAHook, SetAdaptiveMarginsHook, SwAVHook)
_DEFAULT_HOOKS = {
    'runtime_info': RuntimeInfoHook,
    'timer': IterTimerHook,
    'sampler_seed': DistSamplerSeedHook,
    'logger': LoggerHook,
    'param_scheduler': ParamSchedulerHook,
    'checkpoint': CheckpointHook,
}


def check_hook(cfg: Config, part: Mapping[str, Any], found: type, path: str) -> None:
    """Checks a hook; arguments as for :func:`.fitting.check_fitting`."""
    if issubclass(found, _OF_OTHER_MODELS):
        raise ConfigError(f'{path}.type', f'{found.__name__} is not for graphs, but for a model of its own; remove it')
    # That the others are of their kind, required_hooks sees to.
    own = {name: _DEFAULT_HOOKS[name] for name in ('timer', 'logger', 'checkpoint')}.get(path[len('default_hooks.') :])
    for name, kind in _DEFAULT_HOOKS.items():
        if own is not None and issubclass(found, kind) and not issubclass(kind, own):
            raise ConfigError(f'{path}.type', f'{found.__name__} belongs into default_hooks.{name}')
    for kind, check in _CHECKS.items():
        if issubclass(found, kind):
            check(cfg, part, found, path)


def _visualization(cfg: Config, part: Mapping[str, Any], found: type, path: str) -> None:
    visualizer = class_of(VISUALIZERS, {'type': 'UniversalVisualizer', **(cfg.get('visualizer') or {})})
    known = {*arguments_of(found)[0], *arguments_of(getattr(visualizer, 'visualize_cls', None) or found)[0]}
    for name in part:
        if name not in ('type', '_scope_', *known):
            raise ConfigError(path, f'{found.__name__} has no argument {name!r}; {did_you_mean(name, known)}')


def _checkpoints(cfg: Config, part: Mapping[str, Any], found: type, path: str) -> None:
    if part.get('by_epoch') and 'max_iters' in (cfg.get('train_cfg') or {}):
        raise ConfigError(f'{path}.by_epoch', 'must be False in a loop over iterations, which has no epochs that end')
    template = part.get('filename_tmpl')
    if template is not None and template.format(1) == template.format(2):
        raise ConfigError(f'{path}.filename_tmpl', f"must have a place for the epoch's number, {{}}, got {template!r}")
    rest = arguments_of(found)[0]
    for name in part:
        if name not in ('type', '_scope_', *rest):
            raise ConfigError(path, f'{found.__name__} has no argument {name!r}; {did_you_mean(name, rest)}')
    if part.get('interval', -1) == -1 and not part.get('save_last', True) and not part.get('save_best'):
        raise ConfigError(f'{path}.interval', 'is -1, save_last False, save_best not set: nothing is saved')
    if part.get('interval', -1) != -1 and part.get('by_epoch', True) and counts_iterations(cfg):
        raise ConfigError(f'{path}.by_epoch', 'must be False in a loop over iterations, else only its end is saved')


def _averages(cfg: Config, part: Mapping[str, Any], found: type, path: str) -> None:
    if part.get('begin_iter') and part.get('begin_epoch'):
        raise ConfigError(f'{path}.begin_epoch', 'cannot be given beside begin_iter')
    loop = cfg.get('train_cfg') or {}
    if part.get('begin_epoch') and 'max_iters' in loop:
        raise ConfigError(f'{path}.begin_epoch', 'is never reached in a loop over iterations; give begin_iter')
    for begin, end in (('begin_epoch', 'max_epochs'), ('begin_iter', 'max_iters')):
        length = loop.get(end)
        if fits(length, int) and part.get(begin, 0) > length:
            raise ConfigError(f'{path}.{begin}', f'must be at most {end} = {length}, got {part[begin]}')
    own = arguments_of(found)[0]
    average = {key: value for key, value in part.items() if key not in (*own, 'type', '_scope_')}
    kind = check_type(
        dict(type=part.get('ema_type', 'ExponentialMovingAverage')), MODELS, f'{path}.ema_type', 'moving average'
    )
    known = [name for name in arguments_of(kind)[0] if name != 'model']
    for name in average:
        if name not in known:
            raise ConfigError(path, f'{kind.__name__} has no argument {name!r}; {did_you_mean(name, known)}')
    check_values(kind, average, path)
    if part.get('update_buffers') and (sharing := nodes_that_share(cfg)):
        raise ConfigError(
            f'{path}.update_buffers',
            f'must be False: what {sharing[0]!r} shares would move twice in a step; the average then has the batch '
            'statistics of the model',
        )


def _profiler(cfg: Config, part: Mapping[str, Any], found: type, path: str) -> None:
    ready = part.get('on_trace_ready')
    kinds = ('log_trace', 'tb_trace')
    if isinstance(ready, Mapping) and ready.get('type') not in kinds:
        needed = ' or '.join(map(repr, kinds))
        raise ConfigError(f'{path}.on_trace_ready.type', f'must be {needed}, got {ready.get("type")!r}')
    for name, value in (part.get('schedule') or {}).items():
        if not fits(value, int) or value < (name == 'active'):
            raise ConfigError(f'{path}.schedule.{name}', f'must be a whole number, at least 0, got {value!r}')


def _recipes(cfg: Config, part: Mapping[str, Any], found: type, path: str) -> None:
    recipes, mixes = part['schedule'], (cfg.get('data_preprocessor') or {}).get('batch_augments') is not None
    if not isinstance(recipes, (list, tuple)):
        raise ConfigError(f'{path}.schedule', f'must be a list of dicts such as dict(action_epoch=9), got {recipes!r}')
    for i, recipe in enumerate(recipes):
        inner = f'{path}.schedule[{i}]'
        if isinstance(recipe, Mapping) and 'loss' in recipe:
            raise ConfigError(f'{inner}.loss', "cannot be switched: a graph's losses are those of its edges")
        check_entries(recipe, inner, ('action_epoch', 'train_pipeline', 'batch_augments'), needed=('action_epoch',))
        if not fits(epoch := recipe['action_epoch'], int) or epoch < 1:
            raise ConfigError(f'{inner}.action_epoch', f'must be a whole number above 0, got {epoch!r}')
        if recipe.get('batch_augments') is not None and not mixes:
            raise ConfigError(f'{inner}.batch_augments', 'needs data_preprocessor.batch_augments to begin with')


_CHECKS = {
    VisualizationHook: _visualization,
    CheckpointHook: _checkpoints,
    EMAHook: _averages,
    ProfilerHook: _profiler,
    SwitchRecipeHook: _recipes,
}


def check_priority(hook: Mapping[str, Any], path: str) -> None:
    """Refuses a hook's ``priority`` that mmengine does not know."""
    if (priority := hook.get('priority')) is None:
        return
    try:
        if isinstance(priority, bool):
            raise ValueError
        get_priority(priority)
    except (KeyError, TypeError, ValueError):
        names = ', '.join(one.name for one in Priority)
        raise ConfigError(
            f'{path}.priority', f'must be a whole number from 0 to 100 or one of {names}, got {priority!r}'
        ) from None
