"""Checks what a data loader is given besides its parts, and how that fits together."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from mmengine.config import Config
from mmengine.registry import FUNCTIONS
from torch.utils.data import DataLoader

from ktg_mm.config.type_check import check_type
from ktg_mm.errors import ConfigError

from .entries import check_entries
from .loop_type import train_loop
from .ranges import check_ranges

# Entries that mmengine takes out, or builds itself, and our own.
_OF_MMENGINE = {'dataset', 'num_batch_per_epoch', 'disable_subprocess_warning'}
OWN_LOADER_ENTRIES = {'in_memory', 'prefetch_to_device'}
_NEED_WORKERS = {
    'persistent_workers': False,
    'prefetch_to_device': False,  # read ahead here, SeedRandom would seed the step before
    'prefetch_factor': None,
    'timeout': 0,
    'multiprocessing_context': None,
}
_PARTS = ('dataset', 'sampler', 'batch_sampler', 'collate_fn', 'worker_init_fn')


def check_loader(cfg: Config, name: str) -> None:
    """Checks a loader of a config.

    Args:
        cfg: The config.
        name: The loader, such as ``'train_dataloader'``; it may be missing.

    Raises:
        ConfigError: If one of its entries is unknown, is not of the right type or range, or does not fit another.
    """
    if (loader := cfg.get(name)) is None:
        return
    known = {*inspect.signature(DataLoader).parameters, *_OF_MMENGINE, *OWN_LOADER_ENTRIES}
    check_entries(loader, name, known, needed=('dataset', 'sampler'))
    plain = {key: value for key, value in loader.items() if key not in _PARTS}
    check_ranges(plain, ('loader',), name)
    check_entries(plain, name, known, DataLoader)
    for key in ('dataset', 'sampler'):
        if not isinstance(loader[key], Mapping):
            raise ConfigError(f'{name}.{key}', f"must be a dict with a 'type', got {loader[key]!r}")
    for key in ('collate_fn', 'worker_init_fn'):
        if key in loader and not callable(loader[key]):
            check_type(loader[key], FUNCTIONS, f'{name}.{key}', 'function')
    if loader.get('num_workers', 0) == 0:
        for key, off in _NEED_WORKERS.items():
            if loader.get(key, off) not in (off, None):
                raise ConfigError(f'{name}.{key}', f'needs {name}.num_workers above 0, which is 0; got {loader[key]!r}')
    if loader.get('shuffle') not in (None, False):
        raise ConfigError(f'{name}.shuffle', f'is not read beside a sampler; set {name}.sampler.shuffle')
    if loader.get('batch_size') is None:
        raise ConfigError(f'{name}.batch_size', 'is missing; must be a whole number above 0')
    if loader.get('batch_sampler') is not None and loader.get('drop_last'):
        raise ConfigError(f'{name}.drop_last', 'is not read beside a batch_sampler; give it to that')
    if not isinstance(ahead := loader.get('prefetch_to_device', False), bool):
        raise ConfigError(f'{name}.prefetch_to_device', f'must be True or False, got {ahead!r}')
    if ahead:
        _check_put_together(loader, name, 'prefetch_to_device')
    _check_in_memory(loader, name)
    _check_indices(loader['dataset'], f'{name}.dataset')
    _check_parts_of_a_batch(cfg, name)


def _check_in_memory(loader: Mapping[str, Any], name: str) -> None:
    """Refuses what a loader of images in memory does not do."""
    if not isinstance(wanted := loader.get('in_memory', False), bool):
        raise ConfigError(f'{name}.in_memory', f'must be True or False, got {wanted!r}')
    if not wanted:
        return
    if loader.get('num_workers', 0):
        raise ConfigError(
            f'{name}.in_memory', f'needs {name}.num_workers=0, which is {loader["num_workers"]}: no worker is started'
        )
    for key in ('batch_sampler', 'num_batch_per_epoch', 'worker_init_fn'):
        if loader.get(key) is not None:
            raise ConfigError(f'{name}.{key}', f'is not read beside {name}.in_memory=True; leave one of them out')
    _check_put_together(loader, name, 'in_memory')


def _check_put_together(loader: Mapping[str, Any], name: str, key: str) -> None:
    """Refuses a loader whose batches are no tensor of images."""
    collate = loader.get('collate_fn')
    if not isinstance(collate, Mapping) or collate.get('type') != 'default_collate':
        raise ConfigError(f'{name}.{key}', f"needs {name}.collate_fn=dict(type='default_collate')")


def _check_indices(dataset: Any, path: str) -> None:
    if isinstance(dataset, Mapping):
        if dataset.get('indices') in (0, [], ()) and not isinstance(dataset.get('indices'), bool):
            raise ConfigError(f'{path}.indices', f'leaves no sample; got {dataset["indices"]!r}')
        _check_indices(dataset.get('dataset'), f'{path}.dataset')


def _check_parts_of_a_batch(cfg: Mapping[str, Any], name: str) -> None:
    """Refuses a sampler of labelled and unlabelled samples that the loader or the loop around it does not fit."""
    sampler, batch_size = cfg[name]['sampler'], cfg[name]['batch_size']
    if not sampler.keys() & {'labeled', 'unlabeled'}:
        return
    parts = [sampler.get('labeled', 0), sampler.get('unlabeled', 0)]
    if all(isinstance(part, int) for part in parts) and sum(parts) != batch_size:
        raise ConfigError(
            f'{name}.batch_size',
            f"must be the sampler's labeled + unlabeled = {parts[0]} + {parts[1]} = {sum(parts)}, got {batch_size}",
        )
    loop = cfg.get('train_cfg')
    if name == 'train_dataloader' and sampler.get('infinite') and isinstance(loop, Mapping):
        if train_loop(loop) == 'EpochBasedTrainLoop':
            raise ConfigError(f'{name}.sampler.infinite', 'must be False in a loop over epochs: none would end')


def check_division(cfg: Mapping[str, Any]) -> None:
    """Refuses a training part that has images of the validation part of the same data set.

    Args:
        cfg: The config; its data sets have been checked one by one.

    Raises:
        ConfigError: If ``Split`` divides the data set for validation, and for training not at all or in another way.

    Example:
        >>> train, val = (dict(type='Split', of='Digits', part=part, val_size=0.5) for part in ('train', 'val'))
        >>> check_division(dict(train_dataloader=dict(dataset=train), val_dataloader=dict(dataset={**val, 'seed': 1})))
        Traceback (most recent call last):
        ...
        ktg_mm.errors.ConfigError: train_dataloader.dataset.seed: is 0, but val_dataloader.dataset.seed is 1; images \
would be in both parts
    """
    (key, train), (other, val) = (_innermost(cfg, f'{kind}_dataloader') for kind in ('train', 'val'))
    if val.get('type') != 'Split' or val.get('part') != 'val' or train.get('split') != val.get('split'):
        return
    if train.get('data_root') != val.get('data_root'):
        return
    if train.get('type') == val['of']:
        raise ConfigError(f'{key}.type', f"has the images of {other}, too; divide it: type='Split', of={val['of']!r}")
    if train.get('type') != 'Split' or train.get('of') != val['of']:
        return
    if train['part'] == 'val':
        raise ConfigError(f'{key}.part', f"is 'val', as that of {other} is; set it to 'train'")
    for name, default in dict(val_size=None, train_size=None, seed=0).items():
        mine, its = train.get(name, default), val.get(name, default)
        if mine != its:
            raise ConfigError(f'{key}.{name}', f'is {mine}, but {other}.{name} is {its}; images would be in both parts')


def _innermost(cfg: Mapping[str, Any], name: str) -> tuple[str, Mapping[str, Any]]:
    """The data set of a loader that holds the images, within others, with its key."""
    key, found = f'{name}.dataset', (cfg.get(name) or {}).get('dataset') or {}
    while isinstance(found.get('dataset'), Mapping):
        key, found = f'{key}.dataset', found['dataset']
    return key, found
