"""Storages that cannot be reached, and addresses of them."""

import time

import pytest

from ktg_mm.errors import UserError, hide_passwords
from ktg_mm.search import open_storage


def unreachable(url):
    start = time.monotonic()
    with pytest.raises(UserError) as caught:
        open_storage(url)
    message = str(caught.value)
    assert time.monotonic() - start < 15
    assert '\n' not in message and 'secret' not in message and ': cannot be reached: ' in message
    return message


@pytest.mark.parametrize(
    ('url', 'shown', 'reason'),
    [
        ('postgresql+psycopg2://me:secret@127.0.0.1:1/db', 'postgresql+psycopg2://me@127.0.0.1:1/db', 'refused'),
        ('mysql://me:secret@127.0.0.1:1/db', 'mysql://me@127.0.0.1:1/db', ''),
        ('nosuch://me:secret@host/db', 'nosuch://me@host/db', "Can't load plugin"),
        ('search.db', 'search.db', 'Could not parse SQLAlchemy URL'),
        ('grpc://127.0.0.1:1', 'grpc://127.0.0.1:1', 'onnect'),
        ('grpc://127.0.0.1:port', 'grpc://127.0.0.1:port', 'port'),
    ],
)
def test_unreachable(url, shown, reason):
    if url.startswith('postgresql'):
        pytest.importorskip('psycopg2')
    message = unreachable(url)
    assert message.startswith(f'--storage {shown}: cannot be reached: ') and reason in message


@pytest.mark.parametrize('scheme', ['sqlite:///', 'journal://'])
def test_a_folder_that_cannot_be_made(tmp_path, scheme):
    (tmp_path / 'file').write_text('')
    assert str(tmp_path / 'file') in unreachable(f'{scheme}{tmp_path}/file/search.db')


def test_a_file_that_is_no_database(tmp_path):
    (tmp_path / 'search.db').write_text('no database at all, but long enough to look at' * 100)
    assert 'not a database' in unreachable(f'sqlite:///{tmp_path}/search.db')


def test_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    open_storage('sqlite:///~/search.db')
    assert (tmp_path / 'search.db').exists()


def test_a_folder_is_made(tmp_path):
    open_storage(f'sqlite:///{tmp_path}/new/folder/search.db')
    assert (tmp_path / 'new/folder/search.db').exists()


@pytest.mark.parametrize(
    ('url', 'shown'),
    [
        ('postgresql://me:secret@host/db', 'postgresql://me@host/db'),
        ('postgresql://me:se@c/re:t@host/db', 'postgresql://me@host/db'),
        ('postgresql://me@host/db', 'postgresql://me@host/db'),
        ('postgresql://host/db?user=me&password=secret&sslmode=require', None),
        ('sqlite:////tmp/a.db', 'sqlite:////tmp/a.db'),
    ],
)
def test_passwords_are_not_shown(url, shown):
    expected = shown or 'postgresql://host/db?user=me&password=***&sslmode=require'
    assert hide_passwords(url) == expected
