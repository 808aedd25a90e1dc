"""A function in a thread of its own goes on only when it is let to."""

import contextlib
import io
import threading

import pytest
import torch
from mmengine.logging import MMLogger
from mmengine.utils import ManagerMixin

from ktg_mm.search.worker.turn import Turn


def test_two_that_take_turns_draw_as_if_alone() -> None:
    drawn: dict[int, list[float]] = {1: [], 2: []}

    def begin(seed: int) -> Turn:
        def work() -> None:
            torch.manual_seed(seed)
            for _ in range(4):
                drawn[seed].append(float(torch.rand(())))
                turn.hand_on()

        turn = Turn(work)
        return turn

    under_way = [begin(1), begin(2)]
    while under_way:
        under_way = [turn for turn in under_way if turn.go_on()]
    for seed, values in drawn.items():
        torch.manual_seed(seed)
        assert values == [float(torch.rand(())) for _ in range(4)]


def test_what_it_raises_is_raised_where_it_was_let_go_on() -> None:
    class Fault(BaseException):
        """No Exception either."""

    def work() -> None:
        turn.hand_on()
        raise Fault('here')

    turn = Turn(work)
    assert turn.go_on()
    with pytest.raises(Fault, match='here'):
        turn.go_on()


def test_nothing_runs_before_it_is_let_to_and_nothing_meanwhile() -> None:
    said: list[str] = []

    def work() -> None:
        said.append(threading.current_thread().name)
        turn.hand_on()
        said.append('again')

    turn = Turn(work)
    assert said == []
    turn.go_on()
    assert said == ['turn'] and threading.current_thread().name != 'turn'
    assert not turn.go_on() and said == ['turn', 'again']


def test_output_that_is_redirected_halfway(capsys: pytest.CaptureFixture) -> None:
    caught = io.StringIO(), io.StringIO()

    def begin(into: io.StringIO) -> Turn:
        def work() -> None:
            with contextlib.redirect_stdout(into):
                print('one')
                turn.hand_on()
                print('two')

        turn = Turn(work)
        return turn

    turns = [begin(into) for into in caught]
    for turn in (*turns, *turns):
        print('here')
        turn.go_on()
    print('here')
    assert [into.getvalue() for into in caught] == ['one\ntwo\n'] * 2
    assert capsys.readouterr().out == 'here\n' * 5


def test_an_errand_is_done_by_the_one_who_waits() -> None:
    found: list[object] = []

    def fail() -> None:
        raise KeyboardInterrupt('pressed')

    def work() -> None:
        found.append(turn.errand(threading.get_ident))
        found.append(turn.errand(lambda: 'two'))
        with pytest.raises(KeyboardInterrupt, match='pressed'):
            turn.errand(fail)
        turn.hand_on()

    turn = Turn(work)
    assert turn.go_on()
    assert found == [threading.get_ident(), 'two']
    assert not turn.go_on()


def test_a_lock_that_mmengine_has_kept_is_given_up() -> None:
    class Nobody(ManagerMixin):
        """Of which there is none."""

    said: list[str] = []

    def work() -> None:
        for name in 'first', 'second':
            MMLogger.get_instance(name)
            said.append(name)
            with pytest.raises(RuntimeError):
                Nobody.get_current_instance()
            turn.hand_on()

    turn = Turn(work)

    def go_on() -> None:
        with pytest.raises(RuntimeError):
            Nobody.get_current_instance()
        turn.go_on()
        MMLogger.get_instance('third')
        turn.go_on()
        said.append('end')

    thread = threading.Thread(target=go_on, daemon=True)
    thread.start()
    thread.join(timeout=20)
    assert said == ['first', 'second', 'end']
