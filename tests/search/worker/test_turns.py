"""Pieces of work that take turns begin, end and fail as they should."""

from collections.abc import Callable

import pytest

from ktg_mm.search.worker.turns import Turns


def run(turns: Turns, steps: list[int], fails: int | None = None) -> tuple[list[tuple[int, int]], list[bool]]:
    """Does as many pieces of work as there are numbers of steps; returns who did which step, and what was asked."""
    said: list[tuple[int, int]] = []
    asked: list[bool] = []
    left = list(enumerate(steps))

    def more(none_under_way: bool) -> bool:
        asked.append(none_under_way)
        return bool(left)

    def work() -> None:
        name, number = left.pop(0)
        for step in range(number):
            turns.hand_on()
            if turns.error is not None:
                said.append((name, -1))
                return
            if name == fails:
                raise ValueError(name)
            said.append((name, step))

    turns.run(more, work, lambda: said.append((-1, -1)))
    return said, asked


ENDED = (-1, -1)


def test_the_next_begins_as_soon_as_one_has_ended() -> None:
    said, asked = run(Turns(2), [1, 3, 1])
    assert said == [(0, 0), ENDED, (1, 0), (1, 1), (2, 0), ENDED, (1, 2), ENDED]
    assert asked[:3] == [True, False, False]


def test_together_the_next_begin_once_all_have_ended() -> None:
    said, asked = run(Turns(2, together=True), [1, 2, 1])
    assert said == [(0, 0), ENDED, (1, 0), (1, 1), ENDED, (2, 0), ENDED]
    assert asked == [True, False, True, False, True]


@pytest.mark.parametrize('together', [False, True])
def test_what_ends_without_a_turn(together: bool) -> None:
    said, _ = run(Turns(3, together), [0, 0, 2, 0])
    assert said.count(ENDED) == 4 and said[-1] == ENDED
    assert [one for one in said if one != ENDED] == [(2, 0), (2, 1)]


def test_more_than_there_is() -> None:
    said, _ = run(Turns(9), [2, 2])
    assert said == [(0, 0), (1, 0), (0, 1), ENDED, (1, 1), ENDED]


def test_an_error_lets_the_others_end_and_is_raised_then() -> None:
    turns = Turns(2)
    with pytest.raises(ValueError, match='0'):
        run(turns, [2, 5, 1], fails=0)
    assert isinstance(turns.error, ValueError)


@pytest.mark.parametrize('where', ['more', 'ended'])
def test_an_error_between_two_turns_lets_the_others_end(where: str) -> None:
    """As of a storage that cannot be reached any more."""
    turns, left, said = Turns(3), [0, 1, 2, 3], []

    def more(none_under_way: bool) -> bool:
        if where == 'more' and left == [3]:
            raise OSError('gone')
        return bool(left)

    def work() -> None:
        name = left.pop(0)
        while name and turns.error is None:
            turns.hand_on()
        said.append(name)

    def ended() -> None:
        if where == 'ended':
            raise OSError('gone')

    with pytest.raises(OSError, match='gone'):
        turns.run(more, work, ended)
    assert said == ([0, 1, 2] if where == 'more' else [0])


def test_alone_nobody_waits() -> None:
    turns = Turns(1)
    turns.hand_on()
    done: Callable[[], str] = lambda: 'done'  # noqa: E731
    assert turns.errand(done) == 'done'
