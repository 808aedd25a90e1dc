"""One run at a time trains in a folder."""

from __future__ import annotations

import fcntl
import os
import socket
from pathlib import Path

from mmengine.dist import broadcast_object_list, is_main_process

from ktg_mm.errors import UserError

_FILE = '.training.lock'
_held: dict[Path, int] = {}  # descriptors of the files, which the system locks as long as they are open


def lock_folder(folder: str | Path) -> None:
    """Keeps other processes from training in a folder until this one ends, however it ends.

    The lock is the system's (``lockf``): it is gone with the process, is not inherited by the processes that load data,
    and holds between machines where their file system does so. The file says whose it is. Of several processes that
    train together the first takes it; all meet the refusal.

    Args:
        folder: The run's folder, which exists.

    Raises:
        UserError: If another process trains there; it names its machine and number.
    """
    owner: list[str | None] = [_take(Path(folder).resolve()) if is_main_process() else None]
    broadcast_object_list(owner)
    if owner[0] is not None:
        raise UserError(
            f'--work-dir {folder}: is in use by {owner[0]}; wait until that run has ended, or give another folder'
        )


def _take(folder: Path) -> str | None:
    """Takes the lock; returns who has it if another process does."""
    if folder in _held:
        return None
    try:
        descriptor = os.open(folder / _FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise UserError(f'--work-dir {folder}: cannot be written to: {error.strerror}') from error
    known = os.read(descriptor, 1000).decode(errors='replace').strip()
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        os.close(descriptor)
        return known or 'another process'
    except OSError:  # a file system that has no locks: what is written there must do
        if _is_alive(known):
            os.close(descriptor)
            return known
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f'process {os.getpid()} on {socket.gethostname()}\n'.encode(), 0)
    _held[folder] = descriptor
    return None


def _is_alive(owner: str) -> bool:
    """Whether a process of this machine is there; of those of others nothing is known."""
    process, _, host = owner.removeprefix('process ').partition(' on ')
    return host == socket.gethostname() and process.isdigit() and Path(f'/proc/{process}').exists()
