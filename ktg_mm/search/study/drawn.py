"""Values that were drawn before, as Optuna's study is to have them."""

from __future__ import annotations

from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import RandomSampler
from optuna.study import Study
from optuna.trial import FrozenTrial


class DrawnSampler(RandomSampler):
    """Hands drawn values to Optuna as if it had drawn them itself, each for its own as its base does.

    Example:
        >>> sampler = DrawnSampler()
        >>> sampler.values = dict(x=2)
        >>> optuna.create_study(sampler=sampler).ask().suggest_int('x', 0, 9)
        2
    """

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, Any] = {}

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Returns the value that was drawn before."""
        return self.values[param_name]


def suggest(trial: optuna.Trial, name: str, distribution: BaseDistribution) -> Any:
    """Lets a trial take the value of a parameter, and keep it in the study."""
    if isinstance(distribution, CategoricalDistribution):
        return trial.suggest_categorical(name, distribution.choices)
    assert isinstance(distribution, (FloatDistribution, IntDistribution))
    ask: Any = trial.suggest_int if isinstance(distribution, IntDistribution) else trial.suggest_float
    return ask(name, distribution.low, distribution.high, step=distribution.step, log=distribution.log)
