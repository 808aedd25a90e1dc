"""The data that a search goes by: there are some, and they are not the test set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.config import Config

from ktg_mm.errors import ConfigError

# What makes others of the same images, or reads them in another way.
_HOW = {'pipeline', 'test_mode', 'lazy_init', 'serialize_data', 'max_refetch'}


def check_search_data(base: Mapping[str, Any]) -> None:
    """Refuses a config that would choose graphs on its test set, that does not validate, or resumes.

    Args:
        base: The config, plain dicts.

    Raises:
        ConfigError: If so.
    """
    cfg = Config(dict(base))
    if cfg.get('resume'):
        raise ConfigError('resume', 'must be False; a search that is started again goes on by itself')
    for key in ('train_dataloader', 'train_cfg', 'val_dataloader', 'val_cfg', 'val_evaluator'):
        if cfg.get(key) is None or (key.endswith('dataloader') and not cfg[key]):
            wanted = 'training' if key.startswith('train') else 'validation'
            raise ConfigError(key, f'is missing; a search needs {wanted} data')
    loop = cfg.train_cfg
    last = loop.get('max_epochs') or loop.get('max_iters')
    if last and loop.get('val_begin', 1) > last:
        raise ConfigError('train_cfg.val_begin', f'is {loop.val_begin}, but a run ends at {last}; it must validate')
    if cfg.get('test_dataloader') and _images(cfg.test_dataloader) == _images(cfg.val_dataloader):
        raise ConfigError(
            'val_dataloader.dataset',
            'is the test set, on which no graph may be chosen; inherit data that split the training set, '
            'such as _base_/datasets/cifar100_search.py',
        )


def _images(loader: Mapping[str, Any]) -> dict[str, Any]:
    """What says which images a loader has."""
    return {key: value for key, value in loader['dataset'].items() if key not in _HOW}
