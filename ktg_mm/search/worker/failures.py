"""When failures of trials can be no accident."""

from __future__ import annotations

from optuna.study import Study

from ktg_mm.errors import UserError
from ktg_mm.search.study.retries import FAILED

from .nothing_found import has_succeeded
from .verdict import Verdict

# A worker whose trials all fail has met a fault of the whole search, not of the graphs.
_FAILURES_IN_A_ROW = 5
# Graphs may well diverge or be too large; so many, and nobody has trained one, are no accident.
_MOST_IN_VAIN = 10


class Failures:
    """Counts the trials of a worker that fail.

    Example:
        >>> Failures().count(Verdict('failed: no disk', is_fault=True), study=None) is None
        True
    """

    def __init__(self) -> None:
        self._faults = self._in_vain = 0

    def count(self, verdict: Verdict, study: Study) -> UserError | None:
        """Counts one that has failed.

        Args:
            verdict: On it.
            study: Of all workers.

        Returns:
            Why the search stops, None if it goes on.
        """
        self._faults += verdict.is_fault
        self._in_vain += 1
        in_vain = self._in_vain if self._in_vain >= _MOST_IN_VAIN and not has_succeeded(study) else 0
        if number := in_vain or self._faults * (self._faults >= _FAILURES_IN_A_ROW):
            end = verdict.end.removeprefix(f'{FAILED}: ')
            return UserError(f'the search stops, {number} trials in a row failed: {end}')
        return None

    def forget_faults(self) -> None:
        """Begins to count faults anew, after a trial that has come to its end."""
        self._faults = 0
