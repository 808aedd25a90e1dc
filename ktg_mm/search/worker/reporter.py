"""Takes a run's scores to its trial, and the pruner's answer back."""

from __future__ import annotations

import time
from collections.abc import Callable

import optuna

from ktg_mm.search.study.optuna_private import study_through
from ktg_mm.search.study.retries import EPOCH, CountedOnce, as_first, frozen
from ktg_mm.search.study.snapshot import snapshot_of

_PATIENCE = 2.0  # seconds; a write to the study for each short epoch would cost more than it tells


class TrialReporter:
    """What :class:`ASHAHook` reports to.

    Args:
        trial: The trial.
        pruner: The study's pruner.
        score: Finds the score in a validation's metrics, None if there are several metrics.
    """

    def __init__(
        self, trial: optuna.Trial, pruner: optuna.pruners.BasePruner, score: Callable[[dict[str, float]], float | None]
    ) -> None:
        self._trial, self._pruner, self.score = trial, pruner, score
        self.taken_away = False
        self._told = time.monotonic()

    def report(self, value: float, step: int) -> bool:
        """Reports a score after ``step`` epochs and returns whether to stop; trials that were continued count once.

        A trial that was held up for so long that another worker has taken it for lost is to stop.
        """
        try:
            self._trial.report(value, step)
            self._trial.set_user_attr(EPOCH, step)
            study = snapshot_of(self._trial.study)
            mine = frozen(self._trial, study)
            return self._pruner.prune(study_through(study, CountedOnce), as_first(mine))
        except optuna.exceptions.UpdateFinishedTrialError:
            self.taken_away = True
            return True

    def progress(self, step: int) -> bool:
        """Notes, every few seconds, how far the run is, and returns whether another worker has taken it over."""
        if time.monotonic() - self._told >= _PATIENCE:
            self._told = time.monotonic()
            try:
                self._trial.set_user_attr(EPOCH, step)
            except optuna.exceptions.UpdateFinishedTrialError:
                self.taken_away = True
        return self.taken_away
