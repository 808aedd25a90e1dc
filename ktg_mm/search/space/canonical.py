"""One set of values for all that make the same graph."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from ktg_mm.errors import UntaughtError

from .space import SearchSpace

KeyOf = Callable[[dict[str, Any], dict[str, Any]], str]


def canonical_values(
    values: Mapping[str, Any], space: SearchSpace, key_of: KeyOf, exchangeable: Collection[str] = ()
) -> dict[str, Any]:
    """The values that stand for a graph, so that a sampler which learns from values learns about graphs.

    What changes nothing about the graph, such as the temperature of an edge that is cut off or whatever a node hears
    that the target does not, has its first choice; of nodes that can be exchanged the first has the values that come
    first.

    Args:
        values: As drawn.
        space: The space.
        key_of: What tells the graph of values and of their config from others.
        exchangeable: Names of nodes that nothing but the graph speaks of.

    Example:
        >>> base = dict(x=dict(a=1, b=1))
        >>> space = SearchSpace({'x.a': [1, 2], 'x.b': [1, 2]}, base)
        >>> canonical_values({'x.a': '2', 'x.b': '2'}, space, lambda values, config: str(config['x']['a']))
        {'x.a': '2', 'x.b': '1'}
    """

    def told(wanted: Mapping[str, Any]) -> tuple[dict[str, Any], str | None]:
        found, config = space.draw(lambda name, _: wanted.get(name, space.firsts[name]))
        try:
            return found, key_of(found, config)
        except UntaughtError:
            return found, None

    current, key = told(values)
    for name in list(current):
        if name in current and current[name] != space.firsts[name]:
            found, other = told({**current, name: space.firsts[name]})
            current = found if other == key else current
    for one, two in itertools.combinations(sorted(exchangeable), 2):
        swapped = {_exchanged(name, one, two): value for name, value in current.items()}
        if swapped.keys() == current.keys():
            found, other = told(swapped)
            if other == key and _order(found, space) < _order(current, space):
                current = found
    return current


def _exchanged(name: str, one: str, two: str) -> str:
    """A parameter's name, with each of two nodes in the other's place."""
    return re.sub(rf'\b({re.escape(one)}|{re.escape(two)})\b', lambda match: two if match[1] == one else one, name)


def _order(values: Mapping[str, Any], space: SearchSpace) -> list[Any]:
    """Where values stand among others: each by its place among the choices, or as a number."""
    found = []
    for parameter in space.parameters:
        if parameter.name in values:
            value = values[parameter.name]
            found.append(list(parameter.choices).index(value) if parameter.choices else value)
        else:
            found.append(-1)
    return found
