"""Trials that were cut short, and the trials that continue them."""

from __future__ import annotations

import contextlib
import copy
import os
import socket
from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import takewhile
from typing import Any

import optuna
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from ktg_mm.search.space.candidates import KEY

# What a trial says of itself (user attributes). A trial that ends without having been able to say anything has died
# with its worker, so that is what it says from the beginning.
CONTINUES = 'continues'  # number of the trial that it goes on with
ROOT = 'root'  # number of the first of such a chain
INDEX = 'index'  # which draw it is; a chain shares one
END = 'end'
WORKER = 'worker'  # host and process that train it
BEST_NODE = 'best_node'  # whose score it was, where the best node's counts
EPOCH = 'epoch'  # resources (epochs) of its newest report

LOST = 'lost: its worker vanished'
INTERRUPTED = 'interrupted'
COMPLETE = 'complete'
FAILED = 'failed'
DRAWN_TWICE = 'drawn twice'  # by two workers at the same time

NOT_BEGUN = 'not begun'  # another trial does its work


def note_end(trial: optuna.Trial, end: str) -> None:
    """Writes down how a trial ended, unless another worker has taken it for lost and ended it."""
    with contextlib.suppress(optuna.exceptions.UpdateFinishedTrialError):
        trial.set_user_attr(END, end)


def this_worker() -> str:
    """What tells this process from other workers, on other machines, too."""
    return f'{socket.gethostname()}:{os.getpid()}'


def workers_of(trials: Iterable[FrozenTrial]) -> set[str]:
    """The workers of the running trials among these."""
    running = (trial for trial in trials if trial.state == TrialState.RUNNING)
    return {trial.user_attrs[WORKER] for trial in running if WORKER in trial.user_attrs}


def root_of(trial: FrozenTrial | optuna.Trial) -> int:
    """The number of the first trial of a chain."""
    return trial.user_attrs.get(ROOT, trial.number)


def frozen(trial: optuna.Trial, study: Study | None = None) -> FrozenTrial:
    """A running trial as the storage has it, or a snapshot of its study."""
    return (study or trial.study).get_trials(deepcopy=False)[trial.number]


def index_of(trial: FrozenTrial | optuna.Trial, study: Study) -> int:
    """Which draw a trial is: the number of trials before it, or before the first that it continues, that were new."""
    if INDEX in trial.user_attrs:
        return trial.user_attrs[INDEX]
    return sum(is_fresh(other) and other.number < root_of(trial) for other in study.get_trials(deepcopy=False))


def is_fresh(trial: FrozenTrial) -> bool:
    """Whether a trial continues no other, and is no second draw of the same graph."""
    return CONTINUES not in trial.user_attrs and not trial.user_attrs.get(DRAWN_TWICE)


def was_begun(trial: FrozenTrial) -> bool:
    """Whether a trial is one that counts: not one that was superfluous as soon as it was there."""
    return not trial.user_attrs.get(END, '').startswith(NOT_BEGUN)


def is_superfluous(trial: FrozenTrial | optuna.Trial, trials: Iterable[FrozenTrial]) -> bool:
    """Whether a trial continues what an earlier one continues; two workers may queue it at the same time."""
    mine = trial.user_attrs.get(CONTINUES)
    return mine is not None and any(
        other.user_attrs.get(CONTINUES) == mine and other.number < trial.number for other in trials
    )


def last_of_chains(study: Study) -> list[FrozenTrial]:
    """The trials of a study that count: of those that continue one another the last."""
    whole = study.get_trials(deepcopy=False)
    trials = [trial for trial in whole if was_begun(trial) and not is_superfluous(trial, whole)]
    continued = {trial.user_attrs.get(CONTINUES) for trial in trials}
    return [trial for trial in trials if trial.number not in continued]


def was_cut_short(trial: FrozenTrial) -> bool:
    """Whether a trial has failed for no reason of its own.

    Its worker was lost or interrupted, perhaps in the moment between its end and the study's hearing of it.
    """
    end = trial.user_attrs.get(END, LOST)
    return trial.state == TrialState.FAIL and not end.startswith((FAILED, NOT_BEGUN))


def _continued(trial: FrozenTrial | optuna.Trial, trials: Sequence[FrozenTrial]) -> Iterator[FrozenTrial]:
    """The trials that one continues, the newest first, out of all of the study; each stands at its number there."""
    number = trial.user_attrs.get(CONTINUES)
    while number is not None:
        yield trials[number]
        number = trials[number].user_attrs.get(CONTINUES)


def replaced(trials: Sequence[FrozenTrial]) -> set[int]:
    """Numbers of the trials whose reports a later trial has made its own; it may be the second or third to go on."""
    return {earlier.number for trial in trials if trial.intermediate_values for earlier in _continued(trial, trials)}


def requeue(study: Study, retries: int) -> int:
    """Queues a continuation of every trial that was cut short and has none yet.

    Args:
        study: The study.
        retries: How often in a row a trial may be lost without getting any further.

    Returns:
        The number of trials queued.
    """
    trials = study.get_trials(deepcopy=False)
    continued = {trial.user_attrs.get(CONTINUES) for trial in trials}
    queued = 0
    for trial in trials:
        if trial.number in continued or not goes_on(trial, trials, retries):
            continue
        if is_superfluous(trial, trials):
            continue
        attributes: dict[str, Any] = {CONTINUES: trial.number, ROOT: root_of(trial), END: LOST}
        attributes |= {name: trial.user_attrs[name] for name in (INDEX, KEY) if name in trial.user_attrs}
        study.enqueue_trial(_drawn_parameters(trial, trials), user_attrs=attributes)
        queued += 1
    return queued


def goes_on(trial: FrozenTrial, trials: Sequence[FrozenTrial], retries: int) -> bool:
    """Whether a trial was cut short and another is to go on with it.

    Args:
        trial: The trial.
        trials: All of the study.
        retries: As for :func:`requeue`.
    """
    return was_cut_short(trial) and _lost_in_a_row(trial, trials) <= retries


def _drawn_parameters(trial: FrozenTrial, trials: Sequence[FrozenTrial]) -> dict[str, Any]:
    """The parameters of a chain's graph, empty if it was lost while the graph was being drawn.

    The key is written last, so the first trial with a key is the one that has them all; a later one may have died
    before it took them over.
    """
    with_key = list(takewhile(lambda earlier: KEY in earlier.user_attrs, (trial, *_continued(trial, trials))))
    return dict(with_key[-1].params) if with_key else {}


def _lost_in_a_row(trial: FrozenTrial, trials: Sequence[FrozenTrial]) -> int:
    """How often in a row a chain lost its worker at the same epoch; interruptions by the user do not count."""
    epoch = trial.user_attrs.get(EPOCH, 0)
    chain = (trial, *_continued(trial, trials))
    same = takewhile(lambda earlier: earlier.user_attrs.get(EPOCH, 0) == epoch, chain)
    return sum(not earlier.user_attrs.get(END, LOST).startswith(INTERRUPTED) for earlier in same)


def earlier_reports(study: Study, trial: FrozenTrial | optuna.Trial) -> dict[int, float]:
    """What the trials that a trial continues have reported: values by epoch."""
    reports: dict[int, float] = {}
    trials = study.get_trials(deepcopy=False) if CONTINUES in trial.user_attrs else []
    for earlier in _continued(trial, trials):
        reports = {**earlier.intermediate_values, **reports}
    return reports


def as_first(trial: FrozenTrial) -> FrozenTrial:
    """A trial under the number of the first of its chain; a pruner may go by it, Hyperband chooses the bracket so."""
    if is_fresh(trial):
        return trial
    renumbered = copy.copy(trial)
    renumbered.number = root_of(trial)
    return renumbered


class CountedOnce:
    """A study's storage that hides trials which a later one has replaced, so that a pruner counts each chain once.

    What continues another has the number of the first.

    Args:
        storage: A storage of Optuna, to which all else is passed on.
    """

    def __init__(self, storage: Any) -> None:
        self._wrapped = storage

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wrapped, name)

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """As the storage's, without the trials that have been replaced, under their chains' numbers."""
        trials = self._wrapped.get_all_trials(study_id, deepcopy=deepcopy, states=None)
        gone = replaced(trials)
        left = [trial for trial in trials if trial.number not in gone and (states is None or trial.state in states)]
        return list(map(as_first, left))
