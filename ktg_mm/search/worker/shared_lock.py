"""A lock that the processes of a worker take together."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout
from mmengine.dist import broadcast_object_list, is_main_process

_PATIENCE = 60.0  # seconds between two signs of life; far below the time after which a backend gives up


@contextlib.contextmanager
def shared_lock(path: str | Path) -> Iterator[None]:
    """Holds a lock between workers, of which one process takes it, for all processes of this one.

    While another worker has it, the process that waits for it tells the others so every minute: in a single wait of
    hours they would run into the time limit of their backend, of NCCL 10 minutes, of gloo 30.

    Args:
        path: The lock's file; its folder is there, and all workers see it.
    """
    lock = FileLock(path)
    try:
        waits = [True]
        while waits[0]:
            waits = [is_main_process() and not _takes(lock)]
            broadcast_object_list(waits)
        yield
    finally:
        lock.release()


def _takes(lock: FileLock) -> bool:
    try:
        lock.acquire(timeout=_PATIENCE)
    except Timeout:
        return False
    return True
