import os
import signal
from pathlib import Path

import pytest
import torch
from mmengine.fileio import get_file_backend
from mmengine.runner import save_checkpoint

from ktg_mm.engine import AtomicLocalBackend


@pytest.fixture
def old(tmp_path):
    path = tmp_path / 'file'
    path.write_bytes(b'old')
    return path


def test_bytes_and_text(tmp_path):
    backend = AtomicLocalBackend()
    backend.put(b'\x00whole', tmp_path / 'new folder' / 'file')
    backend.put_text('naïve', tmp_path / 'latin', encoding='latin-1')
    assert (tmp_path / 'new folder' / 'file').read_bytes() == b'\x00whole'
    assert (tmp_path / 'latin').read_bytes() == b'na\xefve'
    assert sorted(path.name for path in tmp_path.rglob('*')) == ['file', 'latin', 'new folder']


def test_replaces_what_was_there(old):
    AtomicLocalBackend().put(b'new', old)
    assert old.read_bytes() == b'new'


@pytest.mark.parametrize('step', ['fsync', 'replace'])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(old, monkeypatch, step):
    def no_space_left(*args):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(os, step, no_space_left)
    with pytest.raises(OSError, match='No space left'):
        AtomicLocalBackend().put(b'new', old)
    assert old.read_bytes() == b'old'
    assert list(old.parent.iterdir()) == [old]


def test_a_write_that_is_killed_midway_leaves_the_old_file(old, monkeypatch):
    monkeypatch.setattr(os, 'fsync', lambda descriptor: os.kill(os.getpid(), signal.SIGKILL))
    if (child := os.fork()) == 0:
        AtomicLocalBackend().put(b'new' * 10**6, old)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert old.read_bytes() == b'old'


def test_the_content_is_on_the_disk_before_the_name_is(old, monkeypatch):
    steps = []
    for name in ('fsync', 'replace'):
        call = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *args, name=name, call=call: (steps.append(name), call(*args)))
    AtomicLocalBackend().put(b'new', old)
    assert steps == ['fsync', 'replace', 'fsync'], 'the file, its new name, and the folder that holds the name'


def test_mmengine_saves_checkpoints_with_it(tmp_path, monkeypatch):
    written = []
    put = AtomicLocalBackend.put
    monkeypatch.setattr(
        AtomicLocalBackend, 'put', lambda self, obj, path: (written.append(Path(path)), put(self, obj, path))
    )
    path = tmp_path / 'epoch_1.pth'
    save_checkpoint(dict(weight=torch.ones(2)), str(path))
    assert written == [path]
    assert torch.load(path, weights_only=True)['weight'].tolist() == [1, 1]
    assert type(get_file_backend(str(path))) is AtomicLocalBackend
    assert type(get_file_backend(backend_args=dict(backend='local'))) is AtomicLocalBackend
