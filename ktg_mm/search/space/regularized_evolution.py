"""Regularised evolution as a sampler."""

from __future__ import annotations

from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from ktg_mm.config import check_number
from ktg_mm.registry import SAMPLERS


@SAMPLERS.register_module()
class RegularizedEvolutionSampler(BaseSampler):
    """Regularised evolution: the young live, the best of a few among them has a child (Real et al., AAAI 2019).

    The population are the complete trials that ended last. Its parent is the best of a few that are drawn from it, and
    the child is the parent with another value of one parameter. What the child needs beside, as a choice asks for
    parameters that the parent had not, is drawn at random; so is everything until there is a population. A search
    draws again where the child comes to the graph of a trial that there was, so a change counts that the target hears.

    Trials that were pruned have no score of a whole run, and are no parents. Who is in the population depends on who
    ended first: with several workers a search is not repeatable.

    Args:
        population_size: How many trials live, at least 2. Defaults to 50.
        tournament_size: How many of them are looked at for a parent, from 1 to ``population_size``. Defaults to 10.
        first: How many complete trials it takes to begin, at least 1. Defaults to 10.
        seed: Of all random draws. Defaults to None: another one each time.

    Raises:
        ValueError: If a number is out of its range.

    Example:
        >>> import optuna
        >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
        >>> study = optuna.create_study(sampler=RegularizedEvolutionSampler(seed=0))
        >>> study.optimize(lambda trial: sum(trial.suggest_int(f'x{i}', 0, 9) for i in range(4)), n_trials=200)
        >>> study.best_value
        0.0
    """

    def __init__(
        self, population_size: int = 50, tournament_size: int = 10, first: int = 10, seed: int | None = None
    ) -> None:
        self.population_size = int(check_number('population_size', population_size, '[2, inf)'))
        self.tournament_size = int(check_number('tournament_size', tournament_size, f'[1, {population_size}]'))
        self.first = int(check_number('first', first, '[1, inf)'))
        self._random = RandomSampler(seed)
        self._generator = np.random.default_rng(seed)

    def reseed_rng(self) -> None:
        """Draws other numbers from now on, as Optuna asks of the processes of one study."""
        self._random.reseed_rng()
        self._generator = np.random.default_rng()

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Returns what the parents were drawn from."""
        found: dict[str, BaseDistribution] = {}
        for parent in self._population(study):
            found |= parent.distributions
        return dict(sorted(found.items()))

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Returns the values of a child."""
        population = self._population(study)
        if len(population) < self.first:
            return {}
        size = min(self.tournament_size, len(population))
        drawn = self._generator.choice(len(population), size, replace=False)
        sign = -1 if study.direction == StudyDirection.MINIMIZE else 1
        parent = max((population[i] for i in drawn), key=lambda one: sign * one.value)
        values = dict(parent.params)
        names = sorted(name for name, kind in parent.distributions.items() if not kind.single())
        if names:
            name = names[self._generator.integers(len(names))]
            while values[name] == parent.params[name]:
                values[name] = self.sample_independent(study, trial, name, parent.distributions[name])
        return values

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Returns a value at random."""
        return self._random.sample_independent(study, trial, param_name, param_distribution)

    def _population(self, study: Study) -> list[FrozenTrial]:
        complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        return sorted(complete, key=lambda one: (one.datetime_complete, one.number))[-self.population_size :]
