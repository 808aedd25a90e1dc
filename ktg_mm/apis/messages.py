"""What a machine refuses, such as memory, room on a disk or a file, as a line for the user."""

import errno
import os
import re
import traceback
from typing import Any, TypeVar

import torch
from mmengine.runner import Runner, loops

from ktg_mm.checkpoints import latest_checkpoint
from ktg_mm.errors import one_line

T = TypeVar('T')

_LOADERS = {
    loops.EpochBasedTrainLoop: 'train_dataloader',
    loops.IterBasedTrainLoop: 'train_dataloader',
    loops.ValLoop: 'val_dataloader',
    loops.TestLoop: 'test_dataloader',
}
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_OPEN_FILES = {errno.EMFILE, errno.ENFILE}
_REFUSED = {
    errno.EACCES, errno.EPERM, errno.EROFS, errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP,
    errno.EIO, errno.ESTALE,
}  # fmt: skip

_TOO_MANY_FILES = 'num_workers: too many open files; fewer workers, or a higher limit (ulimit -n)'
_OUT_OF_MEMORY = 'batch_size: out of memory{}; a smaller batch, or smaller networks'
# Errors of torch that have no type of their own, and what to say of the loader at work.
_TEXTS = {
    r'DataLoader worker .* is killed by signal: Bus error.*|unable to .*/torch_\d+.*': (
        'num_workers: the shared memory (/dev/shm) is full; fewer workers, or make it larger'
    ),
    r'DataLoader worker .*(is killed by signal: [\w ]+|exited unexpectedly).*': (
        'num_workers: a worker {}; fewer workers, or more memory'
    ),
    r'DataLoader timed out after (\S+) seconds': (
        'timeout: no batch came within {} seconds; a longer time, or more workers'
    ),
    r'Too many open files.*|received \d+ items of ancdata': _TOO_MANY_FILES,
}


def machine_message(error: BaseException) -> str | None:
    """The line that says what the machine has refused, and which setting or folder it is about; None for other errors.

    Args:
        error: Any exception, also one that a data loader's worker has passed on.

    Example:
        >>> machine_message(RuntimeError('DataLoader timed out after 5 seconds'))
        'dataloader.timeout: no batch came within 5 seconds; a longer time, or more workers'
        >>> machine_message(PermissionError(13, 'Permission denied', '/a.csv'))
        '/a.csv: cannot be read or written: Permission denied'
    """
    loop = _last(error, tuple(_LOADERS))
    loader = next((name for kind, name in _LOADERS.items() if isinstance(loop, kind)), 'dataloader')
    if isinstance(error, OSError):
        return _file_message(error, loader)
    if isinstance(error, torch.OutOfMemoryError):
        return f'{loader}.{_OUT_OF_MEMORY.format(" on the GPU")}, or --amp'
    if is_out_of_memory(error):
        return f'{loader}.{_OUT_OF_MEMORY.format("")}'
    for cause in (error.__cause__, error):  # the signal that has ended a worker is the cause of its absence
        text = one_line(cause)
        for pattern, message in _TEXTS.items() if isinstance(cause, RuntimeError) else ():
            if found := re.fullmatch(pattern, text):
                return f'{loader}.{message.format(*found.groups())}'
    return None


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory has run out, of the host or a device.

    Example:
        >>> is_out_of_memory(RuntimeError("DefaultCPUAllocator: can't allocate memory"))
        True
    """
    texts = ("can't allocate memory", 'DefaultCPUAllocator: ', 'out of memory')
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or (
        isinstance(error, RuntimeError) and any(text in str(error) for text in texts)
    )


def _file_message(error: OSError, loader: str) -> str | None:
    # A loader's worker passes on the text alone.
    passed_on = re.findall(r"\[Errno (\d+)\] [^:]*(?:: '(.*)')?$", str(error)) if error.errno is None else []
    number, file = (int(passed_on[-1][0]), passed_on[-1][1]) if passed_on else (error.errno, error.filename)
    if number in _OPEN_FILES:
        return f'{loader}.{_TOO_MANY_FILES}'
    if number not in _FULL | _REFUSED:
        return None
    runner = _last(error, Runner)
    place = f'--work-dir {runner.work_dir}' if runner and not file else os.fsdecode(file or 'a file')
    if number not in _FULL:
        return f'{place}: cannot be read or written: {os.strerror(number)}'
    checkpoint = latest_checkpoint(runner.work_dir) if runner else None
    hint = f' and go on with --resume; the last good checkpoint is {checkpoint}' if checkpoint else ''
    return f'{place}: cannot be written: {os.strerror(number)}; make room{hint}'


def _last(error: BaseException, kind: type[T] | tuple[type[T], ...]) -> T | None:
    """The innermost object of a kind whose method was at work, or that a function was given as the runner."""
    found: Any = None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        for name in ('self', 'runner'):
            if isinstance(value := frame.f_locals.get(name), kind):
                found = value
    return found
