"""Looks up the class that a config names, and checks its arguments, before anything is built."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from typing import Any

from mmengine.registry import Registry

from ktg_mm.errors import ConfigError, did_you_mean

from .signatures import arguments_of


def class_of(registry: Registry, cfg: Mapping[str, Any]) -> Any:
    """The class that a config names, None if there is none."""
    if not isinstance(cfg['type'], str):
        return cfg['type']
    # Registry.get writes a line of the log each time, which takes most of a check's time.
    return registry.module_dict.get(cfg['type']) or registry.get(cfg['type'])


def check_type(cfg: Any, registry: Registry, path: str, what: str) -> Any:
    """Returns the class that a config names, after a look at the arguments that it gives.

    Args:
        cfg: The config of a part, ``dict(type=..., **arguments)``.
        registry: Where the part is registered.
        path: Config key of the part, for the message.
        what: What the part is, for the message.

    Raises:
        ConfigError: If no part of this type exists, or it does not take one of the arguments.

    Example:
        >>> import ktg_mm.models
        >>> from ktg_mm.registry import GATES
        >>> check_type(dict(type='CorrectGate'), GATES, 'model.edges.gate', 'gate').__name__
        'CorrectGate'
    """
    if not isinstance(cfg, Mapping) or 'type' not in cfg:
        raise ConfigError(path, f"must be the dict of one {what} with a 'type', got {cfg!r}")
    found = class_of(registry, cfg)
    if found is None or not callable(found):
        known = [name for scope in (registry, registry.parent) if scope for name in scope.module_dict]
        raise ConfigError(f'{path}.type', f'unknown {what} {cfg["type"]!r}; {did_you_mean(cfg["type"], known)}')
    arguments, takes_more = arguments_of(found)
    for argument in () if takes_more else cfg:
        if argument not in ('type', '_scope_', *arguments):
            hint = did_you_mean(argument, arguments) if arguments else 'it takes none'
            raise ConfigError(path, f'{found.__name__} has no argument {argument!r}; {hint}')
    return found


@functools.cache
def default_arguments(cls: Any) -> dict[str, Any]:
    """The arguments of a class that have a default, by name."""
    parameters = inspect.signature(cls.__init__).parameters.values() if inspect.isclass(cls) else ()
    return {one.name: one.default for one in parameters if one.default is not inspect.Parameter.empty}
