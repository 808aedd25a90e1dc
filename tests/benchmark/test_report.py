"""Tables of a benchmark."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.stats import t, wilcoxon

from ktg_mm.benchmark import run_benchmark
from ktg_mm.benchmark.report import Result, compare, holm, read_results, results_table, save_results
from ktg_mm.benchmark.rows import read_rows

REFERENCES = dict(supervised='independent', few_labels='supervised')


def result(name: str, scores, **entries) -> Result:
    return Result(name, 'supervised', 'independent', dict(enumerate(scores)), float(np.mean(scores)), **entries)


def test_compare_by_hand():
    """The paired t-test and the interval of the difference, from their formulas."""
    alone, better, shifted, partly = (
        result('independent', [85.0, 85.4, 84.8, 85.1, 85.2]),
        result('kd', [85.6, 85.5, 85.5, 85.4, 86.1]),
        result('same', [86.0, 86.4, 85.8, 86.1, 86.2]),
        result('partly', [85.0, 86.0]),
    )
    partly.scores = {4: 85.0, 7: 86.0}  # one seed in common
    compare({row.method: row for row in (alone, better, shifted, partly)})
    pairs = np.array([0.6, 0.1, 0.7, 0.3, 0.9])
    error = pairs.std(ddof=1) / np.sqrt(5)
    statistic, reach = pairs.mean() / error, t.ppf(0.975, 4) * error
    assert better.difference == pytest.approx(pairs.mean())
    assert better.difference_interval == pytest.approx((pairs.mean() - reach, pairs.mean() + reach))
    assert better.p == pytest.approx(2 * t.sf(abs(statistic), 4))
    assert better.p_wilcoxon == pytest.approx(wilcoxon(pairs).pvalue) == 0.0625
    assert (alone.difference, alone.p, partly.p, partly.difference_interval) == (None,) * 4
    assert partly.difference == pytest.approx(-0.2)


def test_holm():
    """Against the definition: the i-th smallest of m times m - i + 1, never falling, at most 1."""
    values = [0.04, 0.001, 0.5, 0.02, 0.9]
    expected = {0.001: 0.005, 0.02: 0.08, 0.04: 0.12, 0.5: 1.0, 0.9: 1.0}
    assert holm(values) == pytest.approx([expected[value] for value in values])
    assert holm([]) == []


def test_read_and_save(tmp_path: Path, trained, plans):
    rows = read_rows('digits', ['independent', 'kd', 'at'], epochs=4)[0]
    run_benchmark(plans(rows, tmp_path), tmp_path, [0, 1, 2], say=lambda line: None)
    (tmp_path / 'at/seed_2/run.json').write_text('{')  # damaged: as if it were not there
    results = read_results(tmp_path, REFERENCES)
    assert [row.method for row in results] == [
        'independent',
        'kd',
        'at',
        'teacher',
    ]  # the reference first, then the best
    kd = results[1]
    assert kd.scores == {0: 82.0, 1: 83.0, 2: 84.0} and kd.difference == 2.0 and kd.difference_interval == (2.0, 2.0)
    assert kd.p is None  # all seeds gain the same: there is no spread to test by
    assert (kd.budget, kd.passes, kd.teacher, kd.seconds) == (4, 4, 4, 60.0)
    assert results[0].teacher == 0 and list(results[2].scores) == [0, 1]
    files = save_results(tmp_path, results)
    assert [path.name for path in files] == ['results.json', 'results.csv', 'results.png']
    kept = json.loads(files[0].read_text())
    assert kept['metric'] == 'accuracy/top1' and kept['methods'][1]['difference'] == 2.0
    with files[1].open() as file:
        lines = list(csv.DictReader(file))
    assert lines[1]['scores'] == '0=82.0 1=83.0 2=84.0' and lines[0]['difference_interval_low'] == ''
    with Image.open(files[2]) as image:
        assert image.width > 1000
    table = results_table(results).split('\n\n')
    assert len(table) == 2 and '| - independent |' in table[0] and ' - ' not in table[1].splitlines()[0]


def test_two_groups(tmp_path: Path, trained, plans):
    """Each group has its own reference."""
    rows = read_rows('fashion_mnist_3000', ['independent', 'kd', 'supervised', 'fixmatch'])[0]
    run_benchmark(plans(rows, tmp_path), tmp_path, [0, 1], say=lambda line: None)
    by_name = {row.method: row for row in read_results(tmp_path, REFERENCES)}
    assert by_name['fixmatch'].reference == 'supervised' and by_name['kd'].reference == 'independent'
    assert by_name['fixmatch'].difference == 0.0 and by_name['kd'].difference == 2.0  # its temperature
    assert [part.splitlines()[2].split()[1] for part in results_table(list(by_name.values())).split('\n\n')] == [
        'independent',
        'supervised',
        'teacher',
    ]


def test_nothing_finished(tmp_path: Path):
    assert read_results(tmp_path, REFERENCES) == []
