"""Which graph a trial is to train."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import optuna
from mmengine.config import Config
from optuna.pruners import BasePruner, NopPruner
from optuna.study import Study
from optuna.trial import FrozenTrial

from ktg_mm.apis.check_config import check_config
from ktg_mm.config.stages import STAGES, resolved_last
from ktg_mm.search.space.candidates import KEY, Candidate, Candidates
from ktg_mm.search.study import retries
from ktg_mm.search.study.drawn import DrawnSampler, suggest
from ktg_mm.search.study.snapshot import snapshot_of

from .verdict import NotBegunError

EXHAUSTED = 'exhausted'  # a study whose space holds no more graphs


class DrawnTrials:
    """Draws the graphs of a study's trials, and writes down what was drawn.

    Args:
        candidates: What the graphs are drawn from.
        study: The study; it gets the sampler that knows what was drawn.
        trials: Number of graphs to try.

    Attributes:
        waits: Whether a worker with nothing to begin stays until the others' trials have ended.
    """

    waits = True

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
        trials = study.get_trials(deepcopy=False)
        if retries.is_superfluous(trial, trials):
            raise NotBegunError('another trial goes on with the same one')
        if KEY in trial.user_attrs:
            values, _ = self._candidates.space.draw(functools.partial(suggest, trial))  # fixed when it was queued
            candidate = self._candidates.make(values)
        else:
            index = retries.index_of(trial, study)
            if index >= self._trials:
                raise NotBegunError('another worker began the last trial at the same time')
            trial.set_user_attr(retries.INDEX, index)
            drawn = (other.user_attrs for other in trials if {retries.INDEX, KEY} <= other.user_attrs.keys())
            keys = {attributes[retries.INDEX]: attributes[KEY] for attributes in drawn}
            candidate = self._candidates.draw(index, study, retries.frozen(trial, study), keys)
            self._sampler.values = candidate.values
            self._candidates.space.draw(functools.partial(suggest, trial))
        check_config(Config(resolved_last(candidate.config, STAGES)))
        trial.set_user_attr(KEY, candidate.key)
        refuse_second(trial, self._study)
        return candidate

    def is_left(self, trials: Sequence[FrozenTrial]) -> bool | None:
        """Whether there is a graph to begin; None is for a race, where there may be later.

        Args:
            trials: All of the study.
        """
        return sum(map(retries.is_fresh, trials)) < self._trials and EXHAUSTED not in self._study.user_attrs

    def pruner(self, trial: optuna.Trial, pruner: BasePruner) -> BasePruner:
        """What stops a trial: nothing one that is there to be beaten.

        Args:
            trial: It, under way.
            pruner: The study's.
        """
        index = trial.user_attrs.get(retries.INDEX, math.inf)
        return pruner if self._candidates.enqueued_name(index) is None else NopPruner()


def refuse_second(trial: optuna.Trial, study: Study) -> None:
    """Leaves work to the other worker that has taken it at the same time, as a sampler that learns may let it.

    Args:
        trial: It, under way, with its key.
        study: As it is now.

    Raises:
        NotBegunError: If there is another.
    """
    key, mine = trial.user_attrs[KEY], retries.root_of(trial)
    same = [other for other in study.get_trials(deepcopy=False) if other.user_attrs.get(KEY) == key]
    if any(retries.was_begun(other) and retries.root_of(other) < mine for other in same):
        trial.set_user_attr(retries.DRAWN_TWICE, True)
        raise NotBegunError('another worker has drawn the same graph at the same time')
