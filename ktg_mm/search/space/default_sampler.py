"""The sampler of a search that names none."""

from __future__ import annotations

from typing import Any


def default_sampler(trials: int) -> dict[str, Any]:
    """The sampler that a number of trials asks for, by what simulated searches came to (``docs/search.md``).

    Args:
        trials: How many graphs are tried.

    Returns:
        Its config, of seed 0.

    Example:
        >>> default_sampler(190)['type']
        'RegularizedEvolutionSampler'
    """
    return dict(type='RegularizedEvolutionSampler', population_size=50, tournament_size=10, first=10, seed=0)
