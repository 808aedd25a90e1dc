import numpy as np
import pytest

from ktg_mm.analysis import analyse_calibration
from ktg_mm.evaluation.calibration_error import reliability


def test_bins_and_errors(make_predictions):
    predictions = make_predictions(networks=2)
    rows = analyse_calibration(predictions, bins=4).rows
    assert len(rows) == 3 * 4
    for name in predictions.names:
        mine = [row for row in rows if row['node'] == name]
        probabilities = predictions.probabilities(name)
        error = reliability(probabilities.max(axis=1), probabilities.argmax(axis=1) == predictions.labels, 4).error
        assert [row['ece_percent'] for row in mine] == pytest.approx([100 * error] * 4)
        for row in mine:
            confidence = 100 * probabilities.max(axis=1)
            inside = (row['from_percent'] < confidence) & (confidence <= row['to_percent'])
            assert row['images'] == inside.sum()
            if inside.any():
                assert row['accuracy_percent'] == pytest.approx(100 * predictions.correct(name)[inside].mean())
                assert row['confidence_percent'] == pytest.approx(confidence[inside].mean())
            else:
                assert np.isnan(row['accuracy_percent']) and np.isnan(row['confidence_percent'])


@pytest.mark.parametrize('networks', [1, 5])
def test_picture(make_predictions, networks, tmp_path, check_picture):
    check_picture(analyse_calibration(make_predictions(networks)).save(tmp_path)[1])


def test_bars_of_few_images_are_hatched(make_predictions):
    result = analyse_calibration(make_predictions(networks=1), bins=10)
    mine = [row for row in result.rows if row['node'] == 'net1']
    few = {row['from_percent']: row['images'] < 10 for row in mine}
    assert True in few.values() and False in few.values()
    hatched = {round(bar.get_x()): bool(bar.get_hatch()) for bar in result.figure.axes[0].patches[: len(mine)]}
    assert hatched == {round(place): is_few for place, is_few in few.items()}
    of_few = sum(0 < row['images'] < 10 for row in result.rows)
    filled = sum(row['images'] > 0 for row in result.rows)
    expected = f'{of_few} of the {filled} bins that hold images hold fewer than 10: their bars say little'
    assert result.summary.splitlines()[-1] == expected
    assert 'likewise, of fewer than 10 images' in [text.get_text() for text in result.figure.legends[0].texts]
    many = analyse_calibration(make_predictions(networks=1, images=4000), bins=2)
    assert 'fewer' not in many.summary


def test_tool(tiny, run_tool, tmp_path, read_table, check_picture, capfd):
    config, checkpoints = tiny
    assert run_tool('calibration', config, checkpoints[0], '--out', tmp_path) == 0
    rows = read_table(tmp_path / 'calibration_tiny_seed0_epoch_1.csv')
    assert len(rows) == 3 * 15 and sum(int(row['images']) for row in rows) == 3 * 32
    check_picture(tmp_path / 'calibration_tiny_seed0_epoch_1.png')
    error = float(rows[-1]['ece_percent'])
    (line,) = (line for line in capfd.readouterr().out.splitlines() if line.startswith('| ensemble'))
    assert line.split('|')[-2].strip() == f'{error:.2f}'
