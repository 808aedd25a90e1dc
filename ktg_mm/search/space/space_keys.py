"""Reads the keys and entries of a search space."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from ktg_mm.errors import ConfigError, did_you_mean, one_line

from .parameter import ConfigPath, Parameter, at, depends, get, names_in

_WILD = '*?['  # as in names of files
_RANGE = {'low', 'high', 'log', 'step'}
_ENTRY = {'choices', 'when', *_RANGE}
# How other tools of search write a range or choices; the names alone would be taken for those of choices.
_FOREIGN = {'min', 'max', 'lower', 'upper', 'value', 'values', 'distribution'}


def read_space(space: Any, base: Mapping[str, Any]) -> list[Parameter]:
    """Reads a space: every path that a key stands for, with the entry of the most specific key.

    Args:
        space: ``search.space``.
        base: The config that it is about, as plain dicts.

    Returns:
        The parameters: shallow paths first, and each after those that its condition names.

    Raises:
        ConfigError: At the first mistake.
    """
    if not isinstance(space, Mapping) or not space:
        raise ConfigError('search.space', 'must be a dict of at least one path of the config and its choices')
    fitting: dict[ConfigPath, list[tuple[str, Parameter]]] = {}
    for key, entry in space.items():
        if not isinstance(key, str):
            raise ConfigError('search.space', f'a key must be a path such as "model.edges.*.gate", got {key!r}')
        for part in _parts(key):
            for path, matched in _expand(key, part, base, space):
                fitting.setdefault(path, []).append((part, _read_parameter(key, path, entry, matched)))
    parameters = []
    for path, found in fitting.items():
        found.sort(key=lambda one: _wildness(one[0]))
        ties = [(part, parameter) for part, parameter in found if _wildness(part) == _wildness(found[0][0])]
        narrowest = [one for part, one in ties if all(_covers(other, part) for other, _ in ties)]
        if not narrowest:
            clash = f'fits {".".join(path)!r} as {ties[0][1].key!r} does, and neither is narrower'
            raise ConfigError(key_path(ties[1][1].key), f'{clash}; give that path a key of its own')
        parameters.append(narrowest[0])
    for parameter in parameters:
        _check_place(parameter, parameters, base)
    return _in_order(parameters)


def key_path(key: str) -> str:
    """How a message names a key of the space."""
    return f'search.space[{key!r}]'


def _parts(key: str) -> list[str]:
    """The paths of a key: one, or several with commas between them, which one choice sets."""
    return [part.strip() for part in key.split(',')]


def _together(key: str) -> str | None:
    """The name of what a key of several paths sets at once; None for a key of one."""
    return ', '.join(_parts(key)) if ',' in key else None


def _wildness(key: str) -> int:
    return sum(map(key.count, _WILD))


def _covers(wide: str, narrow: str) -> bool:
    """Whether a key fits all that another of as many segments fits, such as ``*`` all of ``label->*``."""
    pairs = zip(narrow.split('.'), wide.split('.'), strict=True)
    return all(a == b or fnmatch.fnmatchcase(a, b) for a, b in pairs)


def _expand(
    key: str, part: str, base: Mapping[str, Any], space: Mapping[str, Any]
) -> list[tuple[ConfigPath, ConfigPath]]:
    """Every path that a part of a key stands for, with what its ``*`` segments stand for."""
    paths: list[tuple[ConfigPath, ConfigPath, Any]] = [((), (), base)]
    others = [one.split('.') for other in space if isinstance(other, str) and other != key for one in _parts(other)]
    segments = part.split('.')
    for i, segment in enumerate(segments):
        longer = []
        for path, matched, here in paths:
            names = names_in(here)
            if _wildness(segment):
                fitting = [name for name in names if fnmatch.fnmatchcase(name, segment)]
                longer += [((*path, name), (*matched, name), get(here, name)) for name in fitting]
            # The last may be new to its place, as many parts of a config have a default.
            elif segment in names or _is_filled((*path, segment), others) or 0 < i == len(segments) - 1:
                longer.append(((*path, segment), matched, get(here, segment)))
        if not longer:
            known = {name for _, _, here in paths for name in names_in(here)}
            missing = '.'.join(segments[: i + 1])
            raise ConfigError(key_path(key), f'{missing!r} is not in the config; {did_you_mean(segment, known)}')
        paths = longer
    return [(path, matched) for path, matched, _ in paths]


def _is_filled(path: ConfigPath, others: Sequence[Sequence[str]]) -> bool:
    """Whether another key of the space fills the place, or one above it."""
    return any(
        len(segments) <= len(path) and all(fnmatch.fnmatchcase(a, b) for a, b in zip(path, segments, strict=False))
        for segments in others
    )


def _check_place(parameter: Parameter, parameters: Sequence[Parameter], base: Mapping[str, Any]) -> None:
    """Refuses a parameter whose place is neither in the config nor in anything that may come to be there."""
    above, last, where = parameter.path[:-1], parameter.path[-1], key_path(parameter.key)
    for here in [at(base, above), *(here for other in parameters for here in other.under(above).values())]:
        if isinstance(here, list) and None in parameter.choices.values():
            raise ConfigError(where, 'None cannot remove a place of a list; give whole lists to choose')
        if last in names_in(here) if isinstance(here, list) else isinstance(here, Mapping):
            return
    reason = 'has no entries, in the config or by any choice'
    if isinstance(here := at(base, above), list):
        reason = f'has no place {last!r}; {did_you_mean(last, names_in(here))}'
    raise ConfigError(where, f'{".".join(above)!r} {reason}')


def _read_parameter(key: str, path: ConfigPath, entry: Any, matched: Sequence[str]) -> Parameter:
    where = key_path(key)
    when: dict[str, list[str]] = {}
    if isinstance(entry, Mapping) and ('choices' in entry or {'low', 'high'} <= set(entry)):
        kind = {'choices', 'when'} if 'choices' in entry else {'when', *_RANGE}
        for name in entry:
            if name not in kind:
                beside = 'choices' if 'choices' in entry else 'low and high'
                raise ConfigError(where, f'unknown entry {name!r} beside {beside}; {did_you_mean(name, kind)}')
        when = _conditions(key, entry.get('when') or {}, () if _together(key) else matched)
        if 'choices' not in entry:
            return Parameter(key, path, _range(key, entry), when=when, together=_together(key))
        entry = entry['choices']
    elif isinstance(entry, Mapping) and entry and _is_no_range(entry):
        missing = f'has {", ".join(sorted(entry))}, but neither choices nor both low and high'
        advice = '; choices=dict(...) takes choices of such names' if set(entry) & _FOREIGN else ''
        raise ConfigError(where, missing + advice)
    if not isinstance(entry, (Mapping, list, tuple)):
        raise ConfigError(where, f'must be a dict of choices, a list, or dict(low=..., high=...), got {entry!r}')
    choices = dict(entry) if isinstance(entry, Mapping) else {str(choice): choice for choice in entry}
    if not choices:
        raise ConfigError(where, 'there is nothing to choose from; give at least one choice')
    if len(choices) < len(entry):
        raise ConfigError(where, 'two choices of the list read the same; give them names: dict(name=choice, ...)')
    for name in choices:
        if not isinstance(name, str):
            raise ConfigError(where, f"a choice's name must be a string, got {name!r}")
    return Parameter(key, path, CategoricalDistribution(tuple(choices)), choices, when, _together(key))


def _is_no_range(entry: Mapping[str, Any]) -> bool:
    """Whether a dict was meant for a range or for choices, but says it in other words."""
    foreign = set(entry) <= _ENTRY | _FOREIGN and not any(isinstance(value, Mapping) for value in entry.values())
    return set(entry) < _ENTRY or foreign


def _conditions(key: str, when: Any, matched: Sequence[str]) -> dict[str, list[str]]:
    if not isinstance(when, Mapping) or not all(isinstance(other, str) and names for other, names in when.items()):
        raise ConfigError(f'{key_path(key)}.when', f'must be a dict of a path and names of its choices, got {when!r}')
    return {
        _fill(key, other, matched): [str(name) for name in (names if isinstance(names, (list, tuple)) else [names])]
        for other, names in when.items()
    }


def _fill(key: str, other: str, matched: Sequence[str]) -> str:
    """A condition's path with its ``*`` segments replaced by what they stand for in the key."""
    if name := _together(other):  # a parameter's name as it is
        return name
    segments = other.split('.')
    starred = [i for i, segment in enumerate(segments) if _wildness(segment)]
    if len(starred) > len(matched):
        raise ConfigError(f'{key_path(key)}.when', f'{other!r} has more * than the key itself')
    for i, name in zip(starred, matched, strict=False):
        segments[i] = name
    return '.'.join(segments)


def _range(key: str, entry: Mapping[str, Any]) -> BaseDistribution:
    low, high, step, log = entry['low'], entry['high'], entry.get('step'), entry.get('log', False)
    for name, value in dict(low=low, high=high, step=step or 0).items():
        if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
            raise ConfigError(key_path(key), f'is no range: {name} must be a finite number, got {value!r}')
    if not isinstance(log, bool):
        raise ConfigError(key_path(key), f'is no range: log must be True or False, got {log!r}')
    try:
        if step is not None and step <= 0:
            raise ValueError(f'step must be above 0, got {step}')
        if step is not None and step > high - low > 0:
            raise ValueError(f'step {step} is larger than the range itself')
        if all(isinstance(value, int) for value in (low, high)) and isinstance(step, (int, type(None))):
            return IntDistribution(low, high, log=log, step=1 if step is None else step)
        return FloatDistribution(float(low), float(high), log=log, step=step)
    except (TypeError, ValueError) as error:
        raise ConfigError(key_path(key), f'is no range: {one_line(error)}') from error


def _in_order(parameters: list[Parameter]) -> list[Parameter]:
    """Shallow paths first, and each parameter after those that decide whether it is drawn."""
    names = {parameter.name: parameter for parameter in parameters}
    ordered: dict[ConfigPath, Parameter] = {}

    def visit(parameter: Parameter, above: tuple[ConfigPath, ...]) -> None:
        if parameter.path in ordered:
            return
        when = f'{key_path(parameter.key)}.when'
        if parameter.path in above:
            circle = ' <- '.join('.'.join(path) for path in [*above, parameter.path])
            raise ConfigError(when, f'the conditions form a cycle: {circle}')
        _check_conditions(when, parameter, names)
        for earlier in parameters:
            if earlier is not parameter and depends(parameter, earlier):
                visit(earlier, (*above, parameter.path))
        ordered[parameter.path] = parameter

    for parameter in sorted(parameters, key=lambda one: (len(one.path), one.path[:2] != ('model', 'nodes'))):
        visit(parameter, ())
    return list(ordered.values())


def _check_conditions(when: str, parameter: Parameter, names: Mapping[str, Parameter]) -> None:
    for other, wanted in parameter.when.items():
        if other == parameter.name:
            raise ConfigError(when, f'{other!r} is conditional on itself; name another parameter')
        if other not in names:
            raise ConfigError(when, f'{other!r} is no parameter of the space; {did_you_mean(other, names)}')
        if not (choices := names[other].choices):
            raise ConfigError(when, f'{other!r} is a range; a condition needs a parameter with choices')
        for name in wanted:
            if name not in choices:
                raise ConfigError(when, f'{other!r} has no choice {name!r}; {did_you_mean(name, choices)}')
