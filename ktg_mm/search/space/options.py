"""The entries of ``search`` beside the space and the metric: which there are, and what each may be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ktg_mm.config.check_number import is_whole
from ktg_mm.config.check_seed import check_seed
from ktg_mm.errors import ConfigError, did_you_mean
from ktg_mm.search.race.race import race_runs
from ktg_mm.search.race.rounds import default_race

_ENTRIES = (
    'trials metric sampler hook space pretrain storage study heartbeat retries retrain trials_per_worker stack '
    'enqueue baseline race'
).split()
_LEAST_OF_RACE = dict(graphs=1, seeds=2)
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
    for key in ('storage', 'study', 'retrain', 'baseline'):
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
    enqueue = [] if search.get('enqueue') is None else search['enqueue']
    if not (isinstance(enqueue, (list, tuple)) and all(isinstance(e, str) for e in enqueue)):
        problem = f"must be a list of names and configs, such as ['independent', 'dml'], got {enqueue!r}"
        raise ConfigError('search.enqueue', problem)
    if len(enqueue) != len(set(enqueue)):
        raise ConfigError('search.enqueue', f'names a graph twice: {", ".join(enqueue)}')
    check_race(search, 1 if enqueue else 0)
    sampler = search.get('sampler')
    if sampler is not None and not isinstance(sampler, Mapping):
        raise ConfigError('search.sampler', f"must be a dict with a 'type', got {sampler!r}")
    check_seed((sampler or {}).get('seed', 0), 'search.sampler.seed')
    return search


def check_race(search: Mapping[str, Any], baselines: int) -> dict[str, int] | None:
    """Refuses a race without a baseline, or one that would cost more than the search.

    Args:
        search: What the config has.
        baselines: Number of graphs of which the best is the baseline.

    Returns:
        The race, with the sizes that it leaves to the number of trials; None if there is none.

    Raises:
        ConfigError: If the race is none, has nobody to run against, or more runs than the search has trials.

    Example:
        >>> check_race(dict(trials=20, race=dict(graphs=4, seeds=5)), baselines=1)
        Traceback (most recent call last):
        ktg_mm.errors.ConfigError: search.race: takes 26 runs, more than the 20 trials of the search; give fewer \
graphs, seeds or baselines
    """
    race = search.get('race')
    if race is None:
        return None
    if not isinstance(race, Mapping):
        raise ConfigError('search.race', f'must be a dict such as dict(graphs=4, seeds=5), got {race!r}')
    for key in race:
        if key not in _LEAST_OF_RACE:
            raise ConfigError(f'search.race.{key}', f'unknown entry; {did_you_mean(key, list(_LEAST_OF_RACE))}')
    race = default_race(search.get('trials') or 1) | dict(race)
    for key, least in _LEAST_OF_RACE.items():
        value = race[key]
        if not is_whole(value) or value < least:
            raise ConfigError(f'search.race.{key}', f'must be a whole number, at least {least}, got {value!r}')
    if not baselines:
        raise ConfigError('search.race', 'has nobody to run against; name graphs in search.enqueue, such as dml')
    metric = search.get('metric')
    if isinstance(metric, (list, tuple)) and len(metric) > 1:
        raise ConfigError('search.race', 'goes by one metric, but search.metric has several; leave it out')
    takes = race_runs(race['graphs'], race['seeds'], baselines)
    trials = int(search.get('trials') or takes)
    if takes > trials:
        problem = f'takes {takes} runs, more than the {trials} trials of the search'
        raise ConfigError('search.race', f'{problem}; give fewer graphs, seeds or baselines')
    return race
