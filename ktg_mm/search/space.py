"""The search space: which values the paths of a config may take."""

from __future__ import annotations

import copy
import fnmatch
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from ktg_mm.errors import ConfigError, did_you_mean

_WILD = '*?['  # as in names of files
_RANGE = {'low', 'high', 'log', 'step'}
_ENTRY = {'choices', 'when', *_RANGE}

Ask = Callable[[str, BaseDistribution], Any]


@dataclass(frozen=True)
class Parameter:
    """One path of the config and what it may be.

    Args:
        path: The keys that lead to the place.
        distribution: What Optuna draws from: the choices' names, or a range.
        choices: The choices' values by their names; empty for a range.
        when: The parameter is drawn only if each of these parameters took one of the choices named beside it.
    """

    path: tuple[str, ...]
    distribution: BaseDistribution
    choices: Mapping[str, Any] = field(default_factory=dict)
    when: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The path with dots, which is the parameter's name in the study."""
        return '.'.join(self.path)

    def value(self, drawn: Any) -> Any:
        """What comes into the config for a drawn name or number."""
        return copy.deepcopy(self.choices[drawn]) if self.choices else drawn


class SearchSpace:
    """Paths of a config, with what each may be.

    A key is a path; ``*`` stands for any name at its place, also within a name (``label->*``, ``net[23]``). Where several keys fit
    one path, the one with the fewest ``*`` wins. A value is one of

    - ``dict(name=choice, ...)`` or a list of plain choices: the choice replaces everything under the path, and the
      study keeps its name. The choice None removes the entry (a node with its edges);
    - ``dict(low=..., high=..., log=False, step=None)``: a range, of whole numbers if both ends are;
    - either with conditions, ``dict(choices=..., when={path: names})`` or ``dict(low=..., high=..., when=...)``: drawn
      only if the other parameter took one of the names. A ``*`` there stands for what it stands for in the key.

    A parameter whose place does not exist, because another choice has removed it, is not drawn.

    Args:
        space: The paths and their values.
        base: The config that the space is about, as plain dicts.

    Raises:
        ConfigError: If a path leads nowhere, or there is nothing to choose from.

    Example:
        >>> space = SearchSpace({'a.*.gate': ['open', 'shut'], 'a.y.gate': dict(low=1, high=3)}, dict(a=dict(x={}, y={})))
        >>> [parameter.name for parameter in space.parameters], space.size()
        (['a.x.gate', 'a.y.gate'], 6)
    """

    def __init__(self, space: Mapping[str, Any], base: Mapping[str, Any]) -> None:
        if not isinstance(space, Mapping) or not space:
            raise ConfigError('search.space', 'must be a dict of at least one path of the config and its choices')
        self.base = base
        found: dict[tuple[str, ...], tuple[int, Parameter]] = {}
        for key, entry in space.items():
            stars = sum(map(key.count, _WILD))
            paths = list(_expand(key, base, space))
            for path, matched in paths:
                if path not in found or stars < found[path][0]:
                    found[path] = (stars, _read_parameter(key, path, entry, matched))
                elif stars == found[path][0]:
                    raise ConfigError(_key(key), f'another key with as many * also fits {".".join(path)!r}')
        self.parameters = _in_order([parameter for _, parameter in found.values()])

    def draw(self, ask: Ask) -> tuple[dict[str, Any], dict[str, Any]]:
        """Draws all parameters that matter.

        Args:
            ask: Returns a value for a parameter's name and distribution.

        Returns:
            The drawn values by the parameters' names, and the config that they make.
        """
        config = copy.deepcopy(dict(self.base))
        values: dict[str, Any] = {}
        for parameter in self.parameters:
            if _is_active(parameter, config, values):
                values[parameter.name] = ask(parameter.name, parameter.distribution)
                _put(config, parameter.path, parameter.value(values[parameter.name]))
        return values, config

    def apply(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the config that drawn values make.

        Raises:
            ConfigError: If a parameter of the space has no value.
        """

        def ask(name: str, distribution: BaseDistribution) -> Any:
            if name not in values:
                raise ConfigError('search.space', f'the trial has no value for {name!r}; it is of another space')
            return values[name]

        return self.draw(ask)[1]

    def size(self) -> float:
        """The number of different draws; ``inf`` if a range is continuous."""
        return _count(self.parameters, dict(self.base), {})

    def description(self) -> dict[str, Any]:
        """The space as plain values, to tell it from another one."""
        return {
            parameter.name: dict(
                distribution=repr(parameter.distribution),
                choices=parameter.choices,
                when={name: list(names) for name, names in parameter.when.items()},
            )
            for parameter in self.parameters
        }


def _is_pattern(segment: str) -> bool:
    return any(sign in segment for sign in _WILD)


def _key(key: str) -> str:
    return f'search.space[{key!r}]'


def _expand(
    key: str, base: Mapping[str, Any], space: Mapping[str, Any]
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Every path that a key stands for, with what its ``*`` segments stand for."""
    paths: list[tuple[tuple[str, ...], tuple[str, ...], Any]] = [((), (), base)]
    segments = key.split('.')
    for i, segment in enumerate(segments):
        longer = []
        for path, matched, here in paths:
            names = _names(here)
            if _is_pattern(segment):
                longer += [
                    ((*path, name), (*matched, name), _get(here, name))
                    for name in names
                    if fnmatch.fnmatchcase(name, segment)
                ]
            elif segment in names or i == len(segments) - 1 or _is_chosen((*path, segment), space):
                longer.append(((*path, segment), matched, _get(here, segment)))
            elif not longer:
                raise ConfigError(
                    _key(key), f'{".".join(segments[: i + 1])!r} is not in the config; {did_you_mean(segment, names)}'
                )
        if not longer:
            raise ConfigError(_key(key), f'nothing in the config fits {".".join(segments[: i + 1])!r}')
        paths = longer
    for path, matched, _ in paths:
        if len(path) > 1 or path[0] in base:
            yield path, matched
        else:
            raise ConfigError(_key(key), f'{key!r} is not in the config; {did_you_mean(key, base)}')


def _names(here: Any) -> list[str]:
    if isinstance(here, Mapping):
        return [str(name) for name in here]
    return [str(i) for i in range(len(here))] if isinstance(here, (list, tuple)) else []


def _get(here: Any, name: str) -> Any:
    if isinstance(here, Mapping):
        return here.get(name)
    return here[int(name)] if isinstance(here, (list, tuple)) and name in _names(here) else None


def _is_chosen(path: tuple[str, ...], space: Mapping[str, Any]) -> bool:
    """Whether the place, or one above it, is itself filled by the space."""
    return any(
        len(segments) <= len(path) and all(fnmatch.fnmatchcase(a, b) for a, b in zip(path, segments, strict=False))
        for segments in (key.split('.') for key in space)
    )


def _read_parameter(key: str, path: tuple[str, ...], entry: Any, matched: Sequence[str]) -> Parameter:
    when: dict[str, list[str]] = {}
    if isinstance(entry, Mapping) and set(entry) <= _ENTRY and ('choices' in entry or {'low', 'high'} <= set(entry)):
        when = {
            _fill(key, other, matched): [str(n) for n in (names if isinstance(names, (list, tuple)) else [names])]
            for other, names in (entry.get('when') or {}).items()
        }
        if 'choices' not in entry:
            return Parameter(path, _range(key, entry), when=when)
        entry = entry['choices']
    if not isinstance(entry, (Mapping, list, tuple)):
        raise ConfigError(_key(key), f'must be a dict of choices, a list, or dict(low=..., high=...), got {entry!r}')
    choices = dict(entry) if isinstance(entry, Mapping) else {str(choice): choice for choice in entry}
    if not choices:
        raise ConfigError(_key(key), 'there is nothing to choose from; give at least one choice')
    if len(choices) < len(entry):
        raise ConfigError(_key(key), 'two choices of the list read the same; give them names: dict(name=choice, ...)')
    for name in choices:
        if not isinstance(name, str):
            raise ConfigError(_key(key), f"a choice's name must be a string, got {name!r}")
    return Parameter(path, CategoricalDistribution(tuple(choices)), choices, when)


def _fill(key: str, other: str, matched: Sequence[str]) -> str:
    """A condition's path with its ``*`` segments replaced by what they stand for in the key."""
    segments = other.split('.')
    starred = [i for i, segment in enumerate(segments) if _is_pattern(segment)]
    if len(starred) > len(matched):
        raise ConfigError(f'{_key(key)}.when', f'{other!r} has more * than the key itself')
    for i, name in zip(starred, matched, strict=False):
        segments[i] = name
    return '.'.join(segments)


def _range(key: str, entry: Mapping[str, Any]) -> BaseDistribution:
    low, high, step, log = entry['low'], entry['high'], entry.get('step'), bool(entry.get('log', False))
    try:
        if all(isinstance(value, int) for value in (low, high)) and isinstance(step, (int, type(None))):
            return IntDistribution(low, high, log=log, step=step or 1)
        return FloatDistribution(float(low), float(high), log=log, step=step)
    except (TypeError, ValueError) as error:
        raise ConfigError(_key(key), f'is no range: {" ".join(str(error).split())}') from error


def _in_order(parameters: list[Parameter]) -> list[Parameter]:
    """Shallow paths first, and each parameter after those that its condition names."""
    names = {parameter.name: parameter for parameter in parameters}
    ordered: list[Parameter] = []

    def visit(parameter: Parameter, above: tuple[str, ...]) -> None:
        if parameter.name in above:
            raise ConfigError('search.space', f'the conditions form a cycle: {" <- ".join([*above, parameter.name])}')
        for other, wanted in parameter.when.items():
            if other not in names:
                raise ConfigError(
                    f'search.space: when of {parameter.name!r}',
                    f'{other!r} is no parameter; {did_you_mean(other, names)}',
                )
            for name in wanted:
                if name not in names[other].choices:
                    raise ConfigError(
                        f'search.space: when of {parameter.name!r}',
                        f'{other!r} has no choice {name!r}; {did_you_mean(name, names[other].choices)}',
                    )
            visit(names[other], (*above, parameter.name))
        if parameter not in ordered:
            ordered.append(parameter)

    for parameter in sorted(parameters, key=lambda parameter: (len(parameter.path), parameter.path[:2] != ('model', 'nodes'))):
        visit(parameter, ())
    return ordered


def _is_active(parameter: Parameter, config: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    if any(values.get(other) not in names for other, names in parameter.when.items()):
        return False
    here: Any = config
    for name in parameter.path[:-1]:
        if name not in _names(here):
            return False
        here = _get(here, name)
    if parameter.path[:2] == ('model', 'edges') and len(parameter.path) > 2:  # an edge goes with its nodes
        ends = parameter.path[2].split(':')[0].split('->')
        if any(end not in config['model'].get('nodes', {}) for end in ends if end != 'label'):
            return False
    return isinstance(here, (Mapping, list))


def _put(config: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    here: Any = config
    for name in path[:-1]:
        here = _get(here, name)
    name = path[-1]
    if value is not None:
        if isinstance(here, list):
            here[int(name)] = value
        else:
            here[name] = value
    elif isinstance(here, dict):
        here.pop(name, None)
        if path[:-1] == ('model', 'nodes'):
            _forget_node(config['model'], name)


def _forget_node(model: dict[str, Any], node: str) -> None:
    """Takes a removed node's edges away, and its place in ensembles."""
    for key in [key for key in model.get('edges', {}) if node in key.split(':')[0].split('->')]:
        del model['edges'][key]
    for other in model['nodes'].values():
        if 'members' in other:
            other['members'] = [member for member in other['members'] if member != node]


def _count(parameters: Sequence[Parameter], config: dict[str, Any], values: dict[str, Any]) -> float:
    """The number of draws of the parameters, group by group of those that depend on one another."""
    total: float = 1
    for group in _groups(parameters):
        first, rest = group[0], group[1:]
        if not _is_active(first, config, values):
            total *= _count(rest, config, values)
        elif not rest:
            total *= _options(first)
        elif not first.choices:
            total *= _options(first) * _count(rest, config, values)
        else:
            subtotal: float = 0
            for name in first.choices:
                chosen = copy.deepcopy(config)
                _put(chosen, first.path, first.value(name))
                subtotal += _count(rest, chosen, {**values, first.name: name})
            total *= subtotal
    return total


def _options(parameter: Parameter) -> float:
    distribution = parameter.distribution
    if isinstance(distribution, CategoricalDistribution):
        return len(distribution.choices)
    if isinstance(distribution, IntDistribution):
        return (distribution.high - distribution.low) // distribution.step + 1
    assert isinstance(distribution, FloatDistribution)
    if distribution.low == distribution.high:
        return 1
    return math.floor((distribution.high - distribution.low) / distribution.step) + 1 if distribution.step else math.inf


def _groups(parameters: Sequence[Parameter]) -> list[list[Parameter]]:
    """Splits parameters, in order, into groups that do not depend on one another."""
    groups: list[list[Parameter]] = []
    for parameter in parameters:
        touching = [group for group in groups if any(_depends(parameter, other) for other in group)]
        groups = [group for group in groups if group not in touching]
        groups.append([other for group in touching for other in group] + [parameter])
    position = {parameter.name: i for i, parameter in enumerate(parameters)}
    return [sorted(group, key=lambda parameter: position[parameter.name]) for group in groups]


def _depends(parameter: Parameter, earlier: Parameter) -> bool:
    if earlier.name in parameter.when or parameter.path[: len(earlier.path)] == earlier.path:
        return True
    removes = earlier.path[:2] == ('model', 'nodes') and None in earlier.choices.values()
    return removes and parameter.path[:2] == ('model', 'edges') and earlier.path[2] in parameter.path[2]
