"""Checks what a config says to the Runner itself: seeds, environment, log, and which of its parts need one another."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmengine.utils import import_modules_from_strings
from mmengine.utils.dl_utils import set_multi_processing

from ktg_mm.apis.part_errors import error_text
from ktg_mm.apis.speed import SPEED, check_speed
from ktg_mm.config.signatures import arguments_of
from ktg_mm.config.value_check import check_values
from ktg_mm.errors import ConfigError, did_you_mean

from .entries import check_entries
from .ranges import check_ranges
from .sharing import check_sync_bn

_DEFAULT_HOOKS = ('runtime_info', 'timer', 'sampler_seed', 'logger', 'param_scheduler', 'checkpoint')


def check_settings(cfg: Config) -> None:
    """Checks what a config says to the Runner itself.

    Args:
        cfg: The config of a run; its parts are not looked into.

    Raises:
        ConfigError: At the first entry that is not of the type or range that the Runner means, or misses another.
    """
    _check_randomness(cfg)
    check_ranges(cfg, ('Runner',), '')
    check_values(Runner, {key: value for key, value in cfg.items() if key not in ('log_level', 'work_dir')}, '')
    if not isinstance(cfg.get('work_dir'), (str, type(None))):
        raise ConfigError('work_dir', f'must be a text, got {cfg.work_dir!r}')
    if not isinstance(cfg.get('compile'), (bool, dict, type(None))):
        raise ConfigError('compile', f'must be True, False or a dict of options, got {cfg.compile!r}')
    if isinstance(options := cfg.get('compile'), dict):
        try:
            torch.compile(len, **{name: value for name, value in options.items() if name != 'target'})
        except Exception as error:  # torch has kinds of its own
            raise ConfigError('compile', error_text(error)) from error
    level = cfg.get('log_level', 'INFO')
    if not isinstance(level, int) and (not isinstance(level, str) or not isinstance(logging.getLevelName(level), int)):
        raise ConfigError('log_level', f"must be a level of logging, such as 'INFO' or 'WARNING', got {level!r}")
    _check_environment(cfg.get('env_cfg') or {})
    if cfg.get('auto_scale_lr') is not None:
        check_entries(cfg['auto_scale_lr'], 'auto_scale_lr', ('enable', 'base_batch_size'), needed=('base_batch_size',))
        if not isinstance(enable := cfg['auto_scale_lr'].get('enable', False), bool):
            raise ConfigError('auto_scale_lr.enable', f'must be True or False, got {enable!r}')
    check_imports(cfg.get('custom_imports'))
    if 'find_unused_parameters' in cfg and cfg.get('model_wrapper_cfg') is not None:
        raise ConfigError('find_unused_parameters', 'nothing reads it; set model_wrapper_cfg.find_unused_parameters')
    check_sync_bn(cfg)
    if (scope := cfg.get('default_scope')) is not None and scope != 'mmpretrain':
        raise ConfigError('default_scope', f"must be 'mmpretrain', where all parts are registered, got {scope!r}")
    _check_default_hooks(cfg.get('default_hooks') or {})


def check_imports(imports: Any) -> None:
    """Checks ``custom_imports``, which names the modules to import.

    Raises:
        ConfigError: If it is no dict of ``imports`` and ``allow_failed_imports``.
    """
    if imports is not None:
        check_entries(imports, 'custom_imports', function=import_modules_from_strings, needed=('imports',))
        names = imports['imports']
        if not isinstance(names, str) and not (isinstance(names, list) and all(isinstance(one, str) for one in names)):
            raise ConfigError('custom_imports.imports', f'must be a list of modules, got {names!r}')


def _check_randomness(cfg: Config) -> None:
    randomness = cfg.get('randomness', dict(seed=None))
    if not isinstance(randomness, Mapping):
        raise ConfigError('randomness', f'must be a dict such as dict(seed=0), got {randomness!r}')
    arguments = [name for name in arguments_of(Runner.set_randomness)[0] if name != 'self']
    check_entries(randomness, 'randomness', arguments, needed=('seed',))
    check_values(Runner.set_randomness, randomness, 'randomness')
    if (randomness['seed'] or 0) >= 2**32:
        raise ConfigError('randomness.seed', f'must be below 2**32, got {randomness["seed"]}')


def _check_environment(env_cfg: Mapping[str, Any]) -> None:
    check_entries(env_cfg, 'env_cfg', ('cudnn_benchmark', 'mp_cfg', 'dist_cfg', 'resource_limit', 'capture', *SPEED))
    if not isinstance(benchmark := env_cfg.get('cudnn_benchmark', False), bool):
        raise ConfigError('env_cfg.cudnn_benchmark', f'must be True or False, got {benchmark!r}')
    check_speed(env_cfg)
    if not isinstance(capture := env_cfg.get('capture', False), bool) and capture not in ('streams', 'auto'):
        raise ConfigError('env_cfg.capture', f"must be True, False, 'streams' or 'auto', got {capture!r}")
    processes = [name for name in arguments_of(set_multi_processing)[0] if name != 'distributed']
    check_entries(env_cfg.get('mp_cfg', {}), 'env_cfg.mp_cfg', processes)
    of_torch = arguments_of(torch.distributed.init_process_group)[0].keys() - {'rank', 'world_size', 'store'}
    check_entries(dist_cfg := env_cfg.get('dist_cfg', {}), 'env_cfg.dist_cfg', {*of_torch, 'init_backend', 'port'})
    backend, known = dist_cfg.get('backend', 'nccl'), torch.distributed.Backend.backend_list
    # One name, or one for each kind of device: 'cpu:gloo,cuda:nccl'.
    for name in str(backend).split(','):
        if name.rpartition(':')[2].lower() not in known:
            raise ConfigError(
                'env_cfg.dist_cfg.backend', f'unknown backend {backend!r}; {did_you_mean(backend, known)}'
            )


def _check_default_hooks(hooks: Mapping[str, Any]) -> None:
    """Refuses what is meant to change one of mmengine's hooks and would be another beside it."""
    for name, hook in hooks.items():
        if name in _DEFAULT_HOOKS:
            continue
        hint = did_you_mean(name, _DEFAULT_HOOKS)
        if hook is None or 'type' not in hook or hint.startswith('did you mean'):
            raise ConfigError(f'default_hooks.{name}', f'is none of the default hooks; {hint}')
