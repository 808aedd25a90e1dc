"""Takes a run's scores to its trial, and the pruner's answer back."""

from __future__ import annotations

import time
from collections.abc import Callable

import optuna
from optuna.study import Study

from ktg_mm.search.study.retries import EPOCH, as_first, counted_once, frozen

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
        """Reports a score and returns whether to stop.

        A trial that was held up for so long that another worker has taken it for lost is to stop.
        """
        try:
            return decide(self._trial, self._pruner, value, step)
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


def decide(trial: optuna.Trial, pruner: optuna.pruners.BasePruner, value: float, step: int) -> bool:
    """Reports a trial's score and asks the pruner, to which trials that were continued count once.

    Args:
        trial: The trial, running.
        pruner: One of Optuna's.
        value: The score.
        step: Epochs done.

    Returns:
        Whether to stop.
    """
    trial.report(value, step)
    trial.set_user_attr(EPOCH, step)
    study: Study = trial.study
    return pruner.prune(counted_once(study), as_first(frozen(trial)))
