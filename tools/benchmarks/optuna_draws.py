"""Draws of Optuna's samplers in simulated searches, of which each has a study in memory."""

from collections.abc import Sequence

import numpy as np
from optuna import create_study, logging
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.trial import TrialState, create_trial

from ktg_mm.search.space.samplers import build_sampler


class OptunaDraws:
    """Studies of several searches, and what a sampler draws in them; as in a search it is built anew for each draw.

    Args:
        kind: Class name of the sampler.
        choices: How many choices each parameter has.
        searches: How many searches.
        random: Draws the samplers' seeds.
    """

    def __init__(self, kind: str, choices: np.ndarray, searches: int, random: np.random.Generator) -> None:
        logging.set_verbosity(logging.WARNING)
        self._kind, self._random = kind, random
        self._space: dict[str, BaseDistribution] = {
            str(i): CategoricalDistribution(list(range(size))) for i, size in enumerate(choices)
        }
        self._studies = [create_study(direction='maximize') for _ in range(searches)]

    def draw(self, searches: np.ndarray) -> np.ndarray:
        """A draw in each of these searches; it must be told before it is known to its study."""
        return np.array([self._one(i) for i in searches.tolist()])

    def _one(self, i: int) -> list[int]:
        study = self._studies[i]
        study.sampler = build_sampler(dict(type=self._kind), int(self._random.integers(2**31)))
        trial = study.ask(dict(self._space))
        study.tell(trial, state=TrialState.FAIL)  # samplers pass over it
        return [trial.params[name] for name in self._space]

    def tell(self, i: int, code: Sequence[int], scores: dict[int, float], whole: bool) -> None:
        """Adds a graph to a study.

        Args:
            i: The search.
            code: Its row.
            scores: By epoch.
            whole: Whether it was trained to the end.
        """
        self._studies[i].add_trial(
            create_trial(
                state=TrialState.COMPLETE if whole else TrialState.PRUNED,
                value=list(scores.values())[-1],
                params={name: int(value) for name, value in zip(self._space, code, strict=True)},
                distributions=self._space,
                intermediate_values=scores,
            )
        )
