"""Which trials' checkpoints a search keeps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from ktg_mm.search.space.metrics import Metric
from ktg_mm.search.study import retries

from .run_trial import remove_checkpoints


def remove_needless(
    study: Study, metric: Metric, folder: Callable[[FrozenTrial], Path], ended: FrozenTrial | None = None
) -> None:
    """Removes checkpoints that nobody needs: an ended trial's, if it is not the best one, else those of all others.

    Args:
        study: The study.
        metric: Which its trials are compared by.
        folder: Says where those of a trial are.
        ended: The trial. Defaults to None: at the end, when also those go of workers that died before they could.
    """
    trials = [trial for trial in study.get_trials(deepcopy=False) if trial.state.is_finished()]
    trials = [trial for trial in trials if retries.was_begun(trial) and not retries.was_cut_short(trial)]
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE and len(trial.values) == 1]
    best = metric.better(complete, key=lambda trial: trial.values[0]).number if complete else None
    for trial in trials:
        if trial.number != best and (ended is None or ended.number in (trial.number, best)):
            remove_checkpoints(folder(trial))
