"""A worker without work asks ever more seldom."""

import itertools

import pytest

from ktg_mm.search.worker.idle import idle_pauses


@pytest.mark.parametrize(('heartbeat', 'longest'), [(30, 15.0), (600, 15.0), (1, 0.5)])
def test_pauses_grow_to_the_longest(heartbeat: int, longest: float) -> None:
    pauses = list(itertools.islice(idle_pauses(heartbeat), 200))
    assert pauses[0] == 0.25 and pauses == sorted(pauses) and pauses[-1] == longest


@pytest.mark.parametrize('ends', [0.3, 5.0, 40.0, 100.0])
def test_no_wait_is_a_tenth_longer_than_it_must_be(ends: float) -> None:
    looks = itertools.accumulate(idle_pauses(600))
    assert next(look for look in looks if look >= ends) <= 1.1 * ends + 0.25


def test_an_hour_is_few_looks() -> None:
    looks = list(itertools.takewhile(lambda look: look < 3600, itertools.accumulate(idle_pauses(30))))
    assert 240 < len(looks) < 300  # every second it was 3,600
