from itertools import combinations

import pytest

from ktg_mm.analysis import analyse_subsets
from ktg_mm.errors import UserError


def test_every_subset(make_predictions):
    predictions = make_predictions(networks=4)
    rows = analyse_subsets(predictions).rows
    subsets = [chosen for size in range(1, 5) for chosen in combinations(range(4), size)]
    assert [row['networks'] for row in rows] == [' + '.join(f'net{i + 1}' for i in chosen) for chosen in subsets]
    for row, chosen in zip(rows, subsets, strict=True):
        mean = predictions.logits[list(chosen)].astype(float).mean(axis=0)
        assert row['size'] == len(chosen)
        assert row['accuracy_percent'] == pytest.approx(100 * (mean.argmax(axis=1) == predictions.labels).mean())
    assert rows[-1]['accuracy_percent'] == predictions.accuracy('ensemble')


def test_the_smallest_of_the_best_is_named(make_predictions):
    predictions = make_predictions(networks=3)
    object.__setattr__(predictions, 'labels', predictions.predicted('net2'))
    assert analyse_subsets(predictions).summary.splitlines()[-1] == 'best: net2, 100.00 %'


def test_one_network(make_predictions, tmp_path, check_picture):
    result = analyse_subsets(make_predictions(networks=1))
    assert len(result.rows) == 1
    check_picture(result.save(tmp_path)[1])


def test_too_many_networks(make_predictions):
    with pytest.raises(UserError, match=r'^subsets of at most 12 networks can be measured, got 13$'):
        analyse_subsets(make_predictions(networks=13))


def test_tool(tiny, run_tool, tmp_path, read_table, check_picture, capfd):
    config, checkpoints = tiny
    assert run_tool('subsets', config, checkpoints[0], '--out', tmp_path) == 0
    assert [row['networks'] for row in read_table(tmp_path / 'subsets_tiny_seed0_epoch_1.csv')] == [
        'net1',
        'net2',
        'net1 + net2',
    ]
    check_picture(tmp_path / 'subsets_tiny_seed0_epoch_1.png')
    assert run_tool('subsets', config) == 2  # argparse's
