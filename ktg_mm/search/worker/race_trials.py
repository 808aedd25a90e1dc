"""Which run of a race a trial is to make."""

from __future__ import annotations

from collections.abc import Sequence

import optuna
from optuna.pruners import BasePruner, NopPruner
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from ktg_mm.search.race.race import Job, RaceResult
from ktg_mm.search.space.candidates import KEY, Candidate, Candidates
from ktg_mm.search.study import retries
from ktg_mm.search.study.race_study import Racers, ended_jobs, job_of
from ktg_mm.search.study.snapshot import snapshot_of

from .drawn_trials import refuse_second
from .verdict import NotBegunError


class RaceTrials:
    """Gives the trials of a race's study their graphs and seeds.

    Args:
        candidates: Of the search.
        searched: The search's study.
        study: The race's.
        early: Whether there are only the baselines' first runs to make, before the search.

    Attributes:
        waits: Whether a worker with nothing to begin stays until the others' runs have ended: not before the search.
    """

    def __init__(self, candidates: Candidates, searched: Study, study: Study, early: bool) -> None:
        self._study, self._early = study, early
        self.waits = not early
        self._retries: int = candidates.search.get('retries', 3)
        self._racers = Racers(candidates, searched)
        self._race = self._racers.race()

    def is_left(self, trials: Sequence[FrozenTrial]) -> bool | None:
        """Whether there is a run to begin; None if there may be once others have ended.

        Args:
            trials: All of the race's study.
        """
        jobs = self._open()
        if set(jobs) - _taken(trials):
            return True
        return None if jobs and not self._early else False

    def ended(self) -> dict[Job, float]:
        """The scores of the runs that have ended; NaN of one that has failed."""
        return ended_jobs(snapshot_of(self._study), self._retries)

    def result(self) -> RaceResult | None:
        """How the race has ended, None if it has not."""
        return self._race.result(self.ended())

    def pruner(self, trial: optuna.Trial, pruner: BasePruner) -> BasePruner:
        """What stops a trial: nothing."""
        return NopPruner()

    def candidate(self, trial: optuna.Trial) -> Candidate:
        """The graph of a trial with the seed of its run.

        Args:
            trial: It, under way.

        Raises:
            NotBegunError: If another trial has the same to do.
        """
        study = snapshot_of(self._study)
        trials = study.get_trials(deepcopy=False)
        if retries.is_superfluous(trial, trials):
            raise NotBegunError('another trial goes on with the same one')
        if KEY not in trial.user_attrs:
            taken = _taken(trials)
            left = [job for job in self._open() if job not in taken]
            if not left:
                trial.set_user_attr(retries.DRAWN_TWICE, True)
                raise NotBegunError('another worker began the last run at the same time')
            # Workers that look at the same moment take one run each, in the order of their trials.
            before = sum(_is_choosing(other) for other in trials[: trial.number])
            trial.set_user_attr(KEY, str(left[min(before, len(left) - 1)]))
        refuse_second(trial, self._study)
        job = job_of(trial.user_attrs[KEY])
        candidate = self._racers.candidates.make(self._racers.values(job.graph))
        candidate.config['randomness'] = {**(candidate.config.get('randomness') or {}), 'seed': job.seed}
        return candidate

    def _open(self) -> list[Job]:
        return self._race.early_jobs() if self._early else self._race.jobs(self.ended())


def _taken(trials: Sequence[FrozenTrial]) -> set[Job]:
    """The runs that a trial has, but for one that has lost them to another.

    One that goes on with a trial that was lost before it had a run has one of its own.
    """
    keys = (trial.user_attrs for trial in trials if not trial.user_attrs.get(retries.DRAWN_TWICE))
    return {job_of(attributes[KEY]) for attributes in keys if KEY in attributes}


def _is_choosing(trial: FrozenTrial) -> bool:
    """Whether a trial is about to take a run."""
    return trial.state == TrialState.RUNNING and KEY not in trial.user_attrs
