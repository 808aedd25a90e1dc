"""Rounds of a race: who runs, how often, and who goes on."""

import math

import pytest

from ktg_mm.search.race.rounds import (
    EARLY_SEEDS,
    LEAST_SEEDS,
    MOST_SEEDS,
    Round,
    default_race,
    race_rounds,
    runs,
    survivors,
)


@pytest.mark.parametrize(
    ('graphs', 'counts'), [(1, [1]), (2, [2, 1]), (3, [3, 2, 1]), (8, [8, 4, 2, 1]), (9, [9, 5, 3, 2, 1])]
)
def test_each_round_has_the_better_half(graphs: int, counts: list[int]) -> None:
    rounds = race_rounds(graphs, 7)
    assert [one.graphs for one in rounds] == counts
    assert rounds[-1] == Round(1, 7)
    assert all(one.seeds == EARLY_SEEDS for one in rounds[:-1])


def test_runs_count_the_baseline_in_each_round() -> None:
    assert runs(race_rounds(1, 3)) == 6
    assert runs(race_rounds(8, 5)) == EARLY_SEEDS * (9 + 5 + 3) + 2 * 5
    assert runs([]) == 0


@pytest.mark.parametrize('numbers', [(0, 3), (3, 1)])
def test_too_few(numbers: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match='at least 1 graph and 2 seeds, got'):
        race_rounds(*numbers)


def test_survivors_are_the_best_by_the_mean_of_all_seeds() -> None:
    scores = dict(a=[9.0, 1.0], b=[4.0, 7.0], c=[8.0, 1.0], d=[5.0, 6.0])
    assert survivors(scores, 3, up=True) == ['b', 'd', 'a']  # 5.5, 5.5, 5.0: ties by their order
    assert survivors(scores, 2, up=False) == ['c', 'a']
    assert survivors(scores, 9, up=True) == ['b', 'd', 'a', 'c']


@pytest.mark.parametrize('up', [True, False])
def test_a_graph_without_a_score_comes_last(up: bool) -> None:
    scores = dict(lost=[], broken=[99.0, math.nan], sound=[1.0, 2.0])
    assert survivors(scores, 1, up) == ['sound']
    assert survivors(scores, 3, up) == ['sound', 'lost', 'broken']


@pytest.mark.parametrize('trials', [1, 10, 20, 39, 40, 100, 190, 300, 1500])
def test_the_default_takes_half_as_many_trainings_again(trials: int) -> None:
    size = default_race(trials)
    needed = runs(race_rounds(**size))
    assert LEAST_SEEDS <= size['seeds'] <= MOST_SEEDS
    assert size['graphs'] <= max(1, trials)
    assert needed <= max(trials / 2, 2 * LEAST_SEEDS)
    assert trials < 20 or needed >= trials / 2 - 2 or size['seeds'] == MOST_SEEDS


def test_the_default_race_grows() -> None:
    sizes = [default_race(trials) for trials in range(1, 1000)]
    graphs = [size['graphs'] for size in sizes]
    assert graphs == sorted(graphs) and graphs[0] == 1 and graphs[-1] == 16 and default_race(1000)['graphs'] == 32
