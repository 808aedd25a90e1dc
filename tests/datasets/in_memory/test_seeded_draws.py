import numpy as np
import pytest

from ktg_mm.datasets import SeededIndex, SeedRandom
from ktg_mm.datasets.in_memory.seeded_draws import SeededDraws, seeds_of


def indices(seed):
    return [SeededIndex(index, seed=seed, epoch=epoch) for index in (0, 1, 7, 49_999) for epoch in (0, 1, 300)]


@pytest.mark.parametrize('seed', [0, 5, 2**32 - 1, 2**32 + 7, 2**70, 2**150 + 1])
def test_seeds_are_those_of_numpy(seed):
    expected = [np.random.SeedSequence((seed, i.epoch, int(i))).generate_state(3)[1] for i in indices(seed)]
    assert seeds_of(indices(seed)).tolist() == expected


@pytest.mark.parametrize('times', [1, 40])  # more than are made at first
def test_draws_are_those_after_seed_random(times):
    draws, drawn, expected = SeededDraws(indices(5)), [], []
    for _ in range(times):
        drawn += [draws.integers(9), draws.random(), draws.integers(1), draws.integers(8), draws.integers(1000)]
    for index in indices(5):
        SeedRandom()({'sample_idx': index})
        expected.append([])
        for _ in range(times):
            expected[-1] += [np.random.randint(9), np.random.choice([0.25, 1], p=[0.5, 0.5])]
            expected[-1] += [np.random.randint(1), np.random.randint(8), np.random.randint(1000)]
    assert [[column[i] for i in (0, 2, 3, 4)] for column in np.array(drawn).T.reshape(-1, 5)] == [
        [row[i] for i in (0, 2, 3, 4)] for row in np.array(expected).reshape(-1, 5)
    ]


def test_fractions_are_those_of_numpy():
    draws = SeededDraws(indices(1))
    first, second = draws.random(), draws.random()
    for number, index in enumerate(indices(1)):
        SeedRandom()({'sample_idx': index})
        assert (first[number], second[number]) == (np.random.random_sample(), np.random.random_sample())


@pytest.mark.parametrize('at_once', [1, 32, 64])
def test_some_streams_may_draw_more(at_once):
    draws, which = SeededDraws(indices(1), at_once), np.array([3, 0, 5])
    drawn = [draws.random(which), draws.random(which[1:])]
    every = draws.random()
    for number, index in enumerate(indices(1)):
        SeedRandom()({'sample_idx': index})
        of_both = zip(drawn, (which, which[1:]), strict=True)
        more = [part[list(those).index(number)] for part, those in of_both if number in those]
        assert [*more, every[number]] == [np.random.random_sample() for _ in range(len(more) + 1)]
    assert draws.used == [4 if number == 3 else 6 if number in (0, 5) else 2 for number in range(12)]


def test_numpys_own_generator_is_left_alone():
    np.random.seed(1)
    expected = np.random.rand()
    np.random.seed(1)
    SeededDraws(indices(0)).random()
    assert np.random.rand() == expected
