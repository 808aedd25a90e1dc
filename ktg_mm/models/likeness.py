"""Which modules compute the same but for their weights."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from typing import Any

from torch import nn

_WEIGHTS_AND_HOOKS = {*vars(nn.Module()), 'init_cfg', '_is_init', '_params_init_info'}


def likeness(module: nn.Module, without: Collection[str] = ()) -> Hashable:
    """What two modules must have in common so that one of them may run with the weights of the other.

    It is every attribute of every module in them, and the weights' names, shapes and types. Modules that keep something
    that cannot be compared are like themselves alone.

    Args:
        module: A network, or a part of an edge.
        without: Attributes of the module itself that may differ.

    Example:
        >>> likeness(nn.Dropout(0.5)) == likeness(nn.Dropout(0.1))
        False
        >>> likeness(nn.Dropout(0.5), without=['p']) == likeness(nn.Dropout(0.1), without=['p'])
        True
    """
    found: list[Hashable] = []
    for place, one in module.named_modules():
        own = {name: value for name, value in vars(one).items() if name not in _WEIGHTS_AND_HOOKS}
        found.append((place, type(one), _comparable({name: own[name] for name in own if place or name not in without})))
    weights = (*module.named_parameters(), *module.named_buffers())
    return (*found, *((name, value.shape, value.dtype) for name, value in weights))


def mode(module: nn.Module) -> Hashable:
    """Which modules of a network are in training mode, and which of its parameters learn.

    Example:
        >>> mode(nn.Linear(1, 1)) == mode(nn.Linear(1, 1).eval())
        False
    """
    return (
        tuple(one.training for one in module.modules()),
        tuple(parameter.requires_grad for parameter in module.parameters()),
    )


def _comparable(value: Any) -> Hashable:
    if isinstance(value, Mapping):
        return tuple(sorted(((str(key), _comparable(one)) for key, one in value.items()), key=lambda item: item[0]))
    if isinstance(value, (list, tuple)):
        return tuple(map(_comparable, value))
    return value if isinstance(value, Hashable) else id(value)
