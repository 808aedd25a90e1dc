"""Finds the trials whose worker is gone."""

from __future__ import annotations

import contextlib
import time
import warnings

import optuna
from optuna.study import Study
from optuna.trial import TrialState

from .optuna_private import writable
from .retries import END, LOST, WORKER


class LostTrials:
    """Ends the trials of a study whose worker has vanished.

    Args:
        study: The study.
        heartbeat: Seconds between the signs of life of a running trial; after four times as long without one it is
            lost.
    """

    def __init__(self, study: Study, heartbeat: int) -> None:
        self._study, self._patience = study, 4 * heartbeat
        self._unborn: dict[int, float] = {}

    def look(self, snapshot: Study | None = None) -> None:
        """Ends those that are lost by now; does nothing where the storage has no heartbeat.

        Args:
            snapshot: Of the study, not read from so far; it is read and written to. Defaults to the study itself.
        """
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', optuna.exceptions.ExperimentalWarning)
            optuna.storages.fail_stale_trials(self._study)
        self._end_unborn(snapshot or self._study)

    def _end_unborn(self, study: Study) -> None:
        """Ends trials whose worker died between taking them and the first heartbeat, which Optuna does not see."""
        running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        unborn = {trial.number for trial in running if WORKER not in trial.user_attrs}
        now = time.monotonic()
        self._unborn = {number: self._unborn.get(number, now) for number in unborn}
        for trial in running:
            if now - self._unborn.get(trial.number, now) > self._patience:
                _end_as_lost(study, trial)


def give_up_running(study: Study) -> None:
    """Takes all running trials for lost, in a storage without heartbeat whose workers are known to be gone."""
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        _end_as_lost(study, trial)


def _end_as_lost(study: Study, trial: optuna.trial.FrozenTrial) -> None:
    with contextlib.suppress(ValueError, optuna.exceptions.UpdateFinishedTrialError):  # another was faster
        if END not in trial.user_attrs:
            writable(study, trial).set_user_attr(END, LOST)
        study.tell(trial.number, state=TrialState.FAIL)
