import math

import numpy as np
import pytest

from ktg_mm.analysis import analyse_diversity
from ktg_mm.errors import UserError
from ktg_mm.evaluation import diversity


def with_maps(predictions, **sizes):
    generator = np.random.default_rng(1)
    maps = {name: generator.random((60, size, size)) for name, size in sizes.items()}
    object.__setattr__(predictions, 'attention', maps)
    return predictions


def test_pairs_and_all(make_predictions):
    predictions = with_maps(make_predictions(networks=3), net1=3, net2=3, net3=3)
    *pairs, total = analyse_diversity(predictions).rows
    logs = [predictions.log_probabilities(name) for name in predictions.networks]
    predicted = predictions.logits[:3].argmax(axis=2)
    correct = predicted == predictions.labels
    for row, (i, j) in zip(pairs, ((0, 1), (0, 2), (1, 2)), strict=True):
        assert (row['first'], row['second']) == (f'net{i + 1}', f'net{j + 1}')
        assert row['disagreement_percent'] == pytest.approx(100 * (predicted[i] != predicted[j]).mean())
        assert row['mutual_kl_nats'] == diversity.mutual_kl(logs[i], logs[j])
        assert row['interrater_agreement'] == diversity.interrater_agreement(correct[[i, j]])
        assert row['entropy_nats'] == pytest.approx((diversity.entropy(logs[i]) + diversity.entropy(logs[j])) / 2)
        maps = [predictions.attention[f'net{k + 1}'] for k in (i, j)]
        assert row['attention_difference'] == pytest.approx(np.abs(maps[0] - maps[1]).mean())
    assert total['first'] == total['second'] == 'all'
    assert total['interrater_agreement'] == diversity.interrater_agreement(correct)
    for key in ('disagreement_percent', 'mutual_kl_nats', 'attention_difference'):
        assert total[key] == pytest.approx(sum(row[key] for row in pairs) / 3)
    assert total['entropy_nats'] == pytest.approx(sum(map(diversity.entropy, logs)) / 3)


def test_maps_of_two_sizes_and_none(make_predictions, tmp_path, check_picture):
    *pairs, total = analyse_diversity(with_maps(make_predictions(networks=4), net1=3, net2=3, net3=2)).rows
    known = [row['attention_difference'] for row in pairs if not math.isnan(row['attention_difference'])]
    assert len(known) == 1 and total['attention_difference'] == known[0]
    result = analyse_diversity(make_predictions(networks=5))
    assert all(math.isnan(row['attention_difference']) for row in result.rows)
    check_picture(result.save(tmp_path)[1])


def test_networks_that_are_the_same(make_predictions, tmp_path):
    predictions = make_predictions(networks=2)
    predictions.logits[1] = predictions.logits[0]
    result = analyse_diversity(predictions)
    assert result.rows[0]['mutual_kl_nats'] == result.rows[0]['disagreement_percent'] == 0
    assert result.rows[0]['interrater_agreement'] == 1
    result.save(tmp_path)


def test_one_network(make_predictions):
    with pytest.raises(UserError, match=r'^diversity needs at least two networks, got net1$'):
        analyse_diversity(make_predictions(networks=1))


def test_tool(tiny, run_tool, tmp_path, read_table, check_picture, capfd):
    config, checkpoints = tiny
    assert run_tool('diversity', config, checkpoints[0], '--out', tmp_path) == 0
    pair, total = read_table(tmp_path / 'diversity_tiny_seed0_epoch_1.csv')
    assert (pair['first'], pair['second'], total['first']) == ('net1', 'net2', 'all')
    assert 0 < float(pair['attention_difference']) < 1
    check_picture(tmp_path / 'diversity_tiny_seed0_epoch_1.png')
    assert run_tool('diversity', config, checkpoints[0], '--out', config) == 2
    assert (
        capfd.readouterr()
        .err.splitlines()[-1]
        .startswith(f'error: {config}/diversity_tiny_seed0_epoch_1.csv: cannot be written: ')
    )
