"""Samplers: Optuna's by their class names, and what a user registers beside them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import optuna
from mmengine.registry import Registry

from ktg_mm.config import class_of
from ktg_mm.errors import ConfigError, did_you_mean
from ktg_mm.registry import SAMPLERS


def build_sampler(cfg: Mapping[str, Any], seed: int | None = None) -> optuna.samplers.BaseSampler:
    """Builds a sampler from its class name and arguments.

    Args:
        cfg: ``dict(type='RandomSampler', seed=0, ...)``.
        seed: Takes the place of the config's, if the class has the argument. Defaults to None: as the config says.

    Raises:
        ConfigError: If there is no such sampler or it does not take the arguments.

    Example:
        >>> type(build_sampler(dict(type='TPESampler'), seed=1)).__name__
        'TPESampler'
    """
    return build_part(cfg, SAMPLERS, optuna.samplers.BaseSampler, 'search.sampler', seed)


def build_part(cfg: Mapping[str, Any], registry: Registry, base: type, key: str, seed: int | None = None) -> Any:
    """Builds a class that must be of Optuna's base class; ``key`` is its place in the config."""
    kind = cfg.get('type')
    cls = class_of(registry, dict(type=kind))
    if not (inspect.isclass(cls) and issubclass(cls, base)):
        hint = did_you_mean(kind, registry.module_dict)
        raise ConfigError(f'{key}.type', f"{kind!r} is no {registry.name} (a {base.__name__} of Optuna's); {hint}")
    arguments = {name: value for name, value in cfg.items() if name != 'type'}
    known = inspect.signature(cls).parameters.values()
    if seed is not None and any(one.name == 'seed' or one.kind is one.VAR_KEYWORD for one in known):
        arguments['seed'] = seed
    try:
        return cls(**arguments)
    except (TypeError, ValueError) as error:
        raise ConfigError(key, f'{cls.__name__}: {" ".join(str(error).split())}') from error


def register_all(registry: Registry, module: Any) -> None:
    """Registers the classes of a module of Optuna's, but for abstract ones."""
    for name in module.__all__:
        if inspect.isclass(cls := getattr(module, name)) and not inspect.isabstract(cls):
            registry.register_module(module=cls)


register_all(SAMPLERS, optuna.samplers)
