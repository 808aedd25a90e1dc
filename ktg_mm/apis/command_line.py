"""What every tool does with a user's mistake."""

import functools
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from ktg_mm.errors import UserError, hide_passwords, is_interrupt, one_line

from .background import failures_in_the_background
from .first_to_tell import another_has_told, is_first_to_tell
from .late_interrupts import late_interrupts

P = ParamSpec('P')
R = TypeVar('R')

# What ends a job on a cluster may end a loader's worker first.
_WORKER_TERMINATED = re.compile(r'DataLoader worker \(pid.* is killed by signal: Terminated')


def one_line_errors(main: Callable[P, R]) -> Callable[P, R]:
    """Decorates a tool's main function: a user's mistake is printed as one line and ends the program with status 2.

    Errors of any other kind are ours, and keep their stack trace. Ctrl-C ends it with one line and status 130, and so
    does SIGTERM, by which clusters end their jobs. Of processes that work together the first to fail prints its line,
    and all part at the end.

    Args:
        main: The tool's main function.

    Example:
        >>> @one_line_errors
        ... def main():
        ...     print('all is well')
        >>> main()
        all is well
    """

    @functools.wraps(main)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            with failures_in_the_background(), _terminated_as_interrupted(), late_interrupts():
                return main(*args, **kwargs)
        except (Exception, KeyboardInterrupt) as error:
            if is_interrupt(error) or _WORKER_TERMINATED.search(str(error)):
                where = f'; {error}' if isinstance(error, KeyboardInterrupt) and str(error) else ''
                _tell(f'interrupted{where}')
                sys.exit(130)
            message = _message(error)
            if message is None and not another_has_told():
                raise
            _tell(f'error: {message}')
            sys.exit(2)
        finally:
            if _libraries_are_there():
                from .distributed import end_distributed

                end_distributed()

    return wrapped


def _tell(line: str) -> None:
    if is_first_to_tell():
        print(line, file=sys.stderr)


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Within, SIGTERM does what Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():  # which alone hears signals
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _message(error: BaseException) -> str | None:
    """The line that tells of an error, None if it is not the user's; one in the command line is told at once."""
    if isinstance(error, UserError) and not _libraries_are_there():
        return hide_passwords(one_line(error))
    from .user_message import user_message

    return user_message(error)


def _libraries_are_there() -> bool:
    """Whether more than the command line has been read."""
    return 'mmengine' in sys.modules
