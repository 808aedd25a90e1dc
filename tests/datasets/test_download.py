import gzip
import hashlib
import runpy
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from mmpretrain.datasets import CIFAR10

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
            (server + path.relative_to(tmp_path).as_posix(), hashlib.md5(path.read_bytes()).hexdigest())
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
    for entries in download.ARCHIVES.values():
        for url, md5 in entries:
            assert url.startswith('http')
            assert len(md5) == 32


def test_wrong_sum(tmp_path, monkeypatch, server):
    (tmp_path / 'lists.tar').write_bytes(b'something else')
    monkeypatch.setitem(download.ARCHIVES, 'stanford_dogs', [(server + 'lists.tar', '0' * 32)])
    with pytest.raises(DataError, match=r'lists.tar: cannot be downloaded and unpacked into .*corrupted') as caught:
        download.download('stanford_dogs', tmp_path / 'data')
    assert '\n' not in str(caught.value)


def test_not_on_the_server(tmp_path, monkeypatch, server):
    monkeypatch.setitem(download.ARCHIVES, 'cifar10', [(server + 'gone.tar.gz', '0' * 32)])
    with pytest.raises(DataError, match=r'^http:\S+gone.tar.gz: cannot be downloaded and unpacked into \S+ \(.*404'):
        download.download('cifar10', tmp_path / 'data')


def test_no_server(tmp_path, monkeypatch):
    monkeypatch.setenv('no_proxy', '*')
    monkeypatch.setitem(download.ARCHIVES, 'cifar10', [('http://127.0.0.1:1/cifar.tar.gz', '0' * 32)])
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
    monkeypatch.setitem(download.ARCHIVES, 'cifar10', [('http://127.0.0.1:1/cifar.tar.gz', '0' * 32)])
    monkeypatch.setattr('sys.argv', ['download_dataset.py', 'cifar10', '--data-root', str(tmp_path)])
    with pytest.raises(SystemExit, match='2'):
        runpy.run_path(tool, run_name='__main__')
    assert capsys.readouterr().err.startswith('error: http://127.0.0.1:1/cifar.tar.gz: cannot be downloaded')
    monkeypatch.setattr(download, 'ARCHIVES', {'cifar10': []})
    monkeypatch.setattr('sys.argv', ['download_dataset.py', 'cifar10', '--data-root', str(tmp_path)])
    runpy.run_path(tool, run_name='__main__')
