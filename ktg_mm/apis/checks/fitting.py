"""Checks how the values of one part fit one another, and the loop around it."""

from __future__ import annotations

import functools
import itertools
import operator
import re
from collections.abc import Mapping
from typing import Any

from mmengine.config import Config
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop, TestLoop, ValLoop
from mmpretrain.datasets import KFoldDataset

from ktg_mm.config.value_check import fits
from ktg_mm.errors import ConfigError

from .entries import check_entries
from .hooks import check_hook
from .loop_type import counts_iterations
from .optimizers import check_optim_wrapper, check_optimizer

# Where mmengine's loops belong.
_PLACES = {
    EpochBasedTrainLoop: 'train_cfg',
    IterBasedTrainLoop: 'train_cfg',
    ValLoop: 'val_cfg',
    TestLoop: 'test_cfg',
}


def check_fitting(cfg: Config, part: Mapping[str, Any], found: Any, what: str, path: str) -> None:
    """Checks a part whose type, arguments and ranges are right each by itself.

    Args:
        cfg: The config of the run.
        part: The part's arguments.
        found: Its class, or a function that makes it, of which nothing is known.
        what: What it is.
        path: Its config key.

    Raises:
        ConfigError: If two of them do not fit each other.
    """
    if isinstance(found, type) and (check := _CHECKS.get(what)):
        check(cfg, part, found, path)


def _scheduler(cfg: Config, part: Mapping[str, Any], found: type, path: str) -> None:
    convert = cfg_of(cfg, path).get('convert_to_iter_based', False)
    if not isinstance(convert, bool):
        raise ConfigError(f'{path}.convert_to_iter_based', f'must be True or False, got {convert!r}')
    begin, end = part.get('begin', 0), part.get('end')
    if end is not None and end <= begin:
        raise ConfigError(f'{path}.end', f'must be above begin = {begin}, got {end}')
    loop = cfg.get('train_cfg') or {}
    length = loop.get('max_epochs' if part.get('by_epoch', True) else 'max_iters')
    # Its end is that of the run, if it says none.
    if end is None and length is not None and fits(length, int) and begin >= length > 0:
        raise ConfigError(f'{path}.begin', f'must be below the length of the run, {length}, got {begin}')
    milestones = part.get('milestones') or ()
    if any(low >= high for low, high in itertools.pairwise(milestones)):
        raise ConfigError(f'{path}.milestones', f'must increase, got {milestones!r}')
    if 'milestones' in part and not milestones:
        raise ConfigError(f'{path}.milestones', f'names no step, got {milestones!r}; remove the schedule instead')
    if part.get('eta_min') is not None and part.get('eta_min_ratio') is not None:
        raise ConfigError(f'{path}.eta_min_ratio', 'cannot be given beside eta_min')
    if found.__name__.startswith('CosineRestart'):
        if part.get('eta_min') is None and part.get('eta_min_ratio') is None:
            raise ConfigError(f'{path}.eta_min', f'is missing; {found.__name__} needs it or eta_min_ratio')
        if len(part['periods']) != len(weights := part.get('restart_weights', (1,))):
            raise ConfigError(f'{path}.restart_weights', f'must be as many as periods, got {weights!r}')
    by_epoch = part.get('by_epoch', True)
    if convert and not by_epoch:
        raise ConfigError(f'{path}.convert_to_iter_based', 'needs by_epoch=True; it counts iterations already')
    if by_epoch and not convert and counts_iterations(cfg):
        raise ConfigError(f'{path}.by_epoch', 'must be False in a loop over iterations: it would never step')


def cfg_of(cfg: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    """The entry under a path such as ``param_scheduler[1]`` or ``param_scheduler.logits``."""
    name, _, number = path.partition('[')
    entry: Any = functools.reduce(operator.getitem, name.split('.'), cfg)
    return entry[int(number[:-1])] if number else entry


def _loop(cfg: Config, part: Mapping[str, Any], found: type, path: str) -> None:
    if places := [place for kind, place in _PLACES.items() if issubclass(found, kind) and place != path]:
        raise ConfigError(f'{path}.type', f'{found.__name__} belongs into {places[0]}')
    by_epoch = cfg[path].get('by_epoch', True)
    if not isinstance(by_epoch, bool):
        raise ConfigError(f'{path}.by_epoch', f'must be True or False, got {by_epoch!r}')
    intervals = part.get('dynamic_intervals')
    if intervals is not None and not (
        fits(intervals, list[tuple[int, int]]) and all(begin >= 0 and interval >= 1 for begin, interval in intervals)
    ):
        raise ConfigError(f'{path}.dynamic_intervals', f'must be a list of (begin, interval), got {intervals!r}')


def _metric(cfg: Config, part: Mapping[str, Any], found: type, path: str) -> None:
    classes = (cfg.get('data_preprocessor') or {}).get('num_classes')
    if classes is not None and part.get('num_classes') not in (None, classes):
        raise ConfigError(f'{path}.num_classes', f'there are {classes} classes, got {part["num_classes"]!r}')
    topk = part.get('topk')
    for one in topk if isinstance(topk, (list, tuple)) else [topk]:
        if one is not None and isinstance(classes, int) and one > classes:
            raise ConfigError(f'{path}.topk', f'there are {classes} classes, got {topk!r}')


def _data_set(cfg: Config, part: Mapping[str, Any], found: type, path: str) -> None:
    # Split is a function.
    if (
        isinstance(found, type)
        and issubclass(found, KFoldDataset)
        and part.get('fold', 0) >= (folds := part.get('num_splits', 5))
    ):
        raise ConfigError(f'{path}.fold', f'must be below num_splits = {folds}, got {part["fold"]}')


def _log_processor(cfg: Config, part: Mapping[str, Any], found: type, path: str) -> None:
    try:
        re.compile(part.get('mean_pattern', ''))
    except re.error as error:
        raise ConfigError(f'{path}.mean_pattern', f'is no regular expression: {error}') from error
    seen = set()
    for i, entry in enumerate(part.get('custom_cfg') or ()):
        inner = f'{path}.custom_cfg[{i}]'
        check_entries(entry, inner, ('data_src', 'method_name', 'log_name', 'window_size'), needed=('data_src',))
        if (name := entry.get('log_name', entry['data_src'])) in seen:
            raise ConfigError(inner, f'{name!r} is logged twice; give one of them a log_name')
        seen.add(name)


def _data_preprocessor(cfg: Config, part: Mapping[str, Any], found: type, path: str) -> None:
    mean, std = part.get('mean'), part.get('std')
    if (mean is None) != (std is None):
        raise ConfigError(f'{path}.{"std" if std is None else "mean"}', 'is missing; mean and std belong together')
    if mean is not None and std is not None and len(mean) != len(std):
        raise ConfigError(f'{path}.std', f'must have as many numbers as mean, {len(mean)}, got {std!r}')


_CHECKS = {
    'optimizer': check_optimizer,
    'optim_wrapper': check_optim_wrapper,
    'scheduler': _scheduler,
    'hook': check_hook,
    'loop': _loop,
    'metric': _metric,
    'data set': _data_set,
    'log processor': _log_processor,
    'data preprocessor': _data_preprocessor,
}
