"""What pairs of runs show of a found graph and the baseline, and what a number of pairs can show at all."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import mean, stdev

from scipy.optimize import brentq
from scipy.stats import nct, t, ttest_1samp, wilcoxon

from .interval import mean_interval

POWER = 0.8  # how likely a gain is to be shown that counts as one that can be
LEVEL = 0.05  # of the two-sided interval


@dataclass(frozen=True)
class Verdict:
    """How much better a found graph is than the baseline.

    Args:
        pairs: How many seeds both have.
        found: Mean score of the found graph over them.
        baseline: Likewise of the baseline.
        difference: Mean of found - baseline.
        low: Lower end of its 95 % interval, of Student's t over the pairs; None with fewer than two.
        high: Its upper end, likewise.
        p_value: Of the paired t-test, two-sided as the interval is; None with fewer than two pairs.
        wilcoxon: Of Wilcoxon's signed-rank test that the found graph is better, one-sided; with five pairs it is at
            least 0.031. None with fewer than two.
        better: Whether the found graph is better and the interval clear of zero.
        detectable: The gain that as many pairs, spread as these are, would show four times in five; None with fewer
            than two.

    Example:
        >>> print(verdict({0: 91.0, 1: 92.0, 2: 93.5}, {0: 90.0, 1: 91.2, 2: 92.3}, up=True))
        better by 1.00 (95 % +0.50 to +1.50, 3 seeds)
    """

    pairs: int
    found: float
    baseline: float
    difference: float
    low: float | None
    high: float | None
    p_value: float | None
    wilcoxon: float | None
    better: bool
    detectable: float | None

    def __str__(self) -> str:
        """One line for people."""
        if self.low is None or self.detectable is None:
            return 'no improvement shown: fewer than two seeds to compare'
        interval = f'95 % {self.low:+.2f} to {self.high:+.2f}, {self.pairs} seeds'
        if self.better:
            return f'better by {abs(self.difference):.2f} ({interval})'
        could = f'these seeds would show a gain of {self.detectable:.2f} four times in five'
        return f'no improvement shown: {self.difference:+.2f} ({interval}); {could}'


def verdict(found: Mapping[int, float], baseline: Mapping[int, float], up: bool) -> Verdict:
    """Compares the last graph of a race with the baseline, seed by seed.

    Args:
        found: Scores of the graph by seed, of the race's last round.
        baseline: Scores of the baseline; seeds that only one of them has do not count.
        up: Whether higher scores are better.

    Raises:
        ValueError: If they have no seed in common.

    Example:
        >>> result = verdict({0: 91.0, 1: 92.0, 2: 90.0}, {0: 90.5, 1: 92.5, 2: 90.1, 3: 99.0}, up=True)
        >>> result.better, result.pairs, round(result.difference, 2), round(result.detectable, 2)
        (False, 3, -0.03, 1.64)
    """
    seeds = [seed for seed in found if seed in baseline]
    if not seeds:
        raise ValueError('the found graph and the baseline have no seed in common')
    pairs = [found[seed] - baseline[seed] for seed in seeds]
    low, high = mean_interval(pairs) or (None, None)
    return Verdict(
        pairs=len(pairs),
        found=mean(found[seed] for seed in seeds),
        baseline=mean(baseline[seed] for seed in seeds),
        difference=mean(pairs),
        low=low,
        high=high,
        p_value=_t_test(pairs),
        wilcoxon=_wilcoxon(pairs, up),
        better=low is not None and high is not None and (low > 0 if up else high < 0),
        detectable=smallest_gain(stdev(pairs) / math.sqrt(2), len(pairs)) if len(pairs) > 1 else None,
    )


def power_of(gain: float, spread: float, seeds: int, level: float = LEVEL) -> float:
    """How likely a paired comparison is to show a gain: that the interval of the mean difference is above zero.

    Args:
        gain: By which the found graph is better in truth, at least 0, in units of the score.
        spread: Standard deviation of one graph's seeds. The pairs' differences spread by the square root of two times
            as much, as if a seed did nothing in common to two graphs.
        seeds: How many pairs, at least 2.
        level: Of the two-sided interval. Defaults to 0.05, for one of 95 %.

    Raises:
        ValueError: If there are fewer than two seeds.

    Example:
        >>> round(power_of(0.5, 0.45, 8), 2)
        0.48
    """
    if seeds < 2:
        raise ValueError(f'a comparison needs at least 2 seeds, got {seeds}')
    if not spread:
        return float(gain > 0)
    return _power(gain / (spread * math.sqrt(2 / seeds)), seeds, level)


def smallest_gain(spread: float, seeds: int, power: float = POWER, level: float = LEVEL) -> float:
    """The gain that a paired comparison shows as often as ``power`` says: what a race of so many seeds can show.

    Args:
        spread: As for :func:`power_of`.
        seeds: Likewise.
        power: How often it is to be shown, above half the level. Defaults to 0.8.
        level: Of the two-sided interval. Defaults to 0.05.

    Raises:
        ValueError: If there are fewer than two seeds.

    Example:
        >>> [round(smallest_gain(0.45, seeds), 2) for seeds in (3, 5, 10, 20)]
        [2.08, 1.07, 0.63, 0.42]
    """
    if seeds < 2:
        raise ValueError(f'a comparison needs at least 2 seeds, got {seeds}')
    return _distance(power, seeds, level) * spread * math.sqrt(2 / seeds)


@functools.cache
def _distance(power: float, seeds: int, level: float) -> float:
    """How many standard errors from zero the mean must be for the t-test to have a power."""
    high = 1.0
    while _power(high, seeds, level) < power:
        high *= 2
    return float(brentq(lambda value: _power(value, seeds, level) - power, 0, high))


def _power(distance: float, seeds: int, level: float) -> float:
    """Power of the t-test where the mean is so many of its standard errors from zero."""
    return float(nct.sf(t.ppf(1 - level / 2, seeds - 1), seeds - 1, distance))


def _t_test(pairs: list[float]) -> float | None:
    """The p-value of the two-sided test; of pairs that are all alike scipy would say nothing."""
    if len(pairs) < 2:
        return None
    return float(ttest_1samp(pairs, 0).pvalue) if stdev(pairs) else float(not pairs[0])


def _wilcoxon(pairs: list[float], up: bool) -> float | None:
    """The p-value of the one-sided test; without a difference there is nothing to rank."""
    if len(pairs) < 2:
        return None
    return float(wilcoxon(pairs, alternative='greater' if up else 'less').pvalue) if any(pairs) else 1.0
