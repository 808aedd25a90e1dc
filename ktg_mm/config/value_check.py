"""Checks values of a config against what the arguments that they are given to are annotated with."""

from __future__ import annotations

import enum
import inspect
import os
import types
import typing
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any, Literal, Union

import numpy as np
import torch

from ktg_mm.errors import ConfigError

from .signatures import Argument, arguments_of

_WORDS = {int: 'a whole number', float: 'a number', bool: 'True or False', str: 'a text', dict: 'a dict'}
_PLURALS = {int: 'whole numbers', float: 'numbers', str: 'texts', dict: 'dicts'}
_UNIONS = (Union, types.UnionType)
_LISTS = (list, tuple, set, frozenset)
# Classes of which a config gives a name, or the numbers of an array.
_NAMED = (os.PathLike, torch.device, torch.dtype, enum.Enum, np.ndarray, type)


def check_values(found: Any, cfg: Mapping[str, Any], path: str, strict: bool = True) -> None:
    """Checks the values of a part against the annotations of its class.

    A tuple may stand for a list and a whole number for any number; True and False are no numbers. None is right where
    the annotation or the default says so. What is not annotated must be like its default if that is True, False or a
    number. Annotations that say nothing about a config are passed over.

    Args:
        found: The class or function.
        cfg: Its arguments; entries that are none are passed over.
        path: Config key of the part, '' for the config itself.
        strict: False for networks and transforms, whose annotations are often too narrow: any number passes for a whole
            one, None for anything, lists for dicts, and what is in a list is passed over. Defaults to True.

    Raises:
        ConfigError: At the first value that does not fit.

    Example:
        >>> from torch.optim import SGD
        >>> check_values(SGD, dict(lr=0.1), 'optimizer')
        >>> check_values(SGD, dict(lr='high'), 'optimizer')
        Traceback (most recent call last):
        ktg_mm.errors.ConfigError: optimizer.lr: must be a number, got 'high'
    """
    arguments, _ = arguments_of(found)
    for name, value in cfg.items():
        if name in arguments and name not in ('type', '_scope_') and not _fits(value, arguments[name], strict):
            key = f'{path}.{name}' if path else name
            _check_entries(value, arguments[name], key)
            raise ConfigError(key, f'must be {_words(arguments[name].default, _hint(arguments[name]))}, got {value!r}')


def fits(value: Any, hint: Any, strict: bool = True) -> bool:
    """Whether a value of a config is what an annotation asks for.

    Args:
        value: The value.
        hint: The annotation, such as ``int | None``.
        strict: As for :func:`check_values`.

    Example:
        >>> fits([1, 2], tuple[int, ...]), fits(True, float), fits(3, float)
        (True, False, True)
    """
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    kind = origin or hint
    if origin in _UNIONS:
        return any(fits(value, one, strict) for one in inner)
    if origin is Literal:
        return any(value == one and type(value) is type(one) for one in inner)
    if hint in (None, type(None)) or (value is None and not strict):
        return value is None
    if kind in (Any, object) or not inspect.isclass(kind):
        return True
    if kind in (int, float):
        numbers = (int, np.integer) if kind is int and strict else (int, float, np.number)
        is_number = isinstance(value, numbers) and not isinstance(value, bool)
        return is_number or (not strict and isinstance(value, _LISTS))
    if kind is bool and not strict and isinstance(value, _LISTS):
        return True
    if kind is not str and (kind is Iterable or issubclass(kind, (*_LISTS, Sequence, Set))):
        return isinstance(value, _LISTS) and (not strict or _entries_fit(list(value), inner))
    if issubclass(kind, Mapping):
        # mmengine takes None for an entry that is to be left out.
        entries = [entry for entry in value.values() if entry is not None] if isinstance(value, Mapping) else []
        fitting = not strict or all(fits(entry, one) for one in inner[1:] for entry in entries)
        return isinstance(value, (Mapping, *(() if strict else _LISTS))) and fitting
    if isinstance(value, kind):
        return True
    # A dict may make an object of any class; a text or a number may name one of a few.
    plain = isinstance(value, (str, bytes, int, float, *_LISTS, type(None)))
    named = isinstance(value, str) or issubclass(kind, np.ndarray)
    return kind not in (bool, str, bytes) and (not plain or (named and issubclass(kind, _NAMED)))


def _entries_fit(values: list[Any], inner: tuple[Any, ...]) -> bool:
    if len(inner) > 1 and inner[1] is not Ellipsis:
        return len(values) == len(inner) and all(map(fits, values, inner))
    return all(fits(value, one) for one in inner[:1] for value in values)


def _check_entries(value: Any, argument: Argument, key: str) -> None:
    """Names the entry at fault of a list of dicts, or of a dict of dicts."""
    for hint in _flat(_hint(argument)) if isinstance(value, Mapping) else ():
        for inner in typing.get_args(hint)[1:2]:
            for name, entry in value.items():
                if fits({}, inner) and entry is not None and not fits(entry, inner):
                    raise ConfigError(f'{key}.{name}', f'must be {_words(..., inner)}, got {entry!r}')
    for hint in _flat(_hint(argument)) if isinstance(value, _LISTS) else ():
        for inner in typing.get_args(hint)[:1]:
            for i, entry in enumerate(value):
                if fits({}, inner) and not fits(entry, inner):
                    raise ConfigError(f'{key}[{i}]', f'must be {_words(..., inner)}, got {entry!r}')


def _fits(value: Any, argument: Argument, strict: bool) -> bool:
    return (value is None and argument.default is None) or fits(value, _hint(argument, strict), strict)


def _hint(argument: Argument, strict: bool = True) -> Any:
    """What an argument is annotated with, else what its default says."""
    if argument.hint is not Any:
        return argument.hint
    if isinstance(argument.default, bool):
        return bool
    if isinstance(argument.default, str) and strict:
        return str | None
    return float | list | None if isinstance(argument.default, (int, float)) else Any


def _words(default: Any, hint: Any) -> str:
    kinds = [one for one in _flat(hint) if one not in (torch.Tensor, None, type(None))]
    if any(_word(one) == 'a dict' for one in kinds):  # of which an object is made
        kinds = [one for one in kinds if one in _WORDS or typing.get_origin(one) or _word(one) == 'a dict']
    if default is None or type(None) in _flat(hint):
        kinds.append(None)
    return ' or '.join(dict.fromkeys(map(_word, kinds)))


def _flat(hint: Any) -> list[Any]:
    """The members of a union."""
    members = typing.get_args(hint) if typing.get_origin(hint) in _UNIONS else [hint]
    return [one for member in members for one in (_flat(member) if member is not hint else [hint])]


def _word(hint: Any) -> str:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    kind = origin or hint
    if origin is Literal:
        return ' or '.join(map(repr, inner))
    if kind in _WORDS:
        return _WORDS[kind]
    if inspect.isclass(kind) and issubclass(kind, Mapping):
        return 'a dict'
    if inspect.isclass(kind) and issubclass(kind, (*_LISTS, Sequence, Set, Iterable)):
        count = f'{len(inner)} ' if origin is tuple and len(inner) > 1 and inner[1] is not Ellipsis else ''
        if not inner or len(set(inner) - {Ellipsis}) > 1 or inner[0] not in _PLURALS:
            return 'a list'
        return f'a list of {count}{_PLURALS[inner[0]]}'
    return 'None' if hint is None else f'a {getattr(kind, "__name__", kind)}'
