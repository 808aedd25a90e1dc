"""The processes of a worker wait for another worker's lock in short steps."""

from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from ktg_mm.search.worker import shared_lock as module
from ktg_mm.search.worker.shared_lock import shared_lock


def test_who_waits_for_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / 'a.lock'
    other = FileLock(path)
    other.acquire()
    said: list[bool] = []

    def hear(waits: list[bool]) -> None:
        said.extend(waits)
        if len(said) == 2:
            other.release()

    monkeypatch.setattr(module, '_PATIENCE', 0.01)
    monkeypatch.setattr(module, 'broadcast_object_list', hear)
    with shared_lock(path), pytest.raises(Timeout):
        other.acquire(timeout=0)
    assert said == [True, True, False]
    other.acquire(timeout=0)  # it is free again
    other.release()


def test_another_process_takes_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / 'a.lock'
    heard = iter([True, True, False])
    monkeypatch.setattr(module, 'is_main_process', lambda: False)
    monkeypatch.setattr(module, 'broadcast_object_list', lambda waits: waits.__setitem__(0, next(heard)))
    with FileLock(path), shared_lock(path):
        assert list(heard) == []
