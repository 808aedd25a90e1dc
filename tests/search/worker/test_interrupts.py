"""An interrupt is let in only where nothing is half done."""

import signal
import threading

import pytest

from ktg_mm.search.worker.interrupts import Interrupts

SIGNALS = [signal.SIGINT, signal.SIGTERM]


@pytest.mark.parametrize('number', SIGNALS)
def test_within_it_is_raised_at_once(number: int) -> None:
    with Interrupts() as interrupts, pytest.raises(KeyboardInterrupt), interrupts.heard():
        signal.raise_signal(number)
        pytest.fail('went on')


@pytest.mark.parametrize('number', SIGNALS)
def test_elsewhere_it_waits(number: int) -> None:
    with Interrupts() as interrupts:
        interrupts.check()
        with interrupts.heard():
            pass
        signal.raise_signal(number)
        assert interrupts.pending
        with pytest.raises(KeyboardInterrupt):
            interrupts.check()
        with pytest.raises(KeyboardInterrupt), interrupts.heard():
            pytest.fail('began something')


def test_the_handlers_of_before_come_back() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with Interrupts():
        assert [signal.getsignal(number) for number in SIGNALS] != before
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_another_thread_hears_no_signals() -> None:
    errors: list[BaseException] = []

    def use() -> None:
        try:
            with Interrupts() as interrupts, interrupts.heard():
                pass
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert errors == []
