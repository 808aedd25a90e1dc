"""Several trials of one worker, which take turns."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from .turn import Turn

Result = TypeVar('Result')
_PATIENCE = 1.0  # seconds between two looks whether there is more to begin


class Turns:
    """Does several pieces of work in one process, of which one at a time goes on.

    Args:
        number: How many are under way at most.
        together: Whether the next ones begin once all have ended. Defaults to False: whenever one has ended.

    Attributes:
        error: What was raised first, None so far; no other piece of work begins after it.

    Example:
        >>> turns, said, left = Turns(2), [], ['a', 'b']
        >>> def work():
        ...     name = left.pop(0)
        ...     for step in '12':
        ...         turns.hand_on()
        ...         said.append(name + step)
        >>> turns.run(lambda none_under_way: bool(left), work, ended=lambda: None)
        >>> said
        ['a1', 'b1', 'a2', 'b2']
    """

    def __init__(self, number: int, together: bool = False) -> None:
        self.number, self.together = number, together
        self.error: BaseException | None = None
        self._current: Turn | None = None

    def run(self, more: Callable[[bool], bool], work: Callable[[], None], ended: Callable[[], None]) -> None:
        """Works until there is no more to begin and all has ended.

        Args:
            more: Says whether there is one more to begin; it is told whether none is under way, so that it may wait.
            work: Does one. It calls :meth:`hand_on` where the others may go on.
            ended: Is called whenever one has ended.

        Raises:
            BaseException: What was raised first, once all have ended.
        """
        turns: list[Turn] = []
        look = 0.0
        while True:
            if not turns or (len(turns) < self.number and not self.together and time.monotonic() >= look):
                while len(turns) < self.number and self.error is None and self._tried(lambda: more(not turns)):
                    turn = Turn(work, streams=not self.together)  # those that begin together share their steps
                    if self._goes_on(turn):
                        turns.append(turn)
                    else:
                        self._tried(ended)
                look = time.monotonic() + _PATIENCE
            if not turns:
                break
            for turn in list(turns):
                if not self._goes_on(turn):
                    turns.remove(turn)
                    look = 0.0
                    self._tried(ended)
        if self.error is not None:
            raise self.error

    def hand_on(self) -> None:
        """Lets the others go on; nothing where there are none."""
        if self._current is not None:
            self._current.hand_on()

    def errand(self, function: Callable[[], Result]) -> Result:
        """Does something that takes long, and which a signal is to end, in the thread that hears signals.

        Args:
            function: It.
        """
        return function() if self._current is None else self._current.errand(function)

    def _goes_on(self, turn: Turn) -> bool:
        self._current = turn
        try:
            return bool(self._tried(turn.go_on))
        finally:
            self._current = None

    def _tried(self, function: Callable[[], Result]) -> Result | None:
        """What a function returns; None if it raises, which the others hear of and are let end."""
        try:
            return function()
        except BaseException as error:
            self.error = self.error or error
            return None
