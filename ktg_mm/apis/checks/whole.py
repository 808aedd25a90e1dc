"""Checks that a config has all that a run needs."""

from __future__ import annotations

import inspect

from mmengine.config import Config
from mmpretrain.registry import LOOPS

from ktg_mm.config.signatures import arguments_of
from ktg_mm.config.type_check import class_of
from ktg_mm.errors import ConfigError

from .loop_type import train_loop
from .names import check_names

# mmengine builds all three of a kind, or none.
TOGETHER = {
    'train': ('train_dataloader', 'train_cfg', 'optim_wrapper'),
    'val': ('val_dataloader', 'val_cfg', 'val_evaluator'),
    'test': ('test_dataloader', 'test_cfg', 'test_evaluator'),
}


def check_together(cfg: Config) -> None:
    """Refuses a config that misses what a run needs; a search's base, and what is only inherited, may do so.

    Args:
        cfg: The config of a run.

    Raises:
        ConfigError: At the first entry that is missing.
    """
    _check_model(cfg)
    for keys in TOGETHER.values():
        missing = [key for key in keys if cfg.get(key) is None]
        if 0 < len(missing) < len(keys):
            there = ' and '.join(key for key in keys if key not in missing)
            raise ConfigError(missing[0], f'is missing beside {there}; give all of {", ".join(keys)}, or none')
        if keys[2].endswith('_evaluator') and cfg.get(keys[2]) in ({}, [], ()):
            raise ConfigError(keys[2], "is empty: nothing would be measured; give dict(type='NodeMetric')")
    if cfg.get('param_scheduler') and cfg.get('optim_wrapper') is None:
        raise ConfigError('optim_wrapper', 'is missing beside param_scheduler')
    loop = cfg.get('train_cfg') or {}
    found = class_of(LOOPS, {'type': train_loop(loop)})
    for name, argument in arguments_of(found)[0].items() if loop else ():
        if argument.default is inspect.Parameter.empty and name not in {*loop, 'runner', 'dataloader'}:
            raise ConfigError(f'train_cfg.{name}', f'is missing; {found.__name__} needs it')


def check_is_there(cfg: Config, kind: str) -> None:
    """Refuses a config without what a tool is to do.

    Args:
        cfg: The config.
        kind: ``'train'`` or ``'test'``.

    Raises:
        ConfigError: If there is no model, loop or data for it, or nothing reads one of the config's names.
    """
    check_names(cfg)
    _check_model(cfg)
    for key in (f'{kind}_dataloader', f'{kind}_cfg'):
        if cfg.get(key) is None:
            raise ConfigError(key, f'is missing; there is nothing to {kind}')


def _check_model(cfg: Config) -> None:
    if not cfg.get('model'):
        raise ConfigError(
            'model', "is missing; a config describes a graph, model = dict(type='KnowledgeTransferGraph', ...)"
        )
