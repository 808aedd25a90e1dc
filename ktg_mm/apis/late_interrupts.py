"""An interrupt that came where Python lets no exception out, as while an object is collected, comes again."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_SECONDS = 0.01


@contextmanager
def late_interrupts() -> Iterator[None]:
    """Within, Ctrl-C ends a program also where Python would tell of a ``KeyboardInterrupt`` and forget it.

    A loader waits for its processes as it is collected: without this an interrupt in that time is a stack trace, after
    which the program goes on.

    Example:
        >>> with late_interrupts():
        ...     print('all is well')
        all is well
    """
    told = sys.unraisablehook
    timers: list[threading.Timer] = []

    def hook(unraisable: Any) -> None:
        if not issubclass(unraisable.exc_type, KeyboardInterrupt):
            told(unraisable)
            return
        if any(timer.is_alive() for timer in timers):
            return
        # Not at once, as the exception would come in here.
        timer = threading.Timer(_SECONDS, signal.pthread_kill, (threading.main_thread().ident, signal.SIGINT))
        timer.daemon = True
        timers.append(timer)
        timer.start()

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = told
        for timer in timers:
            timer.cancel()
