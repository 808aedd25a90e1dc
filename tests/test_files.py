import pytest

from ktg_mm.errors import UserError
from ktg_mm.files import save_table, whole_file


def test_a_write_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / 'file'
    path.write_text('old')
    with pytest.raises(KeyError), whole_file(path) as part:
        part.write_text('half')
        raise KeyError
    assert path.read_text() == 'old'
    with pytest.raises(UserError, match=r'file: cannot be written: no room$'), whole_file(path):
        raise OSError(28, 'no room')
    assert path.read_text() == 'old'
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(UserError, match=r'file/a\.csv: cannot be written: File exists$'):
        save_table([dict(a=1)], tmp_path / 'file' / 'a.csv')


def test_table(tmp_path):
    path = save_table([dict(node='a', value=1.5), dict(node='b, c', value=None)], tmp_path / 'new/a.csv')
    assert path.read_bytes() == b'node,value\na,1.5\n"b, c",\n'
