"""The parts of a config around the graph: where they are, what they are, and where their classes are registered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mmengine.registry import Registry
from mmpretrain.registry import (
    DATA_SAMPLERS,
    DATASETS,
    HOOKS,
    LOG_PROCESSORS,
    LOOPS,
    METRICS,
    MODEL_WRAPPERS,
    MODELS,
    OPTIM_WRAPPERS,
    OPTIMIZERS,
    PARAM_SCHEDULERS,
    TRANSFORMS,
    VISBACKENDS,
    VISUALIZERS,
)

from ktg_mm.config.phases import optimizer_phases, phases_beside_optimizer, wrapper_of_phase
from ktg_mm.errors import ConfigError

from .entries import check_entries
from .phases import schedule_phases

# Steps of a pipeline whose arguments name steps of other libraries.
_FOREIGN = ('Albu', 'Albumentations')


class Part(NamedTuple):
    """One part of a config."""

    path: str
    cfg: Any
    registry: Registry
    what: str


def parts(cfg: Mapping[str, Any]) -> Iterator[Part]:
    """Each part of a config, those within others after them; the loaders' own entries are none.

    Raises:
        ConfigError: If a list that holds parts is none.
    """
    if 'model' in cfg:
        yield Part('model', cfg['model'], MODELS, 'model')
    yield from _entries(cfg, 'data_preprocessor', MODELS, 'data preprocessor')
    yield from _entries(cfg, 'model_wrapper_cfg', MODEL_WRAPPERS, 'model wrapper')
    yield from _optimizer_parts(cfg.get('optim_wrapper'))
    if schedules := schedule_phases(cfg):
        for phase in schedules:
            yield from _entries(schedules, phase, PARAM_SCHEDULERS, 'scheduler', 'param_scheduler.')
    else:
        yield from _entries(cfg, 'param_scheduler', PARAM_SCHEDULERS, 'scheduler')
    for name in ('train', 'val', 'test'):
        yield from _entries(cfg, f'{name}_cfg', LOOPS, 'loop')
        yield from _loader_parts(cfg, f'{name}_dataloader')
        yield from metric_parts(cfg, f'{name}_evaluator')
    for name, hook in (cfg.get('default_hooks') or {}).items():
        if hook is not None:
            yield Part(f'default_hooks.{name}', hook, HOOKS, 'hook')
    yield from _entries(cfg, 'custom_hooks', HOOKS, 'hook')
    yield from _entries(cfg, 'visualizer', VISUALIZERS, 'visualizer')
    if isinstance(visualizer := cfg.get('visualizer'), Mapping):
        yield from _entries(visualizer, 'vis_backends', VISBACKENDS, 'backend of a visualizer', 'visualizer.')
    yield from _entries(cfg, 'log_processor', LOG_PROCESSORS, 'log processor')


def _entries(cfg: Mapping[str, Any], key: str, registry: Registry, what: str, path: str = '') -> Iterator[Part]:
    """The part under a key, or the parts of a list there."""
    part = cfg.get(key)
    if isinstance(part, (list, tuple)):
        for i, entry in enumerate(part):
            yield Part(f'{path}{key}[{i}]', entry, registry, what)
    elif part is not None:
        yield Part(f'{path}{key}', part, registry, what)


def _optimizer_parts(optim_wrapper: Any) -> Iterator[Part]:
    """The wrapper and its optimiser; of phases what they have in common first."""
    if beside := phases_beside_optimizer(optim_wrapper):
        raise ConfigError(
            'optim_wrapper.optimizer',
            f'stands beside phases with optimisers of their own; set optim_wrapper.{beside[0]}.optimizer, or leave out '
            f'{", ".join(beside)}',
        )
    if not (phases := optimizer_phases(optim_wrapper)):
        if optim_wrapper is not None:
            yield Part('optim_wrapper', optim_wrapper, OPTIM_WRAPPERS, 'optim_wrapper')
        if isinstance(optim_wrapper, Mapping):
            yield Part('optim_wrapper.optimizer', optim_wrapper.get('optimizer'), OPTIMIZERS, 'optimizer')
        return
    for name, entry in phases.items():
        if 'type' in entry and 'optimizer' not in entry:
            raise ConfigError(
                'optim_wrapper',
                f"unknown entry {name!r}; did you mean 'optimizer'? A phase is a dict(optimizer=dict(type=...))",
            )
    common = {name: value for name, value in optim_wrapper.items() if name not in phases}
    yield Part('optim_wrapper', common, OPTIM_WRAPPERS, 'optim_wrapper')
    for phase, entry in phases.items():
        path = f'optim_wrapper.{phase}'
        check_entries(entry, path, ('optimizer', 'paramwise_cfg', 'clip_grad'), needed=('optimizer',))
        yield Part(path, wrapper_of_phase(optim_wrapper, phase), OPTIM_WRAPPERS, 'optim_wrapper')
        yield Part(f'{path}.optimizer', entry['optimizer'], OPTIMIZERS, 'optimizer')


def metric_parts(cfg: Mapping[str, Any], key: str) -> Iterator[Part]:
    """The metrics of an evaluator of a config, those of nodes before the one that they compute."""
    for path, metric, registry, what in _entries(cfg, key, METRICS, 'metric'):
        if isinstance(metric, Mapping) and 'metrics' in metric and metric.get('type', 'Evaluator') == 'Evaluator':
            yield from _entries(metric, 'metrics', METRICS, 'metric', f'{path}.')
            continue
        yield Part(path, metric, registry, what)
        if isinstance(metric, Mapping):
            yield from _entries(metric, 'metric', METRICS, 'metric', f'{path}.')


def _loader_parts(cfg: Mapping[str, Any], name: str) -> Iterator[Part]:
    if (loader := cfg.get(name)) is not None:
        yield from _entries(loader, 'sampler', DATA_SAMPLERS, 'sampler', f'{name}.')
        yield from _entries(loader, 'batch_sampler', DATA_SAMPLERS, 'batch sampler', f'{name}.')
        yield from _data_set_parts(loader.get('dataset'), f'{name}.dataset')


def _data_set_parts(dataset: Any, path: str) -> Iterator[Part]:
    """A data set, its pipeline, and the data sets that it wraps."""
    if dataset is None or not isinstance(dataset, (Mapping, str)):
        return
    yield Part(path, dataset, DATASETS, 'data set')
    if isinstance(dataset, str):
        return
    steps = dataset.get('pipeline')
    if steps is not None and not isinstance(steps, (list, tuple)):
        raise ConfigError(f'{path}.pipeline', f'must be a list of steps, got {steps!r}')
    yield from _steps(steps or (), f'{path}.pipeline')
    yield from _data_set_parts(dataset.get('dataset'), f'{path}.dataset')
    for key in ('dataset', 'datasets'):
        inner = dataset.get(key)
        for i, one in enumerate(inner if isinstance(inner, (list, tuple)) else ()):
            yield from _data_set_parts(one, f'{path}.{key}[{i}]')


def _steps(value: Any, path: str) -> Iterator[Part]:
    """The steps of a pipeline, and those within their arguments, such as the views of Views or RandAugment's."""
    for i, step in enumerate(value):
        inner = f'{path}[{i}]'
        if isinstance(step, (list, tuple)):
            yield from _steps(step, inner)
        elif not callable(step):
            yield Part(inner, step, TRANSFORMS, 'step of a pipeline')
            yield from _steps_within(step, inner)


def _steps_within(step: Any, path: str) -> Iterator[Part]:
    kind = step.get('type') if isinstance(step, Mapping) else None
    if not isinstance(kind, str) or kind in _FOREIGN or '/' in kind:
        return
    for key, value in step.items():
        if kind == 'Views' and key not in ('type', '_scope_') and not isinstance(value, (list, tuple)):
            needed = 'list of steps' if isinstance(value, Mapping) else 'dict'
            raise ConfigError(f'{path}.{key}', f'must be a {needed}, got {value!r}')
        if isinstance(value, Mapping) and 'type' in value:
            yield Part(f'{path}.{key}', value, TRANSFORMS, 'step of a pipeline')
            yield from _steps_within(value, f'{path}.{key}')
        elif isinstance(value, (list, tuple)) and (kind == 'Views' or any(map(_is_step, value))):
            yield from _steps(value, f'{path}.{key}')


def _is_step(value: Any) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, (list, tuple)) and any(map(_is_step, value)))
