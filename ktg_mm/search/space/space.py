"""The search space: which values the paths of a config may take."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from optuna.distributions import BaseDistribution

from ktg_mm.config import LABEL, parse_edge_key
from ktg_mm.config.without_node import without_node
from ktg_mm.errors import ConfigError

from .parameter import ConfigPath, Parameter, at, depends
from .space_keys import read_space

Ask = Callable[[str, BaseDistribution], Any]


class SearchSpace:
    """Paths of a config, with what each may be.

    A key is a path; ``*`` stands for any name at its place, also within a name (``label->*``, ``net[23]``). Where
    several keys fit one path, the one with the fewest ``*`` wins, and of as many the narrower. Paths with commas
    between them are one parameter: what is drawn comes to all of them. A value is one of

    - ``dict(name=choice, ...)`` or a list of plain choices: the choice replaces everything under the path, and the
      study keeps its name. The choice None removes the entry (a node with its edges);
    - ``dict(low=..., high=..., log=False, step=None)``: a range, of whole numbers if both ends are;
    - either with conditions, ``dict(choices=..., when={path: names})`` or ``dict(low=..., high=..., when=...)``: drawn
      only if the other parameter took one of the names. A ``*`` there stands for what it stands for in the key.

    A parameter whose place does not exist, because another choice has removed it, is not drawn.

    Args:
        space: The paths and their values.
        base: The config that the space is about, as plain dicts.

    Attributes:
        firsts: The first choice of each parameter that removes nothing, or its range's lower end, by its name.

    Raises:
        ConfigError: If a path leads nowhere, or there is nothing to choose from.

    Example:
        >>> base = dict(a=dict(x={}, y={}))
        >>> space = SearchSpace({'a.*.gate': ['open', 'shut'], 'a.y.gate': dict(low=1, high=3)}, base)
        >>> [parameter.name for parameter in space.parameters], space.size()
        (['a.x.gate', 'a.y.gate'], 6)
    """

    def __init__(self, space: Mapping[str, Any] | None, base: Mapping[str, Any]) -> None:
        self.base = base
        self.parameters = read_space(space, base)
        self.firsts = {parameter.name: _first(parameter) for parameter in self.parameters}

    def draw(self, ask: Ask, only: Collection[str] | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
        """Draws all parameters that matter.

        Args:
            ask: Returns a value for a parameter's name and distribution.
            only: The parameters to draw, by name. Defaults to None: all.

        Returns:
            The drawn values by the parameters' names, and the config that they make.
        """
        config = _copy(self.base)
        values: dict[str, Any] = {}
        for parameter in self.parameters:
            if (only is None or parameter.name in only) and _is_active(parameter, config, values):
                if parameter.name not in values:  # else it was, for another of its paths
                    values[parameter.name] = ask(parameter.name, parameter.distribution)
                put(config, parameter.path, parameter.value(values[parameter.name]))
        self._forget_members(config)
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

    def grounds(self, parameter: Parameter) -> list[dict[str, str]]:
        """The choices of other parameters that each make the place of one; a single empty dict if the base has it."""
        above = parameter.path[:-1]
        found: list[dict[str, str]] = []
        for other in self.parameters:
            wanted = parameter.when.get(other.name, other.choices)
            found += [{other.name: name} for name in _fitting(other, above) if name in wanted]
        return found or [{}]

    def example(
        self, parameter: Parameter, drawn: Any, given: Mapping[str, Any] | None = None, fill: bool = False
    ) -> dict[str, Any] | None:
        """The base config with one parameter set, and those that it takes to have this one drawn.

        Args:
            parameter: One of the space's.
            drawn: The name of its choice, or a number of its range.
            given: What other parameters are to be.
            fill: True draws all other parameters, too: their first choice that removes nothing.

        Returns:
            The config; None if the parameter is not drawn there.
        """
        needed = {**self._needs(parameter), **(given or {}), parameter.name: drawn}
        values, config = self.draw(lambda name, _: needed.get(name, self.firsts[name]), None if fill else needed)
        return config if parameter.name in values else None

    def _forget_members(self, config: dict[str, Any]) -> None:
        """Takes removed nodes out of ensembles whose members were chosen afterwards."""
        before = (self.base.get('model') or {}).get('nodes') or {}
        nodes = (config.get('model') or {}).get('nodes') or {}
        for node in nodes.values() if before.keys() - nodes.keys() else ():
            if isinstance(node.get('members'), list):
                node['members'] = [name for name in node['members'] if name in nodes or name not in before]

    def draw_first(self) -> dict[str, Any]:
        """The config of the first choices that remove nothing."""
        return self.draw(lambda name, _: self.firsts[name])[1]

    def _needs(self, parameter: Parameter) -> dict[str, Any]:
        """What other parameters must be for one to be drawn."""
        by_name = {other.name: other for other in self.parameters}
        needed: dict[str, Any] = {}
        todo = [parameter]
        while todo:
            current = todo.pop()
            above = current.path[:-1]
            for name, wanted in current.when.items():
                if name not in needed:
                    needed[name] = wanted[0]
                    todo.append(by_name[name])
            for other in [] if _has_entries(at(self.base, above)) else self.parameters:
                fitting = _fitting(other, above)
                if other.name not in needed and fitting:
                    needed[other.name] = fitting[0]
                    todo.append(other)
        return needed

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


def _copy(value: Any) -> Any:
    """A copy whose dicts and lists may be changed; much quicker than deepcopy, and plain values need none."""
    if isinstance(value, dict):
        return {key: _copy(entry) for key, entry in value.items()}
    return [_copy(entry) for entry in value] if isinstance(value, list) else value


def _has_entries(here: Any) -> bool:
    return isinstance(here, (Mapping, list))


def _fitting(parameter: Parameter, path: ConfigPath) -> list[str]:
    """The choices of a parameter that each make a dict or list at a path."""
    return [name for name, here in parameter.under(path).items() if _has_entries(here)]


def _first(parameter: Parameter) -> Any:
    """A choice of a parameter that removes nothing, if it has one; a range's lower end."""
    return next((name for name, value in parameter.choices.items() if value is not None), parameter.ends[0])


def _is_active(parameter: Parameter, config: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    if any(values.get(other) not in names for other, names in parameter.when.items()):
        return False
    if parameter.path[:2] == ('model', 'edges') and len(parameter.path) > 2:  # an edge goes with its nodes
        ends = parse_edge_key(parameter.path[2])[:2]
        if not {LABEL, *config['model'].get('nodes', {})}.issuperset(ends):
            return False
    return _has_entries(at(config, parameter.path[:-1]))


def put(config: dict[str, Any], path: ConfigPath, value: Any) -> None:
    """Sets a place of a config; None removes it, a node with its edges."""
    here, name = at(config, path[:-1]), path[-1]
    if value is not None:
        here[int(name) if isinstance(here, list) else name] = value
    elif path[:-1] == ('model', 'nodes'):
        without_node(config['model'], name)
    else:
        here.pop(name, None)


def _count(parameters: Sequence[Parameter], config: dict[str, Any], values: dict[str, Any]) -> float:
    """The number of draws of the parameters, group by group of those that depend on one another."""
    total: float = 1
    for group in _groups(parameters):
        first, rest = group[0], group[1:]
        if first.name in values and _is_active(first, config, values):  # drawn with another of its paths
            chosen = _copy(config)
            put(chosen, first.path, first.value(values[first.name]))
            total *= _count(rest, chosen, values)
        elif not _is_active(first, config, values):
            total *= _count(rest, config, values)
        elif not (rest and first.choices):
            total *= _options(first) * _count(rest, config, {**values, first.name: first.ends[0]})
        else:
            subtotal: float = 0
            for name in first.choices:
                chosen = _copy(config)
                put(chosen, first.path, first.value(name))
                subtotal += _count(rest, chosen, {**values, first.name: name})
            total *= subtotal
    return total


def _options(parameter: Parameter) -> float:
    if parameter.choices:
        return len(parameter.choices)
    low, high = parameter.ends
    step: float | None = parameter.distribution.step  # type: ignore[attr-defined]
    if low == high:
        return 1
    return math.floor((high - low) / step) + 1 if step else math.inf


def _groups(parameters: Sequence[Parameter]) -> list[list[Parameter]]:
    """Splits parameters, in order, into groups that do not depend on one another."""
    groups: list[list[int]] = []
    for i, parameter in enumerate(parameters):
        touching = [group for group in groups if any(_linked(parameter, parameters[j]) for j in group)]
        groups = [group for group in groups if group not in touching]
        groups.append(sorted(sum(touching, [i])))
    return [[parameters[i] for i in group] for group in groups]


def _linked(parameter: Parameter, earlier: Parameter) -> bool:
    return parameter.name == earlier.name or depends(parameter, earlier)
