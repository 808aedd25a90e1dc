import logging

import pytest

from ktg_mm.apis.folding_formatter import FoldingFormatter

LINE = 'Epoch(val) [1][1/1]    val/net1: 88.3333  val/net2: 90.1234  val/ensemble: 92.7778  val/time: 0.0493'


@pytest.mark.parametrize('width', [1, 30, 45, 60, 90, len(LINE) - 1])
def test_no_metric_is_broken(width):
    lines = FoldingFormatter.folded(LINE, width).split('\n')
    assert len(lines) > 1
    metrics = [metric for metric in LINE.split('  ') if metric.strip()]
    assert [metric.strip() for line in lines for metric in line.split('  ') if metric.strip()] == [
        metric.strip() for metric in metrics
    ]
    if width >= 30:
        assert max(map(len, lines)) <= width


def test_a_line_that_fits_stays():
    assert FoldingFormatter.folded(LINE, len(LINE)) == LINE


def test_colours_take_no_room():
    coloured = LINE.replace('Epoch', '\x1b[4m\x1b[37mEpoch\x1b[0m')
    assert FoldingFormatter.folded(coloured, len(LINE)) == coloured


def test_other_records_stay(monkeypatch):
    monkeypatch.setenv('COLUMNS', '20')
    fold = FoldingFormatter(logging.Formatter('run - %(message)s')).format
    text = 'nodes:\n  net1: ResNet-8  trained'
    assert fold(logging.makeLogRecord(dict(msg=text))) == f'run - {text}'
    for start in ('Epoch(test)', 'Iter(train)', 'epoch 1/2', 'iteration 1/2'):
        folded = fold(logging.makeLogRecord(dict(msg=f'{start}  a: 1.0  b: 2.0')))
        assert folded == f'run - {start}\n    a: 1.0  b: 2.0'
