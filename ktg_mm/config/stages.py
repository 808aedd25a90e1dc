"""A config of several runs that follow one another: later stages take networks that earlier ones have trained."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config

from ktg_mm.errors import ConfigError, did_you_mean, first_line

from .kept_checkpoint import kept_checkpoint
from .pretrained import without_weights
from .taken_node import check_taken, is_taken

STAGES = 'stages'


@dataclass(frozen=True)
class Stage:
    """A stage of a config.

    Args:
        name: Its name, and that of its folder.
        number: Its place among the stages, from 0.
        config: Its config, plain dicts: what is at the top of the whole config with its own entries merged over that.
        own: What it says itself.
        common: What the whole config says at the top.
    """

    name: str
    number: int
    config: dict[str, Any]
    own: Mapping[str, Any]
    common: Mapping[str, Any]

    def key(self, key: str) -> str | None:
        """What a key of the stage's config is called in the whole config; None if it is at the top there.

        Example:
            >>> stage = Stage('b', 1, {}, own=dict(model=dict(target='net1')), common=dict(model=dict(nodes={})))
            >>> stage.key('model.target'), stage.key('model.nodes'), stage.key('train_cfg')
            ('stages[1].model.target', None, None)
        """
        own: Any = self.own
        common: Any = self.common
        for depth, name in enumerate(_names(key)):
            if not _has(own, name):
                if depth == 0 or _has(common, name):
                    return None
                break
            own, common = own[name], common[name] if _has(common, name) else None
        return f'{STAGES}[{self.number}].{key}'

    @contextmanager
    def named_errors(self) -> Iterator[None]:
        """Makes the key of a :class:`ConfigError` of the stage's config the one that it has in the whole config."""
        try:
            yield
        except ConfigError as error:
            key, problem = error.key, error.problem
            taken = re.match(r'(model\.nodes\.(\w+))\.((?:network|checkpoint|prefix)\b.*)', key)
            if taken and any(is_taken(_node(config, taken[2])) for config in (self.own, self.common)):
                key, problem = f'{taken[1]}.stage', f'{taken[3]} {problem}'
            named = self.key(key)
            # What is at the top may be right in another stage.
            where = f' (in stage {self.name!r})' if named is None and self.number else ''
            raise type(error)(named or key, f'{problem}{where}') from error.__cause__


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
            :func:`stage_seed`, unless it sets one itself.

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
        stages.append(Stage(name, number, _seeded(_merged(common, own, key), own, number), own, common))
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


def resolved_nodes(
    config: Mapping[str, Any], earlier: Sequence[Stage], later: Sequence[str], folder: str | Path
) -> dict[str, Any]:
    """A config whose nodes take networks of earlier stages, with these networks.

    Args:
        config: Of a stage, plain dicts; it stays as it is.
        earlier: The stages before it, resolved.
        later: The names of the stage itself and of those after it.
        folder: Of the whole run.

    Raises:
        ConfigError: If a node takes what is not there; the key is the one in this config.
    """
    model = config.get('model')
    nodes = model.get('nodes') if isinstance(model, Mapping) else None
    if not isinstance(nodes, Mapping) or not any(map(is_taken, nodes.values())):
        return dict(config)
    assert isinstance(model, Mapping)
    changed = {
        name: _resolved(node, f'model.nodes.{name}', earlier, later, folder) if is_taken(node) else node
        for name, node in nodes.items()
    }
    return {**config, 'model': {**model, 'nodes': changed}}


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
    return {**last.config, STAGES: [dict(stage.config, name=stage.name) for stage in earlier]}


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
    return without_delete(merged.to_dict())


def _seeded(config: dict[str, Any], own: Mapping[str, Any], number: int) -> dict[str, Any]:
    randomness = config.get('randomness')
    if isinstance(randomness, Mapping) and type(seed := randomness.get('seed')) is int and seed >= 0:
        if not _has(own.get('randomness'), 'seed'):
            config['randomness'] = {**randomness, 'seed': stage_seed(seed, number)}
    return config


def _node(config: Mapping[str, Any], name: str) -> Any:
    nodes = (config.get('model') or {}).get('nodes')
    return nodes.get(name) if isinstance(nodes, Mapping) else None


def _resolved(
    node: Mapping[str, Any], key: str, earlier: Sequence[Stage], later: Sequence[str], folder: str | Path
) -> dict[str, Any]:
    """A node with the network of another stage's."""
    taken = check_taken(node, key)
    if taken is None:  # the graph's check says why
        return dict(node)
    key = f'{key}.stage'
    stage = next((stage for stage in earlier if stage.name == taken['name']), None)
    if stage is None:
        names = [stage.name for stage in earlier]
        what = f'{taken["name"]!r} is not earlier' if taken['name'] in later else f'no stage is named {taken["name"]!r}'
        hint = did_you_mean(taken['name'], names) if names else 'there is none before the first one'
        raise ConfigError(f'{key}.name', f'{what}; must be an earlier stage, {hint}')
    nodes = (stage.config.get('model') or {}).get('nodes') or {}
    networks = [name for name, other in nodes.items() if isinstance(other, Mapping) and 'network' in other]
    if taken['node'] not in networks:
        what = 'has no network' if taken['node'] in nodes else 'is not there'
        hint = did_you_mean(taken['node'], networks)
        raise ConfigError(f'{key}.node', f'{taken["node"]!r} {what} in stage {stage.name!r}; {hint}')
    try:
        checkpoint = kept_checkpoint(stage.config, taken.get('epoch'))
    except ValueError as error:
        where = 'name' if taken.get('epoch') is None else 'epoch'
        raise ConfigError(f'{key}.{where}', f'stage {stage.name!r} {error}') from error
    network = without_weights(dict(network=copy.deepcopy(nodes[taken['node']]['network'])))['network']
    return {
        **{entry: value for entry, value in node.items() if entry != 'stage'},
        'network': network,
        'checkpoint': str(Path(folder) / stage.name / checkpoint),
        'prefix': f'nodes.{taken["node"]}.network.',
    }


def _names(key: str) -> list[str | int]:
    """The names that a key is made of: ``a.b['c->d'][1]``."""
    found = re.findall(r"\[(\d+)\]|\['([^']*)'\]|([^.\[\]]+)", key)
    return [int(number) if number else quoted or plain for number, quoted, plain in found]


def _has(value: Any, name: str | int) -> bool:
    if isinstance(value, Mapping):
        return name in value
    return isinstance(value, (list, tuple)) and isinstance(name, int) and name < len(value)
