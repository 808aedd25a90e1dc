"""A config of several runs that follow one another: later stages take networks that earlier ones have trained."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config

from ktg_mm.errors import ConfigError, did_you_mean, first_line

from .stage import STAGES, Stage
from .stage_nodes import resolved_nodes


def is_staged(config: Mapping[str, Any]) -> bool:
    """Whether a config is one of several runs.

    Example:
        >>> is_staged(dict(stages=[dict(name='gen0')])), is_staged(dict(model=dict()))
        (True, False)
    """
    return STAGES in config


def read_stages(config: Mapping[str, Any]) -> list[Stage]:
    """The stages of a config, each with its own entries merged over what is common to all.

    Args:
        config: With ``stages``: a list of dicts, each with a ``name`` and what of the config is different there. They
            merge as an inheriting file's entries do, ``_delete_=True`` replaces. Each has the seed of
            :func:`stage_seed`, unless it sets one itself; ``load_from`` at the top is for the first one.

    Raises:
        ConfigError: If they are no such list, or one does not merge.

    Example:
        >>> stages = read_stages(dict(train_cfg=dict(max_epochs=3), stages=[
        ...     dict(name='gen0'), dict(name='gen1', train_cfg=dict(max_epochs=5))]))
        >>> [(stage.name, stage.config) for stage in stages]
        [('gen0', {'train_cfg': {'max_epochs': 3}}), ('gen1', {'train_cfg': {'max_epochs': 5}})]
    """
    listed = config.get(STAGES)
    if not isinstance(listed, (list, tuple)) or not listed:
        raise ConfigError(STAGES, f"must be a list of at least one stage, dict(name='gen0', ...), got {listed!r}")
    whole = config.to_dict() if isinstance(config, Config) else dict(config)
    common = {key: value for key, value in whole.items() if key != STAGES}
    stages: list[Stage] = []
    for number, entries in enumerate(whole[STAGES]):
        key = f'{STAGES}[{number}]'
        if not isinstance(entries, Mapping):
            raise ConfigError(key, f"must be the dict of one stage, dict(name='gen0', ...), got {entries!r}")
        name = _checked_name(entries.get('name'), f'{key}.name', [stage.name for stage in stages])
        own = {key: value for key, value in entries.items() if key != 'name'}
        merged = _merged(common, own, key)
        if number and 'load_from' not in own:
            merged.pop('load_from', None)
        stages.append(Stage(name, number, _seeded(merged, own, number), own, common))
    return stages


def resolve_stages(config: Mapping[str, Any], folder: str | Path) -> Iterator[Stage]:
    """Yields the stages in turn as configs of runs that know nothing of stages.

    A node with ``stage`` has the network of the node of an earlier stage, and begins with the weights that this one has
    come to: ``network``, ``checkpoint`` and ``prefix``.

    Args:
        config: As for :func:`read_stages`.
        folder: Of the whole run; a stage's is the one of its name in it.

    Raises:
        ConfigError: At the first mistake in the stages, and in what nodes take of others.

    Example:
        >>> net = dict(type='NetworkNode', network=dict(type='ImageClassifier'))
        >>> old = dict(type='NetworkNode', stage=dict(name='gen0', node='net'))
        >>> config = dict(model=dict(nodes=dict(net=net)), train_cfg=dict(max_epochs=3), stages=[
        ...     dict(name='gen0'), dict(name='gen1', model=dict(nodes=dict(old=old)))])
        >>> _, gen1 = resolve_stages(config, 'work')
        >>> gen1.config['model']['nodes']['old']['checkpoint']
        'work/gen0/epoch_3.pth'
    """
    stages = read_stages(config)
    resolved: list[Stage] = []
    for stage in stages:
        with stage.named_errors():
            cfg = resolved_nodes(stage.config, resolved, [other.name for other in stages[stage.number :]], folder)
        cfg['work_dir'] = str(Path(folder) / stage.name)
        resolved.append(replace(stage, config=cfg))
        yield resolved[-1]


def as_last_stage(config: Mapping[str, Any]) -> dict[str, Any]:
    """The last stage's config, with those before it as its ``stages``: each whole, with nothing in common.

    Args:
        config: As for :func:`read_stages`; one without stages is its own.

    Raises:
        ConfigError: If the stages are no such list, or one does not merge.

    Example:
        >>> config = as_last_stage(dict(a=1, stages=[dict(name='gen0'), dict(name='gen1', a=2)]))
        >>> config, as_last_stage(config) == config
        ({'a': 2, 'stages': [{'a': 1, 'name': 'gen0'}]}, False)
    """
    if not is_staged(config):
        return config.to_dict() if isinstance(config, Config) else dict(config)
    *earlier, last = read_stages(config)
    before = [dict(stage.config, name=stage.name) for stage in earlier]
    return {**last.config, STAGES: before} if before else last.config


def resolved_last(config: Mapping[str, Any], folder: str | Path) -> dict[str, Any]:
    """The last stage as the config of a run that knows nothing of stages.

    Args:
        config: From :func:`as_last_stage`; it stays as it is.
        folder: Of the earlier stages, each in the one of its name.

    Raises:
        ConfigError: If a node takes what is not there.
    """
    rest = {key: value for key, value in config.items() if key != STAGES}
    return resolved_nodes(rest, list(stages_before(config, folder)), [], folder)


def stages_before(config: Mapping[str, Any], folder: str | Path) -> Iterator[Stage]:
    """The stages before the last one, resolved in turn; arguments and errors as of :func:`resolved_last`."""
    return resolve_stages({STAGES: config[STAGES]}, folder) if is_staged(config) else iter(())


def stage_seed(seed: int, number: int) -> int:
    """The seed of a stage: the run's for the first one, others for those after it.

    With the same one a network would begin with the very weights that its teacher has begun with, and see the images in
    the same order; born-again networks begin anew (Furlanello et al., ICML 2018). Consecutive numbers would make the
    second stage of one run begin as the first one of another.

    Args:
        seed: The run's.
        number: The stage's place, from 0.

    Returns:
        The first word of numpy's ``SeedSequence(seed, spawn_key=(number,))``.

    Example:
        >>> stage_seed(5, 0), stage_seed(5, 1)
        (5, 3767054407)
    """
    return int(np.random.SeedSequence(seed, spawn_key=(number,)).generate_state(1)[0]) if number else seed


def stage_named(stages: Sequence[Stage], name: str | None) -> Stage:
    """The stage of a name.

    Args:
        stages: The stages.
        name: The name; None is the last one.

    Raises:
        ConfigError: If there is none.
    """
    if name is None:
        return stages[-1]
    for stage in stages:
        if stage.name == name:
            return stage
    raise ConfigError('--stage', f'no stage is named {name!r}; {did_you_mean(name, [stage.name for stage in stages])}')


def without_delete(value: Any) -> Any:
    """A value without each ``_delete_`` that found nothing to delete.

    Example:
        >>> without_delete(dict(a=[dict(_delete_=True, b=1)]))
        {'a': [{'b': 1}]}
    """
    if isinstance(value, dict):
        return {key: without_delete(entry) for key, entry in value.items() if key != '_delete_'}
    return type(value)(map(without_delete, value)) if isinstance(value, (list, tuple)) else value


def _checked_name(name: Any, key: str, before: Sequence[str]) -> str:
    if name is None:
        raise ConfigError(key, "is missing; each stage has a name, such as 'gen0'")
    if not isinstance(name, str) or not re.fullmatch(r'\w[\w-]{0,99}', name) or name == 'earlier':
        raise ConfigError(
            key, f"becomes that of a folder: letters, digits, _ and -, and not 'earlier', which has a use; got {name!r}"
        )
    if name.lower() in map(str.lower, before):
        raise ConfigError(key, f'another stage is named {name!r} already; give it another name')
    return name


def _merged(common: Mapping[str, Any], own: Mapping[str, Any], key: str) -> dict[str, Any]:
    merged = Config(copy.deepcopy(dict(common)))
    for name, value in own.items():
        try:
            merged.merge_from_dict({name: copy.deepcopy(value)}, allow_list_keys=False)
        except TypeError as error:
            raise ConfigError(f'{key}.{name}', f'does not fit to what is at the top: {first_line(error)}') from error
    return {name: without_delete(value) if name in own else value for name, value in merged.to_dict().items()}


def _seeded(config: dict[str, Any], own: Mapping[str, Any], number: int) -> dict[str, Any]:
    randomness = config.get('randomness')
    if isinstance(randomness, Mapping) and type(seed := randomness.get('seed')) is int and seed >= 0:
        if 'seed' not in (own.get('randomness') or {}):
            config['randomness'] = {**randomness, 'seed': stage_seed(seed, number)}
    return config
