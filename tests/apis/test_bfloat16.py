import pytest
import torch

from ktg_mm.apis import bfloat16
from ktg_mm.apis.bfloat16 import convolution_milliseconds

AMP = {'optim_wrapper.type': 'AutocastOptimWrapper'}


@pytest.fixture
def warned(tiny_runner, monkeypatch, caplog):
    def warned(full, half, options):
        monkeypatch.setattr(bfloat16, 'convolution_milliseconds', lambda: (full, half))
        runner = tiny_runner(options)
        lines = []
        monkeypatch.setattr(runner.logger, 'warning', lines.append)
        bfloat16.warn_of_slow_bfloat16(runner)
        return lines

    return warned


def test_it_is_measured_once_and_draws_nothing(monkeypatch):
    convolution_milliseconds.cache_clear()
    state = torch.get_rng_state()
    first = convolution_milliseconds()
    monkeypatch.setattr(bfloat16, '_milliseconds', None)
    assert convolution_milliseconds() == first and min(first) > 0
    assert torch.equal(torch.get_rng_state(), state)


def test_a_slow_cpu_is_told_of_in_one_line(warned):
    (line,) = warned(2.0, 23.5, AMP)
    assert line.startswith('mixed precision (--amp, optim_wrapper.type) is slow on this CPU: a convolution, forward')
    assert '23.5 ms in bfloat16 and 2.0 ms in float32, 11.8 times as long. Training goes on as asked' in line
    assert '\n' not in line


def test_a_run_says_so(tiny_runner, monkeypatch, capsys):
    monkeypatch.setattr(bfloat16, 'convolution_milliseconds', lambda: (1.0, 9.0))
    tiny_runner(AMP)
    assert capsys.readouterr().out.count('9.0 times as long') == 1


@pytest.mark.parametrize(
    ('full', 'half', 'options'),
    [(2.0, 1.2, AMP), (2.0, 2.2, AMP), (2.0, 23.5, {})],
    ids=['faster', 'within what a measurement varies by', 'float32'],
)
def test_nothing_is_said(full, half, options, warned):
    assert warned(full, half, options) == []
