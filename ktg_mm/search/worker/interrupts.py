"""Ctrl-C, and the signal that ends jobs on clusters."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """Lets an interrupt in only where nothing is half done; elsewhere it waits.

    Optuna starts and ends a thread around each trial, which an exception in the wrong moment would leave running for
    ever. Does nothing outside the main thread, which alone hears signals: work that others do meanwhile calls
    :meth:`check` now and then.

    Example:
        >>> with Interrupts() as interrupts:
        ...     signal.raise_signal(signal.SIGINT)
        ...     interrupts.pending
        True
    """

    def __init__(self) -> None:
        self.pending = False
        self._heard = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._hear) for number in _SIGNALS}
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _hear(self, signum: int, frame: Any) -> None:
        self.pending = True
        if self._heard:
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def heard(self) -> Iterator[None]:
        """Within, an interrupt that waits raises KeyboardInterrupt, in the main thread also one that comes."""
        before, self._heard = self._heard, threading.current_thread() is threading.main_thread()
        try:
            self.check()
            yield
        finally:
            self._heard = before

    def check(self) -> None:
        """Raises KeyboardInterrupt if one waits."""
        if self.pending:
            raise KeyboardInterrupt
