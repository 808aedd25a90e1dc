import numpy as np
import pytest

from ktg_mm.analysis import analyse_parameters, merge
from ktg_mm.analysis.parameters import _apart


def test_rows(make_predictions):
    predictions = make_predictions(networks=2)
    assert analyse_parameters(predictions).rows == [
        dict(node='net1', kind='network', parameters=1000, accuracy_percent=predictions.accuracy('net1')),
        dict(node='net2', kind='network', parameters=2000, accuracy_percent=predictions.accuracy('net2')),
        dict(node='ensemble', kind='ensemble', parameters=3000, accuracy_percent=predictions.accuracy('ensemble')),
    ]


def test_names_do_not_cover_one_another():
    line = _apart(np.array([0.0, 1.0]))[1] - _apart(np.array([0.0, 1.0]))[0]
    assert _apart(np.array([0.0, 1.0])) == pytest.approx([0.5 - line / 2, 0.5 + line / 2])
    assert _apart(np.array([0.0, 5 * line])) == pytest.approx([0, 5 * line])
    heights = _apart(np.array([0.0, 0.0, 0.0, line, 9 * line]))
    assert np.diff(heights).min() >= line - 1e-9


@pytest.mark.parametrize('runs', [1, 7])
def test_picture(make_predictions, runs, tmp_path, check_picture):
    several = merge([make_predictions(networks=3)] * runs, [f'seed{i}' for i in range(runs)])
    check_picture(analyse_parameters(several).save(tmp_path)[1])


def test_tool(tiny, run_tool, tmp_path, read_table, check_picture, capfd):
    config, checkpoints = tiny
    assert run_tool('parameters', config, checkpoints[0], '--out', tmp_path) == 0
    rows = {row['node']: int(row['parameters']) for row in read_table(tmp_path / 'parameters_tiny_seed0_epoch_1.csv')}
    assert list(rows) == ['net1', 'net2', 'ensemble']
    assert rows['ensemble'] == 2 * rows['net1'] > 0
    check_picture(tmp_path / 'parameters_tiny_seed0_epoch_1.png')
    assert f'| net1     | {rows["net1"]:>10,} |' in capfd.readouterr().out
