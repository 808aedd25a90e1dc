"""The study of a search's race, and what it says."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import optuna
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from ktg_mm.search.race.race import Job, Race, RaceResult
from ktg_mm.search.space.candidates import KEY, Candidates

from . import retries
from .optuna_private import storage_of
from .study import check_identity

_AFTER = ' race after '


def race_name(study: str, trials: int) -> str:
    """The name of the study of a search's race; a search that goes on for more trials has another race.

    Args:
        study: Name of the search's.
        trials: Number of its trials.

    Example:
        >>> race_name('mine', 50)
        'mine race after 50 trials'
    """
    return f'{study}{_AFTER}{trials} trials'


def find_race(searched: Study) -> Study | None:
    """The study of a search's newest race; None if it has none."""
    storage = storage_of(searched)
    form = re.compile(re.escape(searched.study_name + _AFTER) + r'(\d+) trials')
    trials = [int(match[1]) for match in map(form.fullmatch, optuna.get_all_study_names(storage)) if match]
    return (
        optuna.load_study(study_name=race_name(searched.study_name, max(trials)), storage=storage) if trials else None
    )


def first_seed(candidates: Candidates) -> int:
    """The first seed that a search's trials do not have, which all have the config's."""
    return int((candidates.base.get('randomness') or {}).get('seed') or 0) + 1


def ended_jobs(study: Study, allowed: int) -> dict[Job, float]:
    """The runs of a race that have ended, with their scores.

    Args:
        study: The race's.
        allowed: How often in a row a trial may be lost, ``search.retries``.

    Returns:
        The score of each run; NaN for one that has failed or was lost too often.
    """
    trials, found = study.get_trials(deepcopy=False), {}
    for trial in retries.last_of_chains(study):
        if KEY in trial.user_attrs and trial.state.is_finished() and not retries.goes_on(trial, trials, allowed):
            complete = trial.state == TrialState.COMPLETE
            found[job_of(trial.user_attrs[KEY])] = trial.values[0] if complete else math.nan
    return found


def job_of(key: str) -> Job:
    """The run that a trial's key names.

    Example:
        >>> job_of('trial 7, seed 3')
        Job(graph='trial 7', seed=3)
    """
    graph, _, seed = key.rpartition(', seed ')
    return Job(graph, int(seed))


def race_result(candidates: Candidates, searched: Study) -> RaceResult | None:
    """How the race of a search has ended; None if it has none, or one that is under way.

    Args:
        candidates: Of the search.
        searched: Its study.

    Raises:
        UserError: If the config's race or baseline is not the one that was run.
    """
    if not candidates.search.get('race') or (study := find_race(searched)) is None:
        return None
    check_identity(study, race_identity(candidates), 'give the config that was searched with')
    return Racers(candidates, searched).race().result(ended_jobs(study, candidates.search.get('retries', 3)))


def race_identity(candidates: Candidates) -> dict[str, Any]:
    """What tells a race from others of the same search."""
    return dict(race=[dict(candidates.search['race']), candidates.baselines])


class Racers:
    """The graphs of a race, out of the search.

    Args:
        candidates: Of the search.
        searched: Its study, once it has ended; before that only the baselines are known.

    Attributes:
        trials: The graphs' complete trials in the search, by their names in the race, the best first.
    """

    def __init__(self, candidates: Candidates, searched: Study) -> None:
        self.candidates = candidates
        self._up = searched.direction == StudyDirection.MAXIMIZE
        sign = -1 if self._up else 1
        every = retries.last_of_chains(searched)
        complete = [trial for trial in every if trial.state == TrialState.COMPLETE]
        complete.sort(key=lambda trial: (sign * trial.values[0], trial.number))
        self.trials = {self._name(trial): trial for trial in complete}
        self._every = {self._name(trial): trial for trial in every}

    def race(self) -> Race:
        """The race, among the graphs that the search has found so far."""
        options: Mapping[str, Any] = self.candidates.search['race']
        scores = {name: trial.values[0] for name, trial in self.trials.items()}
        baselines = {name: scores.get(name, math.nan) for name in self.candidates.baselines}
        graphs = [name for name in scores if name not in baselines][: options['graphs']]
        start = first_seed(self.candidates)
        return Race({name: scores[name] for name in graphs}, baselines, options['seeds'], start, self._up)

    def trial(self, name: str) -> FrozenTrial:
        """The trial of a graph in the search; a baseline's may have failed there."""
        return self._every[name]

    def values(self, name: str) -> dict[str, Any]:
        """What was drawn for a graph."""
        if name in self.candidates.enqueued:
            return self.candidates.enqueued[name].values
        return self.trials[name].params

    def _name(self, trial: FrozenTrial) -> str:
        known = self.candidates.enqueued_name(trial.user_attrs.get(retries.INDEX, trial.number))
        return known or f'trial {trial.number}'
