import pytest

from ktg_mm.analysis import Result
from ktg_mm.errors import UserError
from ktg_mm.visualization.chart import sheet


def test_save(tmp_path):
    figure, _ = sheet(2.0)
    result = Result('name', [dict(node='a', accuracy_percent=50.0)], figure, 'summary')
    assert result.save(tmp_path / 'new') == [tmp_path / 'new/name.csv', tmp_path / 'new/name.png']
    assert (tmp_path / 'new/name.csv').read_text() == 'node,accuracy_percent\na,50.0\n'
    assert (tmp_path / 'new/name.png').read_bytes()[:4] == b'\x89PNG'
    (tmp_path / 'file').touch()
    with pytest.raises(UserError, match=r'file/name\.csv: cannot be written: File exists$'):
        result.save(tmp_path / 'file')


def test_other_runs_files_stay(tmp_path):
    def save(value, runs='a', mark='runs 1'):
        figure, _ = sheet(2.0)
        return [path.name for path in Result('name', [dict(value=value)], figure, '').save(tmp_path, runs, mark)]

    assert save(1) == ['name_a.csv', 'name_a.png']
    assert save(2, 'b') == ['name_b.csv', 'name_b.png']
    assert save(3) == ['name_a.csv', 'name_a.png']  # the same runs again
    assert save(4, mark='runs 2') == ['name_a_2.csv', 'name_a_2.png']
    (tmp_path / 'name_a_3.csv').touch()
    (tmp_path / 'name_a_4.png').mkdir()
    assert save(5, mark='runs 3') == ['name_a_5.csv', 'name_a_5.png']
    assert save(6, mark='runs 2') == ['name_a_2.csv', 'name_a_2.png']
    values = {path.name: path.read_text().split()[1:] for path in tmp_path.glob('*.csv')}
    assert values == {
        'name_a.csv': ['3'], 'name_b.csv': ['2'], 'name_a_2.csv': ['6'], 'name_a_3.csv': [], 'name_a_5.csv': ['5'],
    }  # fmt: skip
