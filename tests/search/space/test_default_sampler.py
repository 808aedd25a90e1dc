"""The sampler of a search that names none; what it is worth tests/integration/test_simulated_searches.py says."""

import pytest

from ktg_mm.search.space.default_sampler import LEAST_TRIALS, default_sampler
from ktg_mm.search.space.samplers import build_sampler


@pytest.mark.parametrize('trials', [1, LEAST_TRIALS - 1, LEAST_TRIALS, 190, 5000])
def test_it_can_be_built(trials: int) -> None:
    cfg = default_sampler(trials)
    assert type(build_sampler(cfg)).__name__ == cfg['type']
    assert cfg['seed'] == 0


def test_evolution_needs_a_population() -> None:
    assert default_sampler(LEAST_TRIALS - 1) == dict(type='RandomSampler', seed=0)
    assert default_sampler(LEAST_TRIALS)['type'] == 'RegularizedEvolutionSampler'
    assert default_sampler(LEAST_TRIALS)['first'] < LEAST_TRIALS
