"""Checks the parts of a config around the graph, before any data are read; the graph checks its own."""

import inspect
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from mmengine.config import Config
from mmengine.registry import Registry
from mmpretrain.registry import (
    DATA_SAMPLERS,
    DATASETS,
    HOOKS,
    LOG_PROCESSORS,
    LOOPS,
    METRICS,
    MODELS,
    OPTIM_WRAPPERS,
    OPTIMIZERS,
    PARAM_SCHEDULERS,
    TRANSFORMS,
    VISUALIZERS,
)
from torch.utils.data import DataLoader

from ktg_mm.config import GraphConfig, check_type
from ktg_mm.config.check_views import check_views
from ktg_mm.datasets.check_dataset import check_dataset
from ktg_mm.errors import ConfigError, did_you_mean

_Part = tuple[str, Any, Registry, str]

# Entries that mmengine takes out before it builds the part, or builds itself.
_LOADER_ENTRIES = {'dataset', 'sampler', 'batch_sampler', 'collate_fn', 'worker_init_fn', 'num_batch_per_epoch'}
_TAKEN_OUT = {
    'optim_wrapper': {'constructor', 'paramwise_cfg'},
    'scheduler': {'convert_to_iter_based'},
    'loop': {'by_epoch'},
    'hook': {'priority'},
}
_DEFAULT_TYPES = {'optim_wrapper': 'OptimWrapper', 'val_cfg': 'ValLoop', 'test_cfg': 'TestLoop'}


def check_config(cfg: Config) -> None:
    """Checks that every part exists under its name, and takes the arguments that it is given.

    Args:
        cfg: The config of a run.

    Raises:
        ConfigError: At the first part that is unknown or is given an argument that it has not.
    """
    randomness = cfg.get('randomness', {})
    if not isinstance(randomness, Mapping):
        raise ConfigError('randomness', f'must be a dict such as dict(seed=0), got {randomness!r}')
    seed = randomness.get('seed')
    if seed is not None and (not isinstance(seed, int) or seed < 0):
        raise ConfigError('randomness.seed', f'must be a whole number, at least 0, got {seed!r}')
    graph: GraphConfig | None = None
    for path, part, registry, what in _parts(cfg):
        if path == 'model' and isinstance(part, Mapping) and part.get('type') == 'KnowledgeTransferGraph':
            graph = GraphConfig(part).check()
        if not isinstance(part, Mapping):
            raise ConfigError(path, f'must be a dict, got {part!r}')
        part = {key: value for key, value in part.items() if key not in _TAKEN_OUT.get(what, ())}
        if path == 'train_cfg':
            by_epoch = cfg.train_cfg.get('by_epoch', True)
            part.setdefault('type', 'EpochBasedTrainLoop' if by_epoch else 'IterBasedTrainLoop')
            for key in ('max_epochs', 'max_iters', 'val_interval'):
                if not isinstance(part.get(key, 1), int) or part.get(key, 1) < 1:
                    raise ConfigError(f'train_cfg.{key}', f'must be a whole number above 0, got {part[key]!r}')
        if path in _DEFAULT_TYPES:
            part.setdefault('type', _DEFAULT_TYPES[path])
        check_type(part, registry, path, what)
        if what == 'metric':
            _check_nodes(part.get('nodes') or (), (cfg.get('model') or {}).get('nodes') or (), f'{path}.nodes')
    if graph is not None:
        check_views(graph, cfg.get('train_dataloader'))


def _check_nodes(named: Iterable[str], known: Collection[str], path: str) -> None:
    """Refuses a metric of nodes that are not there, which would else show at the first validation."""
    for name in named if known else ():
        if name not in known:
            raise ConfigError(path, f'no node is named {name!r}; {did_you_mean(name, known)}')


def _parts(cfg: Config) -> Iterator[_Part]:
    """Each part's path, config, registry, and what it is."""
    if 'model' in cfg:
        yield 'model', cfg.model, MODELS, 'model'
    yield from _entries(cfg, 'optim_wrapper', OPTIM_WRAPPERS, 'optim_wrapper')
    if isinstance(cfg.get('optim_wrapper'), Mapping):
        yield 'optim_wrapper.optimizer', cfg.optim_wrapper.get('optimizer'), OPTIMIZERS, 'optimizer'
    yield from _entries(cfg, 'param_scheduler', PARAM_SCHEDULERS, 'scheduler')
    for name in ('train', 'val', 'test'):
        yield from _entries(cfg, f'{name}_cfg', LOOPS, 'loop')
        yield from _loader_parts(cfg, f'{name}_dataloader')
        for path, metric, *rest in _entries(cfg, f'{name}_evaluator', METRICS, 'metric'):
            yield path, metric, *rest
            if isinstance(metric, Mapping):
                yield from _entries(metric, 'metric', METRICS, 'metric', f'{path}.')
    for name, hook in (cfg.get('default_hooks') or {}).items():
        if hook is not None:
            yield f'default_hooks.{name}', hook, HOOKS, 'hook'
    yield from _entries(cfg, 'custom_hooks', HOOKS, 'hook')
    yield from _entries(cfg, 'visualizer', VISUALIZERS, 'visualizer')
    yield from _entries(cfg, 'log_processor', LOG_PROCESSORS, 'log processor')


def _entries(cfg: Mapping[str, Any], key: str, registry: Registry, what: str, path: str = '') -> Iterator[_Part]:
    """The part under a key, or the parts of a list there."""
    part = cfg.get(key)
    if isinstance(part, (list, tuple)):
        for i, entry in enumerate(part):
            yield f'{path}{key}[{i}]', entry, registry, what
    elif part is not None:
        yield f'{path}{key}', part, registry, what


def _loader_parts(cfg: Config, name: str) -> Iterator[_Part]:
    loader = cfg.get(name)
    if loader is None:
        return
    if not isinstance(loader, Mapping):
        raise ConfigError(name, f'must be a dict, got {loader!r}')
    known = {*inspect.signature(DataLoader).parameters, *_LOADER_ENTRIES}
    for entry in loader:
        if entry not in known:
            raise ConfigError(name, f'unknown entry {entry!r}; {did_you_mean(entry, known)}')
    batch_size = loader.get('batch_size', 1)
    if not isinstance(batch_size, int) or batch_size < 1:
        raise ConfigError(f'{name}.batch_size', f'must be a whole number above 0, got {batch_size!r}')
    _check_sampler(cfg, name, batch_size)
    yield from _entries(loader, 'sampler', DATA_SAMPLERS, 'sampler', f'{name}.')
    dataset, path = loader.get('dataset'), f'{name}.dataset'
    while isinstance(dataset, Mapping):  # a data set, or a wrapper of one
        yield path, dataset, DATASETS, 'data set'
        check_dataset(dataset, path)
        yield from _step_parts(dataset, 'pipeline', f'{path}.')
        dataset, path = dataset.get('dataset'), f'{path}.dataset'


def _step_parts(cfg: Mapping[str, Any], key: str, path: str) -> Iterator[_Part]:
    """The steps of a pipeline, and those within its views."""
    for step_path, step, *rest in _entries(cfg, key, TRANSFORMS, 'step of a pipeline', path):
        yield step_path, step, *rest
        if isinstance(step, Mapping) and step.get('type') == 'Views':
            for view in step.keys() - {'type', '_scope_'}:
                yield from _step_parts(step, view, f'{step_path}.')


def _check_sampler(cfg: Config, name: str, batch_size: int) -> None:
    """Refuses a sampler of labelled and unlabelled samples that the loader or the loop around it does not fit."""
    sampler = cfg[name].get('sampler')
    if not isinstance(sampler, Mapping) or not sampler.keys() & {'labeled', 'unlabeled'}:
        return
    parts = [sampler.get('labeled', 0), sampler.get('unlabeled', 0)]
    if all(isinstance(part, int) for part in parts) and sum(parts) != batch_size:
        raise ConfigError(
            f'{name}.batch_size',
            f"must be the sampler's labeled + unlabeled = {parts[0]} + {parts[1]} = {sum(parts)}, got {batch_size}",
        )
    loop = cfg.get('train_cfg')
    if name == 'train_dataloader' and sampler.get('infinite') and isinstance(loop, Mapping):
        kind = loop.get('type', 'EpochBasedTrainLoop' if loop.get('by_epoch', True) else '')
        if kind == 'EpochBasedTrainLoop':
            raise ConfigError(f'{name}.sampler.infinite', 'must be False in a loop over epochs: none would end')
