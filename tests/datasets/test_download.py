import gzip
import hashlib
import inspect
import io
import re
import runpy
import tarfile
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import torchvision
from mmpretrain.datasets import CIFAR10
from mmpretrain.registry import DATASETS

from ktg_mm.datasets import CUB2011, FashionMNISTFiles, StanfordDogs, download
from ktg_mm.errors import DataError


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Address of a web server on this machine that serves ``tmp_path``."""
    monkeypatch.setenv('no_proxy', '*')
    handler = partial(QuietHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(('127.0.0.1', 0), handler) as served:
        thread = Thread(target=served.serve_forever, kwargs={'poll_interval': 0.01})
        thread.start()
        yield f'http://127.0.0.1:{served.server_port}/'
        served.shutdown()
        thread.join()


@pytest.fixture
def archives(server, tmp_path, monkeypatch):
    """A function that sets a data set's archives to files that the server has."""

    def patch(name, *paths):
        entries = [
            (server + path.relative_to(tmp_path).as_posix(), hashlib.sha256(path.read_bytes()).hexdigest())
            for path in paths
        ]
        monkeypatch.setitem(download.ARCHIVES, name, entries)

    return patch


def test_stanford_dogs(tmp_path, miniatures, archives):
    source = miniatures.write_stanford_dogs(tmp_path / 'source', num_classes=3)
    miniatures.write_tar(tmp_path / 'images.tar', source, 'Images')
    miniatures.write_tar(tmp_path / 'lists.tar', source, 'file_list.mat', 'train_list.mat', 'test_list.mat')
    archives('stanford_dogs', tmp_path / 'images.tar', tmp_path / 'lists.tar')
    root = tmp_path / 'data' / 'stanford_dogs'
    download.download('stanford_dogs', root)
    assert len(StanfordDogs(str(root))) == 6
    download.download('stanford_dogs', root)  # again: nothing to do


def test_fashion_mnist(tmp_path, miniatures, archives):
    source = miniatures.write_fashion_mnist(tmp_path / 'source')
    archives('fashion_mnist', *sorted(source.iterdir()))
    download.download('fashion_mnist', tmp_path / 'data')
    assert len(FashionMNISTFiles(str(tmp_path / 'data'), split='test')) == 20


def test_cifar10(tmp_path, monkeypatch, miniatures, archives):
    for key, value in miniatures.write_cifar(tmp_path / 'source', CIFAR10).items():
        monkeypatch.setattr(CIFAR10, key, value)
    miniatures.write_tar(tmp_path / 'cifar.tar', tmp_path / 'source', CIFAR10.base_folder)
    path = tmp_path / CIFAR10.filename
    path.write_bytes(gzip.compress((tmp_path / 'cifar.tar').read_bytes()))
    archives('cifar10', path)
    download.download('cifar10', tmp_path / 'data')
    assert len(CIFAR10(str(tmp_path / 'data'), download=False)) == 500


def test_cub(tmp_path, miniatures, archives):
    source = miniatures.write_cub(tmp_path / 'source', num_classes=3)
    miniatures.write_tar(tmp_path / 'cub.tar', source, 'CUB_200_2011')
    path = tmp_path / 'CUB_200_2011.tgz'
    path.write_bytes(gzip.compress((tmp_path / 'cub.tar').read_bytes()))
    archives('cub', path)
    download.download('cub', tmp_path / 'data')
    assert len(CUB2011(str(tmp_path / 'data'))) == 6


def test_published_sums_are_known():
    assert len(download.ARCHIVES['fashion_mnist']) == 4
    others = dict(caltech101='[0-9a-f]{32}', tiny_imagenet='[0-9a-f]{32}', cinic10='None', fgvc_aircraft='None')
    for name, entries in download.ARCHIVES.items():
        for url, checksum in entries:
            assert url.startswith('https://')
            assert re.fullmatch(others.get(name, '[0-9a-f]{64}'), str(checksum))


def test_what_torchvision_knows_of_the_archives():
    sources = dict(
        caltech101=inspect.getsource(torchvision.datasets.Caltech101),
        dtd=torchvision.datasets.DTD._URL,
        fgvc_aircraft=torchvision.datasets.FGVCAircraft._URL,
        food101=torchvision.datasets.Food101._URL.replace('http:', 'https:'),
        flowers102=torchvision.datasets.Flowers102._download_url_prefix,
        oxford_pets=str(torchvision.datasets.OxfordIIITPet._RESOURCES),
        sun397=torchvision.datasets.SUN397._DATASET_URL.replace('http:', 'https:'),
    )
    for name, source in sources.items():
        url, checksum = download.ARCHIVES[name][0]
        assert url in source or url.startswith(source)
        assert checksum is None or len(checksum) == 64 or checksum in source


def test_what_nobody_can_download_is_said(tmp_path):
    for name, message in dict(imagenet='asked for at image-net.org', stanford_cars='authors took it down').items():
        with pytest.raises(DataError, match=rf"^'{name}' cannot be downloaded: .*{message}.* into data/{name}$"):
            download.download(name, tmp_path)


def test_how_to_fill_a_folder():
    assert download.how_to_fill('CustomDataset', 'data/images') == ''
    assert download.how_to_fill('ImageNet', 'data/imagenet') == download.NOT_OFFERED['imagenet']
    assert download.how_to_fill('DTD', 'data/dtd/dtd').endswith('download_dataset.py dtd --data-root data/dtd')
    assert download.how_to_fill('DTD', 'my data').endswith("download_dataset.py dtd --data-root 'my data'")


def test_every_archive_has_a_reader():
    names = [name for name, _ in download.READERS.values()]
    assert sorted(names) == sorted([*download.ARCHIVES, *download.NOT_OFFERED])
    assert all(kind in DATASETS for kind in download.READERS)


def test_a_line_says_that_a_sum_is_not_known(tmp_path, miniatures, server, monkeypatch, capsys):
    (tmp_path / 'a.txt').write_text('first')
    miniatures.write_tar(tmp_path / 'a.tar', tmp_path, 'a.txt')
    monkeypatch.setitem(download.ARCHIVES, 'cub', [(server + 'a.tar', None)])
    for said in (
        f'a.tar: its checksum is not known; that of this download goes into {tmp_path / "data/a.tar.sha256"}\n',
        '',
    ):
        download.download('cub', tmp_path / 'data')
        assert capsys.readouterr().out == said


def test_an_md5(tmp_path, miniatures, server, monkeypatch):
    (tmp_path / 'a.txt').write_text('first')
    checksum = miniatures.write_tar(tmp_path / 'a.tar', tmp_path, 'a.txt')
    monkeypatch.setitem(download.ARCHIVES, 'cub', [(server + 'a.tar', checksum)])
    download.download('cub', tmp_path / 'data')
    assert (tmp_path / 'data' / 'a.txt').read_text() == 'first'
    monkeypatch.setitem(download.ARCHIVES, 'cub', [(server + 'a.tar', '0' * 32)])
    with pytest.raises(DataError, match=r'a.tar: cut short or changed: its MD5 is not the published one'):
        download.download('cub', tmp_path / 'data')


def test_an_archive_in_another_folder_and_one_in_it(tmp_path, miniatures, archives, monkeypatch):
    (tmp_path / 'folder').mkdir()
    (tmp_path / 'folder' / 'a.txt').write_text('a')
    miniatures.write_tar(tmp_path / 'folder' / 'inner.tar', tmp_path / 'folder', 'a.txt')
    with zipfile.ZipFile(tmp_path / 'outer.zip', 'w') as packed:
        packed.write(tmp_path / 'folder' / 'inner.tar', 'folder/inner.tar')
    archives('cub', tmp_path / 'outer.zip')
    monkeypatch.setitem(download.FOLDERS, 'outer.zip', 'Lists')
    monkeypatch.setitem(download.INNER, 'outer.zip', 'folder/inner.tar')
    download.download('cub', tmp_path / 'data')
    assert (tmp_path / 'data' / 'Lists' / 'folder' / 'a.txt').read_text() == 'a'


def test_a_download_that_broke_off_goes_on(tmp_path, miniatures, archives):
    (tmp_path / 'a.txt').write_text('a' * 10_000)
    miniatures.write_tar(tmp_path / 'a.tar', tmp_path, 'a.txt')
    archives('cub', tmp_path / 'a.tar')
    (tmp_path / 'data').mkdir()
    (tmp_path / 'data' / 'a.tar.part').write_bytes((tmp_path / 'a.tar').read_bytes()[:5000])
    download.download('cub', tmp_path / 'data')
    assert sorted(path.name for path in (tmp_path / 'data').iterdir()) == ['a.tar', 'a.txt']


def test_wrong_sum(tmp_path, monkeypatch, server):
    (tmp_path / 'lists.tar').write_bytes(b'something else')
    monkeypatch.setitem(download.ARCHIVES, 'stanford_dogs', [(server + 'lists.tar', '0' * 64)])
    with pytest.raises(DataError, match=r'lists.tar: cut short or changed: its SHA-256 is not the published') as caught:
        download.download('stanford_dogs', tmp_path / 'data')
    assert '\n' not in str(caught.value)
    assert not list((tmp_path / 'data').iterdir())  # it is not kept


def test_a_damaged_archive_is_downloaded_again(tmp_path, miniatures, archives):
    source = miniatures.write_fashion_mnist(tmp_path / 'source')
    archives('fashion_mnist', *sorted(source.iterdir()))
    download.download('fashion_mnist', tmp_path / 'data')
    path = tmp_path / 'data' / 'train-images-idx3-ubyte.gz'
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    download.download('fashion_mnist', tmp_path / 'data')
    assert path.read_bytes() == whole


def test_the_first_download_is_recorded_where_no_sum_is_known(tmp_path, miniatures, server, monkeypatch):
    (tmp_path / 'a.txt').write_text('first')
    miniatures.write_tar(tmp_path / 'a.tar', tmp_path, 'a.txt')
    monkeypatch.setitem(download.ARCHIVES, 'cub', [(server + 'a.tar', None)])
    root, published = tmp_path / 'data', tmp_path / 'a.tar'
    download.download('cub', root)
    sha256 = hashlib.sha256(published.read_bytes()).hexdigest()
    assert (root / 'a.tar.sha256').read_text() == f'{sha256}  a.tar\n'
    (root / 'a.tar').write_bytes(b'damaged')
    download.download('cub', root)
    assert (root / 'a.tar').read_bytes() == published.read_bytes()
    # A later download of something else is refused.
    (root / 'a.tar').unlink()
    (tmp_path / 'a.txt').write_text('second')
    miniatures.write_tar(published, tmp_path, 'a.txt')
    with pytest.raises(DataError, match=r'is not that of the first download, \S+a.tar.sha256'):
        download.download('cub', root)
    assert (root / 'a.txt').read_text() == 'first'
    (root / 'a.tar.sha256').write_text('')
    with pytest.raises(DataError, match=r'a.tar.sha256: damaged; '):
        download.download('cub', root)


def test_a_cut_download_is_not_recorded(tmp_path, miniatures, server, monkeypatch):
    (tmp_path / 'a.txt').write_text('a' * 10_000)
    miniatures.write_tar(tmp_path / 'a.tar', tmp_path, 'a.txt')
    whole = (tmp_path / 'a.tar').read_bytes()
    monkeypatch.setitem(download.ARCHIVES, 'cub', [(server + 'a.tar', None)])
    (tmp_path / 'a.tar').write_bytes(whole[:5000])
    with pytest.raises(DataError, match='cannot be downloaded and unpacked'):
        download.download('cub', tmp_path / 'data')
    (tmp_path / 'a.tar').write_bytes(whole)
    download.download('cub', tmp_path / 'data')
    assert (tmp_path / 'data' / 'a.txt').stat().st_size == 10_000


def outside(tar):
    member = tarfile.TarInfo('../outside.txt')
    member.size = 4
    tar.addfile(member, io.BytesIO(b'evil'))


def absolute_link(tar):
    member = tarfile.TarInfo('link')
    member.type, member.linkname = tarfile.SYMTYPE, '/etc'
    tar.addfile(member)


def device(tar):
    member = tarfile.TarInfo('pipe')
    member.type = tarfile.FIFOTYPE
    tar.addfile(member)


@pytest.mark.parametrize('new', [True, False], ids=['filter', 'no filter'])
@pytest.mark.parametrize('add', [outside, absolute_link, device])
def test_an_archive_stays_in_its_folder(tmp_path, monkeypatch, archives, add, new):
    if not new:  # Python before 3.10.12 and 3.11.4
        monkeypatch.delattr(tarfile, 'data_filter', raising=False)
    with tarfile.open(tmp_path / 'evil.tar', 'w') as tar:
        add(tar)
    archives('cub', tmp_path / 'evil.tar')
    with pytest.raises(DataError, match=r'evil.tar: cannot be downloaded and unpacked into \S+ \(') as caught:
        download.download('cub', tmp_path / 'data')
    assert '\n' not in str(caught.value)
    assert [path.name for path in (tmp_path / 'data').iterdir()] == ['evil.tar']
    assert not (tmp_path / 'outside.txt').exists()


def test_without_a_filter_permissions_are_plain(tmp_path, monkeypatch, miniatures, archives):
    monkeypatch.delattr(tarfile, 'data_filter', raising=False)
    (tmp_path / 'folder').mkdir()
    (tmp_path / 'folder' / 'a.txt').write_text('a')
    (tmp_path / 'folder' / 'a.txt').chmod(0o4777)
    miniatures.write_tar(tmp_path / 'a.tar', tmp_path, 'folder')
    archives('cub', tmp_path / 'a.tar')
    download.download('cub', tmp_path / 'data')
    assert (tmp_path / 'data' / 'folder' / 'a.txt').stat().st_mode & 0o7777 == 0o644


def test_folder_that_is_a_file(tmp_path, archives, miniatures):
    (tmp_path / 'data').write_text('')
    (tmp_path / 'a.txt').write_text('a')
    miniatures.write_tar(tmp_path / 'a.tar', tmp_path, 'a.txt')
    archives('cub', tmp_path / 'a.tar')
    with pytest.raises(DataError, match=r'cannot be downloaded and unpacked into \S+data \(.*File exists'):
        download.download('cub', tmp_path / 'data')


@pytest.mark.skipif(not Path('/dev/full').exists(), reason='no disk that is full')
def test_no_space(tmp_path, archives, miniatures):
    (tmp_path / 'a.txt').write_text('a')
    miniatures.write_tar(tmp_path / 'a.tar', tmp_path, 'a.txt')
    archives('cub', tmp_path / 'a.tar')
    (tmp_path / 'data').mkdir()
    (tmp_path / 'data' / 'a.tar.part').symlink_to('/dev/full')
    with pytest.raises(DataError, match=r'a.tar: cannot be downloaded .* No space left on device'):
        download.download('cub', tmp_path / 'data')
    assert [path.name for path in (tmp_path / 'data').iterdir()] == ['a.tar.part']


def test_not_on_the_server(tmp_path, monkeypatch, server):
    monkeypatch.setitem(download.ARCHIVES, 'cifar10', [(server + 'gone.tar.gz', '0' * 64)])
    with pytest.raises(DataError, match=r'^http:\S+gone.tar.gz: cannot be downloaded and unpacked into \S+ \(.*404'):
        download.download('cifar10', tmp_path / 'data')


def test_no_server(tmp_path, monkeypatch):
    monkeypatch.setenv('no_proxy', '*')
    monkeypatch.setitem(download.ARCHIVES, 'cifar10', [('http://127.0.0.1:1/cifar.tar.gz', '0' * 64)])
    with pytest.raises(DataError, match='Connection refused'):
        download.download('cifar10', tmp_path / 'data')


def test_damaged_archive(tmp_path, archives):
    (tmp_path / 'a.tar').write_bytes(b'no archive')
    (tmp_path / 'b.gz').write_bytes(gzip.compress(bytes(1000))[:-10])
    for name in ('a.tar', 'b.gz'):
        archives('cifar10', tmp_path / name)
        with pytest.raises(DataError, match='cannot be downloaded and unpacked'):
            download.download('cifar10', tmp_path / 'data')


def test_unknown_name(tmp_path):
    with pytest.raises(DataError, match=r"no data set is named 'cifar1'; did you mean 'cifar10'\?"):
        download.download('cifar1', tmp_path)


def test_tool(tmp_path, monkeypatch, capsys):
    tool = str(Path(__file__).parents[2] / 'tools' / 'download_dataset.py')
    monkeypatch.setenv('no_proxy', '*')
    monkeypatch.setitem(download.ARCHIVES, 'cifar10', [('http://127.0.0.1:1/cifar.tar.gz', '0' * 64)])
    monkeypatch.setattr('sys.argv', ['download_dataset.py', 'cifar10', '--data-root', str(tmp_path)])
    with pytest.raises(SystemExit, match='2'):
        runpy.run_path(tool, run_name='__main__')
    assert capsys.readouterr().err.startswith('error: http://127.0.0.1:1/cifar.tar.gz: cannot be downloaded')
    monkeypatch.setattr(download, 'ARCHIVES', {'cifar10': []})
    monkeypatch.setattr('sys.argv', ['download_dataset.py', 'cifar10', '--data-root', str(tmp_path)])
    runpy.run_path(tool, run_name='__main__')
