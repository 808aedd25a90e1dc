"""The rounds of a race: who runs how often, and who goes on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

EARLY_SEEDS = 2  # of each graph in a round that chooses
LEAST_SEEDS, MOST_SEEDS = 3, 60  # of the last round, by default
_GRAPHS = ((32, 1000), (16, 300), (8, 100), (4, 60), (2, 30), (1, 0))  # how many graphs, from how many trials on


@dataclass(frozen=True)
class Round:
    """A round: ``graphs`` graphs and the baseline, each trained with ``seeds`` new seeds, the same for all.

    Args:
        graphs: How many graphs run, without the baseline.
        seeds: How many new seeds each of them and the baseline has.
    """

    graphs: int
    seeds: int


def race_rounds(graphs: int, seeds: int) -> list[Round]:
    """Successive halving: all graphs, the better half, and so on, until one is left; it meets the baseline at last.

    The last round alone says how much better the last graph is. Its seeds are new and choose nothing, so that the best
    of many is not taken for better because it was lucky.

    Args:
        graphs: How many graphs begin, at least 1.
        seeds: How many seeds the last round has, at least 2.

    Raises:
        ValueError: If a number is too small.

    Example:
        >>> race_rounds(5, 8)
        [Round(graphs=5, seeds=2), Round(graphs=3, seeds=2), Round(graphs=2, seeds=2), Round(graphs=1, seeds=8)]
    """
    if graphs < 1 or seeds < 2:
        raise ValueError(f'a race needs at least 1 graph and 2 seeds, got {graphs} and {seeds}')
    rounds = []
    while graphs > 1:
        rounds.append(Round(graphs, EARLY_SEEDS))
        graphs = math.ceil(graphs / 2)
    return [*rounds, Round(1, seeds)]


def runs(rounds: Iterable[Round]) -> int:
    """How many trainings the rounds take, those of the baseline among them.

    Example:
        >>> runs(race_rounds(4, 5))
        26
    """
    return sum((one.graphs + 1) * one.seeds for one in rounds)


def survivors(scores: Mapping[str, Sequence[float]], keep: int, up: bool) -> list[str]:
    """The graphs that go on: the best by the mean of their scores, of graphs that are equal the first.

    Args:
        scores: Of each graph, of all its seeds in the race so far; a graph without any, or with one that is not a
            number, comes last.
        keep: How many go on.
        up: Whether higher scores are better.

    Returns:
        Their names, the best first.

    Example:
        >>> survivors({'a': [90.0, 91.0], 'b': [92.0, 93.0], 'c': [92.5, 92.5]}, 2, up=True)
        ['b', 'c']
    """
    sign = -1 if up else 1
    means = {name: sign * fmean(values) if len(values) else math.nan for name, values in scores.items()}
    return sorted(means, key=lambda name: math.inf if math.isnan(means[name]) else means[name])[:keep]


def default_race(trials: int) -> dict[str, int]:
    """The size of the race after a number of trials: half as many trainings again, if not fewer (``docs/search.md``).

    Args:
        trials: How many graphs the search tries, at least 1.

    Returns:
        ``graphs`` and ``seeds`` of :func:`race_rounds`.

    Example:
        >>> default_race(120), runs(race_rounds(**default_race(120)))
        ({'graphs': 8, 'seeds': 13}, 60)
    """
    graphs = next(graphs for graphs, least in _GRAPHS if trials >= least)
    early = runs(race_rounds(graphs, 2)) - 4
    return dict(graphs=graphs, seeds=min(max(LEAST_SEEDS, (trials // 2 - early) // 2), MOST_SEEDS))
