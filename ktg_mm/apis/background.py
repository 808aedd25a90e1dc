"""Errors in the background of a tool, in threads and handlers of the log, end it as those in its foreground do."""

import logging
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_sharer
from types import TracebackType
from typing import Any


@contextmanager
def failures_in_the_background() -> Iterator[None]:
    """Raises what a thread or a file of the log could not do, such as writing to a full disk, instead of its trace.

    TensorBoard's thread hands its error to who writes next; one that nobody has met is raised at the end. A log's file
    raises its own at once. A loader's worker, which inherits this, says nothing of a run that has ended while it was
    handing over a batch.

    Raises:
        OSError: The first such error.

    Example:
        >>> with failures_in_the_background():
        ...     print('all is well')
        all is well
    """
    told, told_of_thread, told_of_log = sys.excepthook, threading.excepthook, logging.FileHandler.handleError
    failures: list[BaseException] = []

    def of_thread(failure: Any) -> None:
        if failure.exc_value is None or _machine_message(failure.exc_value) is None:
            told_of_thread(failure)
        else:
            failures.append(failure.exc_value)

    def of_log(handler: logging.FileHandler, record: logging.LogRecord) -> None:
        error = sys.exc_info()[1]
        if error is None or _machine_message(error) is None:
            told_of_log(handler, record)
        else:
            raise error

    def of_worker(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        files = {frame.f_code.co_filename for frame, _ in traceback.walk_tb(trace)}
        if not isinstance(error, (EOFError, ConnectionError)) or resource_sharer.__file__ not in files:
            told(kind, error, trace)

    sys.excepthook, threading.excepthook = of_worker, of_thread
    setattr(logging.FileHandler, 'handleError', of_log)  # noqa: B010  mypy knows no other way
    try:
        yield
    finally:
        sys.excepthook, threading.excepthook = told, told_of_thread
        setattr(logging.FileHandler, 'handleError', told_of_log)  # noqa: B010
    if failures:
        raise failures[0]


def _machine_message(error: BaseException) -> str | None:
    from .messages import machine_message  # there is no library yet when a tool begins

    return machine_message(error)
