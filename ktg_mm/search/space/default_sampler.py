"""The sampler of a search that names none."""

from __future__ import annotations

from typing import Any

LEAST_TRIALS = 30  # below, evolution has hardly begun when it ends, and random graphs do not depend on who ended first


def default_sampler(trials: int) -> dict[str, Any]:
    """The sampler that a number of trials asks for, by what simulated searches came to (``docs/search.md``).

    Args:
        trials: How many graphs are tried.

    Returns:
        Its config: regularised evolution from 30 trials on, else random draws.

    Example:
        >>> default_sampler(190)['type'], default_sampler(10)['type']
        ('RegularizedEvolutionSampler', 'RandomSampler')
    """
    if trials < LEAST_TRIALS:
        return dict(type='RandomSampler', seed=0)
    return dict(type='RegularizedEvolutionSampler', population_size=50, tournament_size=10, first=10, seed=0)
