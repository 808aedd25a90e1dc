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
