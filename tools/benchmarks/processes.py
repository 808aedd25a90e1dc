"""Functions in processes of their own, which have imported nothing yet."""

import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, wait
from multiprocessing import get_context
from typing import Any

from ktg_mm.errors import UserError

_barrier: Any = None  # of this process and those beside it


def alone(function: Callable[..., Any], *arguments: Any) -> Any:
    """What a function says in a process of its own.

    Args:
        function: It, of a module.
        arguments: For it.

    Raises:
        UserError: As the function does.
    """
    return together(1, _without_waiting, function, *arguments)[0]


def together(number: int, function: Callable[..., Any], *arguments: Any) -> list[Any]:
    """What a function says in several processes at the same time.

    Args:
        number: How many.
        function: Of a module. It is called with the process's number, a function that waits for the others, and the
            arguments.
        arguments: For it.

    Raises:
        UserError: As one of them does; those that wait for it end, too.
    """
    context = get_context('spawn')
    with ProcessPoolExecutor(number, context, _begin, (context.Barrier(number),)) as pool:
        futures = [pool.submit(_said, function, i, arguments) for i in range(number)]
        wait(futures)
    errors = [error for future in futures if (error := future.exception()) is not None]
    for error in sorted(errors, key=lambda error: isinstance(error, threading.BrokenBarrierError)):
        raise error  # not of one that has waited, if there is another
    return [future.result() for future in futures]


def _begin(barrier: Any) -> None:
    global _barrier
    _barrier = barrier


def _said(function: Callable[..., Any], number: int, arguments: tuple[Any, ...]) -> Any:
    try:
        return function(number, _barrier.wait, *arguments)
    except BaseException as error:
        _barrier.abort()
        if isinstance(error, UserError):
            raise UserError(str(error)) from None  # one of another type may need more than a text to come across
        raise


def _without_waiting(number: int, wait: Callable[[], Any], function: Callable[..., Any], *arguments: Any) -> Any:
    return function(*arguments)
