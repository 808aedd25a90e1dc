"""Checks of a data set's arguments that need no data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmpretrain.registry import DATASETS

from ktg_mm.config import check_type, class_of
from ktg_mm.config.check_number import is_whole
from ktg_mm.config.check_seed import check_seed
from ktg_mm.errors import ConfigError, did_you_mean

_BY_CLASS = ('Split', 'SemiSupervised', 'ClassBalancedDataset')  # they look at each sample's class
_OF_SPLIT = ('of', 'part', 'val_size', 'train_size', 'seed')


def check_dataset(cfg: Mapping[str, Any], path: str) -> None:
    """Checks what every data set takes, and what ``Split`` takes.

    Args:
        cfg: The config of a data set.
        path: Its config key.

    Raises:
        ConfigError: At the first argument that cannot be right.

    Example:
        >>> check_dataset(dict(type='Digits', indices=0), 'dataset')
        Traceback (most recent call last):
        ...
        ktg_mm.errors.ConfigError: dataset.indices: must be a whole number other than 0, or a list of them, got 0
    """
    indices = cfg.get('indices')
    listed = list(indices) if isinstance(indices, (list, tuple, range)) else [indices]
    if indices is not None and not (listed and all(map(is_whole, listed)) and indices != 0):
        raise ConfigError(f'{path}.indices', f'must be a whole number other than 0, or a list of them, got {indices!r}')
    if cfg.get('type') in _BY_CLASS:
        _refuse_texts(cfg, path)
    if cfg.get('type') == 'Split':
        check_split({key: value for key, value in cfg.items() if key != 'type'}, path)


def _refuse_texts(cfg: Mapping[str, Any], path: str) -> None:
    name, inner = ('of', dict(type=cfg['of'])) if 'of' in cfg else ('dataset', cfg.get('dataset'))
    if isinstance(inner, Mapping) and 'type' in inner and hasattr(class_of(DATASETS, inner), 'read_parts'):
        raise ConfigError(
            f'{path}.{name}', f"{cfg['type']} goes by classes, which a text's chunks do not have; take its own split"
        )


def check_split(cfg: Mapping[str, Any], path: str) -> None:
    """Checks the arguments of ``Split``, and those that it hands on.

    Args:
        cfg: All arguments by name.
        path: Config key of the data set.

    Raises:
        ConfigError: At the first that cannot be right.
    """
    for name in ('of', 'part', 'val_size'):
        if name not in cfg:
            raise ConfigError(f'{path}.{name}', "is missing; Split needs of='CIFAR100', part='train', val_size=10_000")
    of = cfg['of']
    if not isinstance(of, str) or class_of(DATASETS, dict(type=of)) is None:
        raise ConfigError(f'{path}.of', f'no data set is named {of!r}; {did_you_mean(of, DATASETS.module_dict)}')
    if of in ('SemiSupervised', 'Split'):
        raise ConfigError(f'{path}.of', f'must be the data set with all its labels, got {of!r}; divide it within {of}')
    check_type(dict(type=of) | {key: value for key, value in cfg.items() if key not in _OF_SPLIT}, DATASETS, path, of)
    if cfg['part'] not in ('train', 'val'):
        raise ConfigError(f'{path}.part', f"must be 'train' or 'val', got {cfg['part']!r}")
    for name in ('val_size', 'train_size'):
        size: Any = cfg.get(name)
        right = size > 0 if is_whole(size) else isinstance(size, float) and 0 < size < 1
        if not right and (name == 'val_size' or size is not None):
            raise ConfigError(f'{path}.{name}', f'must be a number of images, or a fraction below 1.0, got {size!r}')
    check_seed(cfg.get('seed', 0), f'{path}.seed')
