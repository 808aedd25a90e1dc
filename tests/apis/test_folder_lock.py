import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ktg_mm.apis import folder_lock
from ktg_mm.errors import UserError

HOLDER = """
import os, sys, time
from ktg_mm.apis.folder_lock import lock_folder
lock_folder(sys.argv[1])
if os.fork() == 0:  # as a process that loads data
    os.setsid()
    time.sleep(100)
print(os.getpid(), flush=True)
time.sleep(100)
"""


@pytest.fixture
def free(monkeypatch):
    """No folder is held by this process."""
    monkeypatch.setattr(folder_lock, '_held', {})
    yield
    for descriptor in folder_lock._held.values():
        os.close(descriptor)


@pytest.fixture
def other(tmp_path, free):
    """A process that holds the lock of a folder, with a child."""
    environment = {**os.environ, 'PYTHONPATH': str(Path(__file__).parents[2])}
    process = subprocess.Popen(
        [sys.executable, '-c', HOLDER, tmp_path], stdout=subprocess.PIPE, env=environment, text=True, cwd=tmp_path
    )
    assert int(process.stdout.readline()) == process.pid
    yield process
    process.kill()
    process.wait()
    process.stdout.close()
    for status in Path('/proc').glob('[0-9]*/cmdline'):
        try:
            if str(tmp_path).encode() in status.read_bytes():
                os.kill(int(status.parent.name), signal.SIGKILL)
        except OSError:
            continue


def test_a_folder_in_use_is_refused_until_its_process_is_gone(tmp_path, other):
    for _ in range(2):  # what is refused does not spoil the file
        with pytest.raises(UserError) as caught:
            folder_lock.lock_folder(tmp_path)
        assert str(caught.value) == (
            f'--work-dir {tmp_path}: is in use by process {other.pid} on {socket.gethostname()}; '
            'wait until that run has ended, or give another folder'
        )
    other.kill()
    other.wait()
    folder_lock.lock_folder(tmp_path)  # its child lives on
    assert (tmp_path / '.training.lock').read_text() == f'process {os.getpid()} on {socket.gethostname()}\n'


def test_a_process_may_train_twice_in_a_folder(tmp_path, free):
    folder_lock.lock_folder(tmp_path)
    folder_lock.lock_folder(tmp_path / '.')
    assert len(folder_lock._held) == 1


@pytest.mark.parametrize('text', ['', 'nonsense', 'process 1 on elsewhere', 'process 99999999 on here'])
def test_what_a_gone_process_wrote_does_not_matter(tmp_path, free, text):
    (tmp_path / '.training.lock').write_text(text.replace('here', socket.gethostname()))
    folder_lock.lock_folder(tmp_path)


@pytest.mark.parametrize('on_file_system', [True, False], ids=['file-system', 'system'])
@pytest.mark.parametrize(('process', 'is_refused'), [(os.getpid(), True), (99999999, False)], ids=['runs', 'gone'])
def test_a_system_without_locks(tmp_path, free, monkeypatch, process, is_refused, on_file_system):
    def fail(*args):
        raise OSError(37, 'No locks available')

    if on_file_system:
        monkeypatch.setattr(folder_lock.fcntl, 'lockf', fail)
    else:
        monkeypatch.setattr(folder_lock, 'fcntl', None)
    (tmp_path / '.training.lock').write_text(f'process {process} on {socket.gethostname()}\n')
    if is_refused:
        with pytest.raises(UserError, match=f'is in use by process {process} on'):
            folder_lock.lock_folder(tmp_path)
    else:
        folder_lock.lock_folder(tmp_path)


def test_a_folder_that_cannot_be_written_to(tmp_path, free, monkeypatch):
    told = []
    monkeypatch.setattr(folder_lock, 'broadcast_object_list', told.append)
    (tmp_path / '.training.lock').mkdir()
    with pytest.raises(UserError, match=r': cannot be written to: Is a directory$'):
        folder_lock.lock_folder(tmp_path)
    assert told == [['cannot be written to: Is a directory']]  # the other processes do not wait for ever
