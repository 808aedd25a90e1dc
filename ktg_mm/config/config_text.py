"""Writes plain values as the text of a config that a person likes to read."""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from typing import Any

_WIDTH = 120


class Reference(str):
    """The name of a value, such as ``_base_.resnet8``, which is written in the value's place.

    Example:
        >>> write_value(dict(network=Reference('_base_.resnet8')))
        'dict(network=_base_.resnet8)'
    """


def write_value(value: Any, indent: int = 0, used: int = 0, broken: int = 0) -> str:
    """Writes a value, on one line if it fits.

    Args:
        value: Dicts, lists, tuples and what they hold.
        indent: Columns before the line that the value begins on.
        used: Columns of that line which are taken, the indent included.
        broken: Levels of dicts that get a line for each entry though they would fit on one.

    Example:
        >>> print(write_value({'a->b': dict(weight=2.0), 'b->a': dict()}, broken=1))
        {
            'a->b': dict(weight=2.0),
            'b->a': dict(),
        }
    """
    flat = _flat(value)
    has_parts = isinstance(value, (Mapping, list, tuple)) and len(value) > 0
    if not has_parts or (used + len(flat) < _WIDTH and not (broken and isinstance(value, Mapping))):
        return flat
    opening, closing, parts = _parts(value)
    inner = indent + 4
    lines = [
        f'{" " * inner}{head}{write_value(part, inner, inner + len(head), broken - 1 if broken else 0)},'
        for head, part in parts
    ]
    return '\n'.join([opening, *lines, f'{" " * indent}{closing}'])


def _flat(value: Any) -> str:
    if isinstance(value, Reference) or not isinstance(value, (Mapping, list, tuple)):
        return str(value) if isinstance(value, Reference) else repr(value)
    opening, closing, parts = _parts(value)
    comma = ',' if isinstance(value, tuple) and len(value) == 1 else ''
    return f'{opening}{", ".join(head + _flat(part) for head, part in parts)}{comma}{closing}'


def _parts(value: Any) -> tuple[str, str, list[tuple[str, Any]]]:
    """The brackets of a dict or list, and what stands before each of its parts."""
    if isinstance(value, tuple):
        return '(', ')', [('', part) for part in value]
    if isinstance(value, list):
        return '[', ']', [('', part) for part in value]
    if all(isinstance(key, str) and key.isidentifier() and not keyword.iskeyword(key) for key in value):
        return 'dict(', ')', [(f'{key}=', part) for key, part in value.items()]
    return '{', '}', [(f'{key!r}: ', part) for key, part in value.items()]


def difference(base: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What a config must say on top of its base to be the wanted one.

    Args:
        base: The base's entries.
        wanted: All entries that the config is to have; at the top an entry that is missing here becomes None, as a
            config cannot take it away.

    Example:
        >>> difference(dict(a=dict(x=1, y=2), b=1), dict(a=dict(x=1, y=3), b=1))
        {'a': {'y': 3}}
        >>> difference(dict(a=dict(type='SGD', momentum=0.9)), dict(a=dict(type='Adam')))
        {'a': {'_delete_': True, 'type': 'Adam'}}
    """
    gone = {key: None for key in base if key not in wanted and base[key] is not None}
    return {**_difference(base, wanted), **gone}


def _difference(base: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in wanted.items():
        if key in base and base[key] == value:
            continue
        if key not in base or not isinstance(value, Mapping):
            found[key] = value
        elif isinstance(base[key], Mapping) and set(base[key]) <= set(value):
            found[key] = _difference(base[key], value)
        else:  # mmengine would merge the two
            found[key] = {'_delete_': True, **value}
    return found
