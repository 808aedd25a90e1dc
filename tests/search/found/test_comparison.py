import math

import pytest
from scipy import stats

from ktg_mm.search.found.comparison import compare, print_table


def test_compare() -> None:
    scores = dict(
        found={0: 84.0, 1: 85.5, 2: 84.25, 3: 86.0, 7: 80.0},
        dml={3: 85.0, 2: 83.0, 1: 85.0, 0: 83.5, 9: 10.0},
        same={0: 83.0, 1: 84.5},
        once={1: 84.0},
        apart={8: 84.0},
    )
    rows = {row.method: row for row in compare(scores)}
    assert rows['found'].mean == pytest.approx(sum(scores['found'].values()) / 5)
    squares = sum((value - rows['found'].mean) ** 2 for value in scores['found'].values())
    assert rows['found'].deviation == pytest.approx(math.sqrt(squares / 4))
    assert rows['found'].difference is rows['found'].interval is None
    # scipy's paired test of the four seeds that both have.
    paired = stats.ttest_rel([84.0, 85.5, 84.25, 86.0], [83.5, 85.0, 83.0, 85.0])
    assert rows['dml'].difference == pytest.approx((0.5 + 0.5 + 1.25 + 1.0) / 4)
    assert rows['dml'].interval == pytest.approx(tuple(paired.confidence_interval(0.95)))
    assert (rows['same'].difference, rows['same'].interval) == (1.0, (1.0, 1.0))
    assert (rows['once'].difference, rows['once'].interval, rows['once'].deviation) == (1.5, None, None)
    assert (rows['apart'].difference, rows['apart'].interval) == (None, None)


def test_print_table(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(compare(dict(found={0: 84.0, 1: 85.0}, dml={0: 83.5, 1: 84.0})))
    cells = [[cell.strip() for cell in line.strip('|').split('|')] for line in capsys.readouterr().out.splitlines()]
    assert cells[0] == ['method', 'seeds', 'mean', 'deviation', 'found - method', '95 % interval']
    assert cells[2] == ['found', '2', '84.50', '0.71', '', '']
    assert cells[3] == ['dml', '2', '83.75', '0.35', '+0.75', '-2.43 to +3.93']
