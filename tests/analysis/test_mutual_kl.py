import math
from itertools import combinations

import numpy as np
import pytest
from scipy.stats import rankdata

from ktg_mm.analysis import analyse_mutual_kl, merge
from ktg_mm.analysis.mutual_kl import correlation
from ktg_mm.errors import UserError


def softmax(row):
    exp = [math.exp(value) for value in row]
    return [value / sum(exp) for value in exp]


def test_pairs_as_the_specification_says(make_predictions):
    predictions = make_predictions(networks=3)
    rows = analyse_mutual_kl(predictions).rows
    assert [(row['first'], row['second']) for row in rows] == list(combinations(('net1', 'net2', 'net3'), 2))
    for row, (i, j) in zip(rows, combinations(range(3), 2), strict=True):
        divergence, right = 0.0, [0, 0, 0]
        for n, label in enumerate(predictions.labels):
            a, b = predictions.logits[i, n].tolist(), predictions.logits[j, n].tolist()
            p, q = softmax(a), softmax(b)
            divergence += sum((x - y) * (math.log(x) - math.log(y)) for x, y in zip(p, q, strict=True)) / 2
            for k, scores in enumerate((a, b, [(x + y) / 2 for x, y in zip(a, b, strict=True)])):
                right[k] += scores.index(max(scores)) == label
        assert row['mutual_kl_nats'] == pytest.approx(divergence / 60, rel=1e-9)
        assert row['gain_points'] == pytest.approx(100 * (right[2] - (right[0] + right[1]) / 2) / 60)
        assert row['mean_accuracy_percent'] == pytest.approx(100 * (right[0] + right[1]) / 120)
        assert row['ensemble_accuracy_percent'] == pytest.approx(100 * right[2] / 60)


def test_correlation():
    generator = np.random.default_rng(0)
    x = generator.normal(size=30)
    y = x + generator.normal(size=30)
    found = correlation(x, y)
    r = float(np.corrcoef(x, y)[0, 1])
    assert found.pearson == pytest.approx(r)
    # Fisher's transformation is normal with the variance 1 / (n - 3).
    half = 1.959964 / math.sqrt(27)
    assert (found.low, found.high) == pytest.approx((math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)))
    assert found.spearman == pytest.approx(float(np.corrcoef(rankdata(x), rankdata(y))[0, 1]))


@pytest.mark.parametrize(('x', 'y'), [([1, 2, 3], [1, 2, 4]), ([1, 2, 3, 4], [5, 5, 5, 5])])
def test_no_correlation_of_few_or_equal_points(x, y):
    assert correlation(x, y) is None


def test_pairs_within_and_across_runs(make_predictions, tmp_path, check_picture):
    both = merge([make_predictions(networks=2), make_predictions(networks=2)], ['x', 'y'])
    object.__setattr__(both, 'logits', both.logits + np.arange(6, dtype=np.float32)[:, None, None] * both.logits[::-1])
    result = analyse_mutual_kl(both)
    assert [row['same_run'] for row in result.rows] == [1, 0, 0, 0, 0, 1]
    assert 'Pearson' in result.summary and '6 pairs of 4 networks, 60 images' in result.summary
    check_picture(result.save(tmp_path)[1])


def test_one_network(make_predictions):
    with pytest.raises(UserError, match=r'^pairs need at least two networks, got net1$'):
        analyse_mutual_kl(make_predictions(networks=1))


def test_tool(tiny, run_tool, tmp_path, read_table, check_picture, capfd):
    config, checkpoints = tiny
    name = 'mutual_kl_tiny_2_runs'
    assert run_tool('mutual_kl', config, *checkpoints, '--out', tmp_path) == 0
    assert capfd.readouterr().out.splitlines()[-2:] == [f'{tmp_path}/{name}.csv', f'{tmp_path}/{name}.png']
    rows = read_table(tmp_path / f'{name}.csv')
    assert len(rows) == 6 and rows[0]['first'] == 'seed0/net1'
    check_picture(tmp_path / f'{name}.png')
    assert run_tool('mutual_kl', config, tmp_path / 'none.pth') == 2
    assert capfd.readouterr().err.splitlines()[-1] == f'error: checkpoint {tmp_path}/none.pth: no such file'
