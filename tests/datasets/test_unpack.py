import gzip
import stat
import zipfile

import pytest

from ktg_mm.datasets.unpack import unpack


def pack(path, *members):
    """A zip of (name, content, kind) each."""
    with zipfile.ZipFile(path, 'w') as packed:
        for name, content, kind in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = (kind | 0o644) << 16
            packed.writestr(info, content)


def test_kinds(tmp_path, miniatures):
    (tmp_path / 'a.txt').write_text('a')
    pack(tmp_path / 'a.zip', ('folder/b.txt', 'b', stat.S_IFREG), ('c.txt', 'c', 0))
    miniatures.write_tar(tmp_path / 'a.tar', tmp_path, 'a.txt')
    (tmp_path / 'd.gz').write_bytes(gzip.compress(b'd'))
    (tmp_path / 'lists.mat').write_bytes(b'no archive')
    for name in ('a.zip', 'a.tar', 'd.gz', 'lists.mat'):
        unpack(tmp_path / name, tmp_path / 'out')
    files = {str(path.relative_to(tmp_path / 'out')): path for path in (tmp_path / 'out').rglob('*') if path.is_file()}
    assert sorted(files) == ['a.txt', 'c.txt', 'd', 'folder/b.txt']


@pytest.mark.parametrize(
    ('name', 'kind'),
    [('../outside.txt', 0), ('/etc/outside.txt', 0), ('link', stat.S_IFLNK), ('pipe', stat.S_IFIFO)],
)
def test_a_zip_stays_in_its_folder(tmp_path, name, kind):
    pack(tmp_path / 'a.zip', ('good.txt', 'good', 0), (name, '/etc', kind))
    with pytest.raises(zipfile.BadZipFile, match=rf"^'{name}' is outside the folder, a link or a device$"):
        unpack(tmp_path / 'a.zip', tmp_path / 'out')
    assert [path.name for path in tmp_path.iterdir()] == ['a.zip']  # not even what would be right


def test_damaged_zip(tmp_path):
    pack(tmp_path / 'a.zip', ('a.txt', 'aaaa' * 100, 0))
    content = (tmp_path / 'a.zip').read_bytes()
    for damaged in (content[:200], content.replace(b'aaaa', b'aaab', 1)):
        (tmp_path / 'a.zip').write_bytes(damaged)
        with pytest.raises(zipfile.BadZipFile):
            unpack(tmp_path / 'a.zip', tmp_path / 'out')
