"""Work that goes on only when it is its turn."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import nullcontext
from typing import Any, TypeVar

import torch

from ktg_mm.mmengine_private import free_managers

from .process_state import ProcessState, own_generators

Result = TypeVar('Result')


class Turn:
    """A function in a thread of its own, which runs only while the one that has made it waits in :meth:`go_on`.

    So nothing runs at the same time, and code that knows nothing of threads can be left halfway, as a coroutine. What
    is global to a process the function finds as it has left it, see :class:`.process_state.ProcessState`.

    Args:
        work: The function; it calls :meth:`hand_on` where others may go on.
        streams: Whether it has a CUDA stream of its own, if there is a GPU. Defaults to False.

    Example:
        >>> said = []
        >>> def work():
        ...     said.append('begins')
        ...     turn.hand_on()
        ...     said.append('ends')
        >>> turn = Turn(work)
        >>> turn.go_on(), list(said), turn.go_on(), said
        (True, ['begins'], False, ['begins', 'ends'])
    """

    def __init__(self, work: Callable[[], None], streams: bool = False) -> None:
        self._work, self._streams = work, streams and torch.cuda.is_available()
        self._mine, self._others = threading.Semaphore(0), threading.Semaphore(0)
        self._state: ProcessState | None = None
        self._errand: Callable[[], None] | None = None
        self._error: BaseException | None = None
        self._ended = False
        self._stdout = sys.stdout
        self._thread = threading.Thread(target=self._run, name='turn', daemon=True)

    def go_on(self) -> bool:
        """Lets it go on until it hands on or ends, and does meanwhile what :meth:`errand` asks for.

        Returns:
            Whether it has more to do.

        Raises:
            BaseException: Whatever the function raised.
        """
        stdout, sys.stdout = sys.stdout, self._stdout  # a run redirects it as long as it is under way
        if self._state is None:  # it begins with what the one before has left
            self._thread.start()
        else:
            self._state.bring_back()
        self._switch(self._mine, self._others)
        while self._errand is not None:
            errand, self._errand = self._errand, None
            errand()
            self._switch(self._mine, self._others)
        self._state = ProcessState()
        self._stdout, sys.stdout = sys.stdout, stdout
        if self._error is not None:
            raise self._error
        return not self._ended

    def hand_on(self) -> None:
        """Called by the function: lets others go on, and returns when it is its turn again."""
        self._switch(self._others, self._mine)

    def errand(self, function: Callable[[], Result]) -> Result:
        """Called by the function: has something done in the thread of :meth:`go_on`, which hears signals.

        Args:
            function: It; whatever it raises is raised here.
        """
        done: Future[Result] = Future()

        def do() -> None:
            try:
                done.set_result(function())
            except BaseException as error:
                done.set_exception(error)

        self._errand = do
        self.hand_on()
        return done.result()

    @staticmethod
    def _switch(theirs: threading.Semaphore, mine: threading.Semaphore) -> None:
        free_managers()
        theirs.release()
        mine.acquire()

    def _run(self) -> None:
        self._mine.acquire()
        try:
            if self._streams:
                torch.cuda.init()
                own_generators()
            with self._stream():
                self._work()
        except BaseException as error:
            self._error = error
        self._ended = True
        free_managers()
        self._others.release()

    def _stream(self) -> Any:
        return torch.cuda.stream(torch.cuda.Stream()) if self._streams else nullcontext()
