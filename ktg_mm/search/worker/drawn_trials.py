"""Which graph a trial is to train."""

from __future__ import annotations

import functools

import optuna
from mmengine.config import Config
from optuna.study import Study

from ktg_mm.apis.check_config import check_config
from ktg_mm.config.stages import STAGES, resolved_last
from ktg_mm.search.space.candidates import KEY, Candidate, Candidates
from ktg_mm.search.study import retries
from ktg_mm.search.study.drawn import DrawnSampler, suggest
from ktg_mm.search.study.snapshot import snapshot_of

from .verdict import NotBegunError


class DrawnTrials:
    """Draws the graphs of a study's trials, and writes down what was drawn.

    Args:
        candidates: What the graphs are drawn from.
        study: The study; it gets the sampler that knows what was drawn.
        trials: Number of graphs to try.
    """

    def __init__(self, candidates: Candidates, study: Study, trials: int) -> None:
        self._candidates, self._study, self._trials = candidates, study, trials
        study.sampler = self._sampler = DrawnSampler()

    def candidate(self, trial: optuna.Trial) -> Candidate:
        """The graph of a trial, drawn now if the trial continues no other that had got so far.

        Args:
            trial: It, under way.

        Raises:
            NotBegunError: If another trial has the same to do.
            SpaceExhaustedError: If there is no other graph.
            ConfigError: If the choices do not fit together.
        """
        study = snapshot_of(self._study)
        if retries.is_superfluous(trial, study.get_trials(deepcopy=False)):
            raise NotBegunError('another trial goes on with the same one')
        if KEY in trial.user_attrs:
            values, _ = self._candidates.space.draw(functools.partial(suggest, trial))  # fixed when it was queued
            candidate = self._candidates.make(values)
        else:
            index = retries.index_of(trial, study)
            if index >= self._trials:
                raise NotBegunError('another worker began the last trial at the same time')
            trial.set_user_attr(retries.INDEX, index)
            candidate = self._candidates.draw(index, study, retries.frozen(trial, study))
            self._sampler.values = candidate.values
            self._candidates.space.draw(functools.partial(suggest, trial))
        check_config(Config(resolved_last(candidate.config, STAGES)))
        trial.set_user_attr(KEY, candidate.key)
        self._refuse_second(trial, candidate.key)
        return candidate

    def _refuse_second(self, trial: optuna.Trial, key: str) -> None:
        """Leaves a graph to the other worker that has drawn it at the same time, as a sampler that learns may."""
        same = [other for other in self._study.get_trials(deepcopy=False) if other.user_attrs.get(KEY) == key]
        mine = retries.root_of(trial)
        if any(retries.was_begun(other) and retries.root_of(other) < mine for other in same):
            trial.set_user_attr(retries.DRAWN_TWICE, True)
            raise NotBegunError('another worker has drawn the same graph at the same time')
