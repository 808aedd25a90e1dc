import signal
import sys
import time

import pytest

from ktg_mm.apis.late_interrupts import late_interrupts


class Collected:
    def __init__(self, error):
        self.error = error

    def __del__(self):
        raise self.error


@pytest.fixture(autouse=True)
def told(monkeypatch):
    """What Python tells of errors that it lets out nowhere."""
    told = []
    monkeypatch.setattr(sys, 'unraisablehook', lambda unraisable: told.append(unraisable.exc_value))
    return told


def test_an_interrupt_comes_again(told):
    with pytest.raises(KeyboardInterrupt), late_interrupts():
        Collected(KeyboardInterrupt())
        time.sleep(10)
    assert not told


def test_it_comes_again_however_often(told):
    with pytest.raises(KeyboardInterrupt), late_interrupts():
        Collected(KeyboardInterrupt())
        Collected(KeyboardInterrupt())
        time.sleep(10)
    assert not told


def test_it_comes_to_the_handler_that_is_set(told):
    heard = []
    before = signal.signal(signal.SIGINT, lambda *args: heard.append(1))
    try:
        with late_interrupts():
            Collected(KeyboardInterrupt())
            time.sleep(0.2)
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == [1] and not told


def test_not_after_the_end():
    with late_interrupts():
        Collected(KeyboardInterrupt())
    time.sleep(0.05)


def test_other_errors_are_told(told):
    error = ValueError('x')
    hook = sys.unraisablehook
    with late_interrupts():
        Collected(error)
    assert told == [error] and sys.unraisablehook is hook
