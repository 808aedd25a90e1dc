"""Verdicts of a race, against scipy's paired tests, Cohen's table and simulated comparisons."""

import math

import numpy as np
import pytest
from scipy import stats

from ktg_mm.search.race.verdict import power_of, smallest_gain, verdict

FOUND = {3: 91.5, 1: 92.25, 2: 90.5, 7: 93.0, 8: 91.0, 9: 0.0}
BASELINE = {1: 91.0, 2: 90.25, 3: 90.75, 7: 92.0, 8: 90.5, 5: 0.0}
COMMON = [1, 2, 3, 7, 8]


def test_pairs_share_a_seed() -> None:
    found, baseline = [FOUND[i] for i in COMMON], [BASELINE[i] for i in COMMON]
    paired = stats.ttest_rel(found, baseline)
    result = verdict(FOUND, BASELINE, up=True)
    assert result.pairs == 5
    assert (result.found, result.baseline) == pytest.approx((np.mean(found), np.mean(baseline)))
    assert result.difference == pytest.approx(result.found - result.baseline)
    assert (result.low, result.high) == pytest.approx(tuple(paired.confidence_interval(0.95)))
    assert result.p_value == pytest.approx(paired.pvalue)
    assert result.wilcoxon == pytest.approx(1 / 32)  # all five of five have the same sign
    assert result.better
    assert str(result).startswith(f'better by {result.difference:.2f} (95 % +0.')


def test_lower_may_be_better() -> None:
    down, up = verdict(BASELINE, FOUND, up=False), verdict(FOUND, BASELINE, up=True)
    assert down.better and down.difference == -up.difference
    assert (down.wilcoxon, down.p_value) == pytest.approx((up.wilcoxon, up.p_value))
    assert str(down).startswith(f'better by {up.difference:.2f} (95 % -')
    worse = verdict(FOUND, BASELINE, up=False)
    assert not worse.better and worse.wilcoxon == 1 and worse.p_value == up.p_value


def test_an_interval_with_zero_in_it_shows_nothing() -> None:
    result = verdict({0: 1.0, 1: 2.0, 2: 3.0}, {0: 0.0, 1: 2.5, 2: 2.0}, up=True)
    assert result.low < 0 < result.difference and not result.better
    spread = np.std([1.0, -0.5, 1.0], ddof=1)
    assert result.detectable == pytest.approx(smallest_gain(spread / math.sqrt(2), 3))
    assert str(result).startswith('no improvement shown: +0.50 (95 % -')


def test_pairs_without_spread() -> None:
    alike = verdict({0: 1.0, 1: 2.0}, {0: 1.0, 1: 2.0}, up=True)
    assert (alike.better, alike.p_value, alike.wilcoxon, alike.detectable) == (False, 1.0, 1.0, 0.0)
    always = verdict({0: 2.0, 1: 3.0}, {0: 1.0, 1: 2.0}, up=True)
    assert (always.better, always.low, always.high, always.p_value) == (True, 1.0, 1.0, 0.0)


def test_one_pair_shows_nothing() -> None:
    result = verdict({0: 9.0, 1: 2.0}, {0: 1.0, 2: 2.0}, up=True)
    assert (result.difference, result.low, result.high, result.detectable, result.better) == (
        8,
        None,
        None,
        None,
        False,
    )
    assert str(result) == 'no improvement shown: fewer than two seeds to compare'
    with pytest.raises(ValueError, match='no seed in common'):
        verdict({0: 1.0}, {1: 1.0}, up=True)


@pytest.mark.parametrize(('distance', 'seeds', 'power'), [(0.5, 34, 0.808), (0.8, 15, 0.821), (1.0, 10, 0.803)])
def test_power_is_that_of_tables(distance: float, seeds: int, power: float) -> None:
    """Of G*Power 3.1 for two-sided paired t-tests; ``distance`` is in standard deviations of the differences."""
    assert power_of(distance * math.sqrt(2), 1.0, seeds) == pytest.approx(power, abs=1e-3)


@pytest.mark.parametrize('seeds', [2, 3, 5, 12])
def test_the_smallest_gain_is_shown_as_often_as_it_says(seeds: int) -> None:
    gain = smallest_gain(0.45, seeds)
    assert power_of(gain, 0.45, seeds) == pytest.approx(0.8)
    draw = np.random.default_rng(seeds)
    pairs = gain + draw.normal(0, 0.45, (20000, seeds)) - draw.normal(0, 0.45, (20000, seeds))
    half = stats.t.ppf(0.975, seeds - 1) * pairs.std(1, ddof=1) / math.sqrt(seeds)
    assert np.mean(pairs.mean(1) > half) == pytest.approx(0.8, abs=0.012)  # four standard errors


def test_of_no_gain_half_the_level_is_shown() -> None:
    assert power_of(0, 0.45, 8) == pytest.approx(0.025)
    assert power_of(0, 0.45, 8, level=0.2) == pytest.approx(0.1)
    assert (power_of(0.1, 0, 8), power_of(0, 0, 8)) == (1, 0)


def test_fewer_than_two_seeds() -> None:
    for call in (lambda: power_of(1, 1, 1), lambda: smallest_gain(1, 1)):
        with pytest.raises(ValueError, match='at least 2 seeds, got 1'):
            call()
