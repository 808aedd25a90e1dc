"""The entries of ``search`` beside the space and the metric: which there are, and what each may be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ktg_mm.config.check_number import is_whole
from ktg_mm.config.check_seed import check_seed
from ktg_mm.errors import ConfigError, did_you_mean

_ENTRIES = (
    'trials metric sampler hook space pretrain storage study heartbeat retries retrain trials_per_worker stack'
).split()
_LEAST = dict(trials=1, heartbeat=1, retries=0, trials_per_worker=1)


def check_options(search: Any) -> Mapping[str, Any]:
    """Returns ``search`` of a config, after a look whether each entry is known and of its type and range.

    Args:
        search: What the config has there.

    Raises:
        ConfigError: If there is none, or at the first entry that is wrong.

    Example:
        >>> check_options(dict(trials='ten'))
        Traceback (most recent call last):
        ktg_mm.errors.ConfigError: search.trials: must be a whole number, at least 1, got 'ten'
    """
    if search is not None and not isinstance(search, Mapping):
        raise ConfigError('search', f'must be a dict such as dict(trials=..., space=...), got {search!r}')
    if not search:
        raise ConfigError('search', 'is missing; a config to search over has search=dict(trials=..., space=...)')
    for key in search:
        if key not in _ENTRIES:
            raise ConfigError(f'search.{key}', f'unknown entry; {did_you_mean(key, _ENTRIES)}')
    for key, least in _LEAST.items():
        value = search.get(key, least)
        if not is_whole(value) or value < least:
            raise ConfigError(f'search.{key}', f'must be a whole number, at least {least}, got {value!r}')
    for key in ('storage', 'study', 'retrain'):
        value = search.get(key)
        if not isinstance(value, (str, type(None))):
            raise ConfigError(f'search.{key}', f'must be a string, got {value!r}')
        if value == '':
            raise ConfigError(f'search.{key}', 'is empty; leave it out for the default')
    for key in ('pretrain', 'stack'):
        if not isinstance(search.get(key, True), bool):
            raise ConfigError(f'search.{key}', f'must be True or False, got {search[key]!r}')
    if search.get('stack') and search.get('trials_per_worker', 1) == 1:
        raise ConfigError('search.stack', 'a stack is of several trials; set search.trials_per_worker above 1')
    sampler = search.get('sampler')
    if sampler is not None and not isinstance(sampler, Mapping):
        raise ConfigError('search.sampler', f"must be a dict with a 'type', got {sampler!r}")
    check_seed((sampler or {}).get('seed', 0), 'search.sampler.seed')
    return search
