"""The arguments that a class takes, those included that it hands on to the classes it inherits."""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
import types
import typing
from typing import Any

from torch import nn

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class Argument(typing.NamedTuple):
    """An argument of a class."""

    hint: Any  # what it is annotated with, Any if with nothing that can be understood
    default: Any  # inspect.Parameter.empty if it must be given


@functools.cache
def arguments_of(cls: Any) -> tuple[dict[str, Argument], bool]:
    """The arguments of a class or function by name, and whether it takes others as well.

    Of a class with ``**kwargs`` that go to ``super().__init__`` they are also those of the class that it inherits, but
    for what it gives to that itself.

    Args:
        cls: The class or function.

    Example:
        >>> from mmengine.optim import ConstantLR
        >>> arguments, takes_more = arguments_of(ConstantLR)
        >>> arguments['by_epoch'], 'param_name' in arguments, takes_more
        (Argument(hint=<class 'bool'>, default=True), False, False)
    """
    if not inspect.isclass(cls):
        return _of_function(cls, skip=0)
    arguments: dict[str, Argument] = {}
    given, positional = set[str](), 0
    for owner in cls.__mro__:
        if '__init__' not in vars(owner):
            continue
        if owner in (nn.Module, object):
            break
        own, takes_more = _of_function(vars(owner)['__init__'], skip=1)
        given |= {*list(own)[:positional]}
        arguments = {**{name: one for name, one in own.items() if name not in given}, **arguments}
        if not takes_more:
            return arguments, False
        handed_on = _handed_on(owner)
        arguments |= {name: Argument(Any, None) for name in handed_on.taken if name not in arguments}
        if not handed_on.rest:
            return arguments, True
        given, positional = given | handed_on.keywords, handed_on.positional
    return arguments, False


def _of_function(function: Any, skip: int) -> tuple[dict[str, Argument], bool]:
    parameters = list(inspect.signature(function).parameters.values())[skip:]
    hints = {one.name: _evaluated(one.annotation, function) for one in parameters}
    named = {one.name: Argument(hints.get(one.name, Any), one.default) for one in parameters if one.kind in _NAMED}
    return named, any(one.kind is one.VAR_KEYWORD for one in parameters)


def _evaluated(annotation: Any, function: Any) -> Any:
    if annotation is inspect.Parameter.empty:
        return Any
    holder = types.SimpleNamespace(__annotations__={'hint': annotation})
    try:
        return typing.get_type_hints(holder, getattr(inspect.unwrap(function), '__globals__', {}))['hint']
    except Exception:  # names that only a type checker knows
        return Any


class _HandedOn(typing.NamedTuple):
    """What a class with ``**kwargs`` does with them."""

    taken: set[str]  # names that it takes out itself
    rest: bool  # whether the rest goes to the class it inherits
    keywords: set[str]  # what it gives to that by name
    positional: int  # how many it gives by position


def _handed_on(owner: type) -> _HandedOn:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(vars(owner)['__init__'])))
    except (OSError, TypeError, SyntaxError):
        return _HandedOn(set(), False, set(), 0)
    rest = tree.body[0].args.kwarg.arg  # type: ignore[attr-defined]
    calls = [part for part in ast.walk(tree) if isinstance(part, ast.Call)]
    readers = [f'{rest}.{method}' for method in ('pop', 'get', 'setdefault')]
    first = [call.args[0] for call in calls if ast.unparse(call.func) in readers and call.args]
    taken = {str(one.value) for one in first if isinstance(one, ast.Constant)}
    for call in calls:
        spread = [ast.unparse(keyword.value) for keyword in call.keywords if keyword.arg is None]
        if ast.unparse(call.func) == 'super().__init__' and rest in spread:
            positional = sum(not isinstance(one, ast.Starred) for one in call.args)
            return _HandedOn(taken, True, {one.arg for one in call.keywords if one.arg}, positional)
    return _HandedOn(taken, False, set(), 0)
