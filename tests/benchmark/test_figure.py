"""The picture of a benchmark."""

from ktg_mm.benchmark.figure import interval_figure
from ktg_mm.benchmark.report import Result


def test_intervals_are_drawn():
    alone = Result('independent', 'supervised', 'independent', {0: 85.0, 1: 86.0}, 85.5, interval=(79.1, 91.9))
    kd = Result('kd', 'supervised', 'independent', {0: 86.0}, 86.0, difference=1.0)
    better = Result(
        'dml', 'supervised', 'independent', {0: 87.0, 1: 87.5}, 87.25, None, (84.0, 90.4), 1.75, (-1.4, 4.9)
    )
    few = Result('fixmatch', 'few_labels', 'supervised', {0: 70.0}, 70.0)
    figure = interval_figure([alone, better, kd, few])
    left, right, below, _ = figure.axes
    assert [label.get_text() for label in left.get_yticklabels()] == ['independent', 'dml', 'kd']
    assert [label.get_text() for label in below.get_yticklabels()] == ['fixmatch']
    lines = {tuple(map(float, line.get_xdata())) for line in right.lines}
    assert {(-1.4, 4.9), (1.75,), (1.0,), (0.0, 0.0)} == lines  # of one seed there is no interval
    assert left.get_ylim() == right.get_ylim() == (2.5, -0.5)  # from top to bottom
    assert right.get_xlabel() == 'minus independent, by seed (points)'
