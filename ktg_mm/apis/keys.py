"""Keys of a config: what the entries within a value are called."""

from collections.abc import Iterator, Mapping
from typing import Any


def parts_of(value: Any, key: str = '') -> Iterator[tuple[str, Mapping[str, Any]]]:
    """All dicts within a config, each after the one that holds it, with their keys.

    Example:
        >>> list(parts_of(dict(model=dict(edges={'a->b': {}}), hooks=[{}])))[2:]
        [("model.edges['a->b']", {}), ('hooks[0]', {})]
    """
    if isinstance(value, Mapping):
        if key:
            yield key, value
        for name, entry in value.items():
            yield from parts_of(entry, joined(key, name))
    elif isinstance(value, (list, tuple)):
        for i, entry in enumerate(value):
            yield from parts_of(entry, f'{key}[{i}]')


def joined(key: str, name: object) -> str:
    """The key of an entry.

    Example:
        >>> joined('model.edges', 'a->b'), joined('model', 'nodes')
        ("model.edges['a->b']", 'model.nodes')
    """
    if not key:
        return str(name)
    return f'{key}.{name}' if str(name).isidentifier() else f'{key}[{name!r}]'
