import glob
import os
import stat

import numpy as np
import pytest

from ktg_mm.errors import UserError
from ktg_mm.files import atomic_file, save_table, whole_file


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
    with pytest.raises(UserError, match=r'^--out: cannot be written: no room$'), whole_file(path, '--out'):
        raise OSError(28, 'no room')
    with pytest.raises(OSError, match='no room'), atomic_file(path):
        raise OSError(28, 'no room')
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize('step', ['fsync', 'replace'])
def test_a_disk_that_fails_leaves_the_old_file(tmp_path, monkeypatch, step):
    path = tmp_path / 'file'
    path.write_text('old')

    def fail(*args):
        raise OSError(5, 'the disk is broken')

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(UserError, match=r'file: cannot be written: the disk is broken$'), whole_file(path) as part:
        part.write_text('new')
    assert path.read_text() == 'old'
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_flushed_is_no_failure(tmp_path, monkeypatch):
    flush, flushed = os.fsync, []

    def flush_files(descriptor):
        flushed.append(stat.S_ISDIR(os.fstat(descriptor).st_mode))
        if flushed[-1]:
            raise OSError(22, 'Invalid argument')
        flush(descriptor)

    monkeypatch.setattr(os, 'fsync', flush_files)
    with whole_file(tmp_path / 'file') as part:
        part.write_text('new')
    assert (tmp_path / 'file').read_text() == 'new'
    assert flushed == [False, True]


@pytest.mark.parametrize(
    ('name', 'ending'), [('epoch_1.pth', '.pth'), ('results.json', '.json'), ('a.csv', '.csv'), ('graph.py', '.py')]
)
def test_the_unfinished_file_is_found_by_no_pattern(tmp_path, name, ending):
    with whole_file(tmp_path / name) as part:
        part.write_text('half')
        assert part.name.startswith(f'.{name}.')
        assert not glob.glob(f'{tmp_path}/*')
        assert list(tmp_path.glob(f'*{ending}')) == ([part] if ending == '.py' else [])
        assert (part.suffix == '.py') == (ending == '.py'), 'a config can be read before it is in its place'


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(UserError, match=r'file/a\.csv: cannot be written: File exists$'):
        save_table([dict(a=1)], tmp_path / 'file' / 'a.csv')


def test_two_who_write_one_file_do_not_meet(tmp_path):
    path = tmp_path / 'file'
    with atomic_file(path) as one:
        one.write_text('one')
        with atomic_file(path) as other:
            other.write_text('other')
        assert path.read_text() == 'other'
    assert path.read_text() == 'one' and list(tmp_path.iterdir()) == [path]


def test_table(tmp_path):
    path = save_table([dict(node='a', value=1.5), dict(node='b, c', value=None)], tmp_path / 'new/a.csv')
    assert path.read_bytes() == b'node,value\na,1.5\n"b, c",\n'


def test_a_tables_numbers_have_six_digits(tmp_path):
    row = dict(
        a=0.1 + 0.2, b=np.float64(200 / 3), c=np.float32(0.1), d=123456789, e=float('nan'), f=1e-9 / 3, g=11220132.0
    )
    path = save_table([row], tmp_path / 'a.csv')
    assert path.read_text().splitlines()[1] == '0.3,66.6667,0.1,123456789,nan,3.33333e-10,11220132.0'
