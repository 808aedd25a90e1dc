"""Samplers by their class names, a user's own among them."""

from collections.abc import Iterator

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.samplers import BaseSampler, RandomSampler

from ktg_mm.errors import ConfigError
from ktg_mm.registry import SAMPLERS
from ktg_mm.search.space.samplers import build_sampler


class LastChoice(BaseSampler):
    """A sampler without a seed: it always takes the last choice."""

    def infer_relative_search_space(self, study, trial):
        return {}

    def sample_relative(self, study, trial, search_space):
        return {}

    def sample_independent(self, study, trial, param_name, param_distribution):
        return param_distribution.choices[-1]


class Shifted(RandomSampler):
    """A sampler with an argument of its own beside those that it hands on."""

    def __init__(self, shift: float = 0.0, **options) -> None:
        super().__init__(**options)
        self.shift = shift

    def sample_independent(self, study, trial, param_name, param_distribution):
        return super().sample_independent(study, trial, param_name, param_distribution) + self.shift


class NoSampler:
    pass


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    for cls in (LastChoice, Shifted, NoSampler):
        SAMPLERS.register_module(module=cls)
    yield
    for cls in (LastChoice, Shifted, NoSampler):
        SAMPLERS.module_dict.pop(cls.__name__)


def drawn(*args):
    return build_sampler(*args).sample_independent(None, None, 'x', FloatDistribution(0, 1))


def test_optunas():
    assert isinstance(build_sampler(dict(type='TPESampler'), 1), optuna.samplers.TPESampler)
    draws = [drawn(dict(type='RandomSampler', seed=9), seed) for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]  # the seed that is given counts
    assert drawn(dict(type='RandomSampler', seed=9)) == drawn(dict(type='RandomSampler'), 9)


def test_a_users_own():
    assert drawn(dict(type='Shifted', shift=5.0), 1) == drawn(dict(type='RandomSampler'), 1) + 5.0
    assert drawn(dict(type=Shifted), 1) == drawn(dict(type='RandomSampler'), 1)


def test_one_that_takes_no_seed_is_built_without():
    sampler = build_sampler(dict(type='LastChoice'), 1)
    assert sampler.sample_independent(None, None, 'x', CategoricalDistribution(['a', 'b'])) == 'b'
    with pytest.raises(ConfigError, match=r'^search\.sampler\.seed: LastChoice has no such argument; none is known$'):
        build_sampler(dict(type='LastChoice', seed=1))


@pytest.mark.parametrize(
    ('sampler', 'message'),
    [
        (dict(type='NoSampler'), "'NoSampler' is no sampler (a BaseSampler of Optuna's); "),
        (dict(type=NoSampler), "<class 'test_samplers.NoSampler'> is no sampler "),
        (dict(type='KLDivergence'), "'KLDivergence' is no sampler (a BaseSampler of Optuna's); known: "),
        (dict(type='SuccessiveHalvingPruner'), "'SuccessiveHalvingPruner' is no sampler "),
        (dict(type='BaseSampler'), "'BaseSampler' is no sampler (a BaseSampler of Optuna's); did you mean "),
        (dict(type='no.such.Sampler'), "'no.such.Sampler' is no sampler "),
        (dict(type=3), '3 is no sampler '),
    ],
)
def test_what_is_no_sampler(sampler, message):
    with pytest.raises(ConfigError) as caught:
        build_sampler(sampler, 0)
    text = str(caught.value).replace(NoSampler.__module__, 'test_samplers')
    assert text.startswith(f'search.sampler.type: {message}') and '\n' not in text


def test_one_that_hands_a_seed_on_to_nobody_is_refused_at_the_start():
    class Forwarding(BaseSampler):
        def __init__(self, bias=0, **options):
            super().__init__(**options)

    Forwarding.__abstractmethods__ = frozenset()
    with pytest.raises(ConfigError, match=r'^search\.sampler: Forwarding: '):
        build_sampler(dict(type=Forwarding), seed=0)
