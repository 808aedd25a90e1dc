"""What every tool does with a user's mistake."""

import functools
import re
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from mmengine.registry import build_from_cfg

from ktg_mm.errors import hide_passwords, is_interrupt, one_line

from .background import failures_in_the_background
from .distributed import another_has_told, end_distributed, is_first_to_tell
from .hook_errors import name_hook_error
from .late_interrupts import late_interrupts
from .messages import machine_message
from .part_errors import error_text, name_error

P = ParamSpec('P')
R = TypeVar('R')

# A loader's worker passes its error on as text, a whole stack trace with the error itself as the last line.
_FROM_WORKER = re.compile(r'^ktg_mm\.[\w.]+: (.*)', re.MULTILINE)

# What ends a job on a cluster may end a loader's worker first.
_WORKER_TERMINATED = re.compile(r'DataLoader worker \(pid.* is killed by signal: Terminated')

# How mmpretrain's data sets begin their error, of no type of its own, if the files are not there.
_NO_DATA = ('Cannot find ', 'The dataset is incorrectly organized')


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
            message = user_message(error)
            if message is None and not another_has_told():
                raise
            _tell(f'error: {message}')
            sys.exit(2)
        finally:
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


def user_message(error: BaseException) -> str | None:
    """The line that tells the user of a mistake, None if the error is not the user's.

    Args:
        error: Any exception, also one that a data loader's worker has passed on.
    """
    text = str(error)
    if text.startswith('Caught ') and (found := _FROM_WORKER.findall(text)):
        return hide_passwords(found[-1])
    if isinstance(error, RuntimeError) and text.startswith(_NO_DATA):
        return one_line(text)
    if isinstance(error, Exception) and (named := name_hook_error(error) or name_error(error)):
        return hide_passwords(one_line(named))
    if isinstance(error, (TypeError, ValueError, KeyError)) and (part := _part_being_built(error)):
        return f'config: {part}: {error_text(error)}'
    return machine_message(error)


def _part_being_built(error: BaseException) -> str | None:
    """The type of the innermost part that mmengine was building when the error came, where no config is at hand."""
    parts = [
        str(frame.f_locals.get('obj_type'))
        for frame, _ in traceback.walk_tb(error.__traceback__)
        if frame.f_code is build_from_cfg.__code__
    ]
    return parts[-1] if parts else None
