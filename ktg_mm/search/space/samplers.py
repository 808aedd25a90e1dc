"""Samplers: Optuna's by their class names, and what a user registers beside them."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping
from typing import Any

import optuna
from mmengine.registry import Registry

from ktg_mm.config import class_of
from ktg_mm.errors import ConfigError, did_you_mean, one_line
from ktg_mm.registry import SAMPLERS

from .regularized_evolution import RegularizedEvolutionSampler as RegularizedEvolutionSampler

_PLAIN: dict[str, tuple[type, ...]] = {
    'int': (int,), 'float': (int, float), 'bool': (bool,), 'str': (str,), 'None': (type(None),)
}  # fmt: skip


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
    known = inspect.signature(cls).parameters
    takes_any = any(one.kind is one.VAR_KEYWORD for one in known.values())
    if seed is not None and ('seed' in known or takes_any):
        arguments['seed'] = seed
    for name, value in arguments.items():
        if name in known:
            _check_argument(f'{key}.{name}', value, inspect.formatannotation(known[name].annotation).strip("'"))
            # All whole numbers of Optuna's are counts, and all numbers of a sampler's shares or weights.
            kind = (int, float) if base is optuna.samplers.BaseSampler else int
            least = name == 'n_ei_candidates'
            if cls.__module__.startswith('optuna.') and isinstance(value, kind) and not value >= least:
                raise ConfigError(f'{key}.{name}', f'must not be that low, got {value!r}')
        elif not takes_any:
            raise ConfigError(f'{key}.{name}', f'{cls.__name__} has no such argument; {did_you_mean(name, known)}')
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', optuna.exceptions.ExperimentalWarning)
            return cls(**arguments)
    except (TypeError, ValueError, ImportError) as error:
        raise ConfigError(key, f'{cls.__name__}: {one_line(error)}') from error


def _check_argument(key: str, value: Any, annotation: str) -> None:
    """Refuses a value that is not of the annotated type; Optuna would stumble over it in the middle of the search.

    Annotations of other than plain values are not looked into, but for that no plain value is a function or a part.
    """
    kinds = annotation.split(' | ')
    if set(kinds) <= _PLAIN.keys():
        fits = isinstance(value, tuple(kind for name in kinds for kind in _PLAIN[name]))
        if not fits or (isinstance(value, bool) and 'bool' not in kinds):
            raise ConfigError(key, f'must be {" or ".join(kinds)}, got {value!r}')
    elif isinstance(value, (str, int, float, Mapping)) and annotation.startswith(('Callable', 'Base', 'np.')):
        raise ConfigError(key, f'must be a {annotation}, got {value!r}; leave it out')


def register_all(registry: Registry, module: Any) -> None:
    """Registers the classes of a module of Optuna's, but for abstract ones."""
    for name in module.__all__:
        if inspect.isclass(cls := getattr(module, name)) and not inspect.isabstract(cls):
            registry.register_module(module=cls)


register_all(SAMPLERS, optuna.samplers)
