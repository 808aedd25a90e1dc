"""One run at a time trains in a folder."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from mmengine.dist import broadcast_object_list, is_main_process

from ktg_mm.errors import UserError

try:
    import fcntl
except ImportError:  # not on Windows, where what is written in the file must do
    fcntl = None  # type: ignore[assignment]

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
        UserError: If another process trains there, its machine and number are named, or the folder cannot be written.
    """
    problem: list[str | None] = [None]
    if is_main_process():
        try:
            if (owner := _take(Path(folder).resolve())) is not None:
                problem = [f'is in use by {owner}; wait until that run has ended, or give another folder']
        except OSError as error:
            problem = [f'cannot be written to: {error.strerror}']
    broadcast_object_list(problem)  # whatever it is: the others wait for it
    if problem[0] is not None:
        raise UserError(f'--work-dir {folder}: {problem[0]}')


def _take(folder: Path) -> str | None:
    """Takes the lock; returns who has it if another process does."""
    if folder in _held:
        return None
    descriptor = os.open(folder / _FILE, os.O_RDWR | os.O_CREAT, 0o666)
    known = os.read(descriptor, 1000).decode(errors='replace').strip()
    if not _lock(descriptor, known):
        os.close(descriptor)
        return known or 'another process'
    os.ftruncate(descriptor, 0)
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.write(descriptor, f'process {os.getpid()} on {socket.gethostname()}\n'.encode())
    _held[folder] = descriptor
    return None


def _lock(descriptor: int, known: str) -> bool:
    """Locks a file; where the system or the file system has no locks, what is written there must do."""
    if fcntl is None:
        return not _is_alive(known)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return not _is_alive(known)
    return True


def _is_alive(owner: str) -> bool:
    """Whether a process of this machine is there; of those of others nothing is known."""
    process, _, host = owner.removeprefix('process ').partition(' on ')
    return host == socket.gethostname() and process.isdigit() and Path(f'/proc/{process}').exists()
