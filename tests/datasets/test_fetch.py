import hashlib
import sys
from email.utils import formatdate
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import SimpleNamespace

import pytest

from ktg_mm.datasets.fetch import WrongSumError, fetch, file_sum, sum_name

CONTENT = bytes(range(256)) * 100
SHA256, MD5 = hashlib.sha256(CONTENT).hexdigest(), hashlib.md5(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """Serves one file, its end alone to who asks for that; tells what was asked for."""

    def __init__(self, state, *args):
        self.state = state
        super().__init__(*args)

    def log_message(self, *args):
        pass

    def do_GET(self):
        state, asked = self.state, self.headers.get('Range')
        state.asked.append((asked, self.headers.get('If-Range')))
        content, begin = state.content, int(asked.split('=')[1].rstrip('-')) if asked and state.ranges else 0
        stamp = formatdate(state.changed, usegmt=True)
        if self.headers.get('If-Range', stamp) != stamp:
            begin = 0
        if begin >= len(content):
            self.send_response(416)
            self.send_header('Content-Range', f'bytes */{len(content)}')
            self.end_headers()
            return
        self.send_response(206 if begin else 200)
        self.send_header('Last-Modified', stamp)
        self.send_header('Content-Length', str(len(content) - begin))
        self.end_headers()
        self.wfile.write(content[begin : state.until])


@pytest.fixture
def server(monkeypatch):
    """A web server on this machine: its address, what it has, and what it was asked for."""
    monkeypatch.setenv('no_proxy', '*')
    state = SimpleNamespace(content=CONTENT, changed=1_000_000_000, ranges=True, until=None, asked=[])
    with ThreadingHTTPServer(('127.0.0.1', 0), partial(Handler, state)) as served:
        thread = Thread(target=served.serve_forever, kwargs={'poll_interval': 0.01})
        thread.start()
        state.url = f'http://127.0.0.1:{served.server_port}/file'
        yield state
        served.shutdown()
        thread.join()


@pytest.mark.parametrize('checksum', [None, SHA256, MD5])
def test_whole(tmp_path, server, checksum):
    fetch(server.url, tmp_path / 'file', checksum)
    assert (tmp_path / 'file').read_bytes() == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == ['file']
    assert server.asked == [(None, None)]


@pytest.mark.parametrize('checksum', [None, SHA256, MD5])
def test_what_broke_off_goes_on(tmp_path, server, checksum):
    server.until = 10_000
    with pytest.raises(OSError, match='broke off after 10,000 of 25,600 bytes; the same command goes on from there'):
        fetch(server.url, tmp_path / 'file', checksum)
    assert [path.name for path in tmp_path.iterdir()] == ['file.part']
    server.until = None
    fetch(server.url, tmp_path / 'file', checksum)
    assert (tmp_path / 'file').read_bytes() == CONTENT
    stamp = None if checksum else formatdate(server.changed, usegmt=True)
    assert server.asked[1:] == [('bytes=10000-', stamp)]


def test_without_a_sum_another_version_is_not_appended(tmp_path, server):
    server.until = 10_000
    with pytest.raises(OSError, match='broke off'):
        fetch(server.url, tmp_path / 'file')
    server.until, server.content, server.changed = None, CONTENT[::-1], server.changed + 1
    fetch(server.url, tmp_path / 'file')
    assert (tmp_path / 'file').read_bytes() == CONTENT[::-1]


def test_a_wrong_beginning_is_downloaded_anew(tmp_path, server):
    (tmp_path / 'file.part').write_bytes(b'something else')
    fetch(server.url, tmp_path / 'file', SHA256)
    assert (tmp_path / 'file').read_bytes() == CONTENT
    assert [asked for asked, _ in server.asked] == ['bytes=14-', None]


def test_a_server_that_knows_no_ranges(tmp_path, server):
    server.ranges = False
    (tmp_path / 'file.part').write_bytes(CONTENT[:100])
    fetch(server.url, tmp_path / 'file', SHA256)
    assert (tmp_path / 'file').read_bytes() == CONTENT


@pytest.mark.parametrize(('there', 'checksum'), [(CONTENT, SHA256), (CONTENT, None), (CONTENT + b'more', SHA256)])
def test_nothing_is_left_to_receive(tmp_path, server, there, checksum):
    (tmp_path / 'file.part').write_bytes(there)
    fetch(server.url, tmp_path / 'file', checksum)
    assert (tmp_path / 'file').read_bytes() == CONTENT


def test_a_wrong_sum_is_not_kept(tmp_path, server):
    (tmp_path / 'file').write_text('before')
    with pytest.raises(WrongSumError, match=f'^its MD5 is {MD5}, not {"0" * 32}$'):
        fetch(server.url, tmp_path / 'file', '0' * 32)
    assert [path.read_text() for path in tmp_path.iterdir()] == ['before']


def test_a_bar_on_a_terminal(tmp_path, server, monkeypatch, capsys):
    fetch(server.url, tmp_path / 'file')
    assert capsys.readouterr().err == ''
    monkeypatch.setattr(sys.stderr, 'isatty', lambda: True)
    fetch(server.url, tmp_path / 'file')
    assert '25.6k/25.6k' in capsys.readouterr().err


def test_sums(tmp_path):
    (tmp_path / 'file').write_bytes(CONTENT)
    assert [sum_name(value) for value in (MD5, SHA256)] == ['MD5', 'SHA-256']
    assert [file_sum(tmp_path / 'file', like) for like in (MD5, SHA256)] == [MD5, SHA256]
