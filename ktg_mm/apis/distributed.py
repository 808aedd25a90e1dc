"""The processes that a launcher has started: they meet, and part."""

import contextlib
import os
import re
import shutil
import socket
import time

import torch
from mmengine.dist import init_dist, is_distributed

from ktg_mm.errors import UserError
from ktg_mm.shipped import tool_command

# What a launcher tells each process of its place: rank, number of processes, rank on the machine.
_PLACES = {
    'pytorch': ('RANK', 'WORLD_SIZE', 'LOCAL_RANK'),
    'slurm': ('SLURM_PROCID', 'SLURM_NTASKS', 'SLURM_LOCALID'),
    'mpi': ('OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE', 'OMPI_COMM_WORLD_LOCAL_RANK'),
}
_STARTED_BY = {
    'pytorch': f'the processes must be started by torchrun; use {tool_command("dist_train")}',
    'slurm': f'the processes must be started by srun; use {tool_command("slurm_train")}',
    'mpi': 'the processes must be started by mpirun',
}


_PATIENCE = 20.0  # seconds; a name of a machine that has just been started may not be known yet


def init_distributed(launcher: str) -> None:
    """Connects the processes that a launcher has started, if it has started any; without GPUs they speak gloo.

    Args:
        launcher: One of :data:`ktg_mm.apis.LAUNCHERS`.

    Raises:
        UserError: If they were not started so, the launcher needs GPUs, a process has a place that is none, or they
            cannot meet.

    Example:
        >>> init_distributed('none')
    """
    if launcher == 'none' or is_distributed():
        return
    gpus = torch.cuda.device_count()
    if not gpus and launcher in ('slurm', 'mpi'):
        raise UserError(f'--launcher {launcher}: needs a GPU; on CPUs use {tool_command("dist_train")}')
    _check_place(launcher, gpus)
    _check_meeting_point(launcher)
    try:
        if gpus:
            init_dist(launcher)
        else:
            torch.distributed.init_process_group('gloo')
    except torch.distributed.DistError as error:
        raise UserError(_why_not_met(error)) from error


def end_distributed() -> None:
    """Parts from the other processes, if there are any; nothing is done together afterwards.

    Example:
        >>> end_distributed()
    """
    if is_distributed():
        torch.distributed.destroy_process_group()


def _check_place(launcher: str, gpus: int) -> None:
    rank_name, size_name, local_name = _PLACES[launcher]
    rank, size = (_number(name, launcher) for name in (rank_name, size_name))
    if not rank < size:
        raise UserError(f'{rank_name}: must be below {size_name}, {size}, got {rank}')
    if launcher == 'slurm' and local_name not in os.environ:
        return
    if gpus and (local := _number(local_name, launcher)) >= gpus:
        raise UserError(f'{local_name}: must be below the number of GPUs, {gpus}, got {local}; one process has one GPU')


def _number(name: str, launcher: str) -> int:
    text = os.environ.get(name)
    if text is None:
        raise UserError(f'--launcher {launcher}: {name} is not set; {_STARTED_BY[launcher]}')
    if not (text.isascii() and text.isdigit()):
        raise UserError(f'{name}: must be a whole number, at least 0, got {text!r}')
    return int(text)


def _check_meeting_point(launcher: str) -> None:
    """Looks at where the processes meet; torch would wait for half an hour for an address that is none."""
    address, port = os.environ.get('MASTER_ADDR'), os.environ.get('MASTER_PORT', '29500')
    if launcher == 'pytorch' and 'MASTER_PORT' not in os.environ:
        raise UserError(f'--launcher pytorch: MASTER_PORT is not set; {_STARTED_BY[launcher]}')
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 2**16):
        raise UserError(f'MASTER_PORT: must be a whole number from 1 to 65535, got {port!r}')
    if address is None and launcher == 'slurm':
        if not shutil.which('scontrol'):
            raise UserError(
                "--launcher slurm: MASTER_ADDR is not set, and Slurm's scontrol, which knows it, is not here"
            )
    elif address is None:
        raise UserError(f'--launcher {launcher}: MASTER_ADDR is not set; {_STARTED_BY[launcher]}')
    elif not _is_known(address):
        raise UserError(f'MASTER_ADDR: must be a name or an address of the first machine, got {address!r}')


def _is_known(address: str) -> bool:
    until = time.monotonic() + _PATIENCE
    while re.fullmatch(r'[\w.:%-]+', address):
        with contextlib.suppress(OSError, UnicodeError):
            return bool(socket.getaddrinfo(address, None))
        if time.monotonic() > until:
            break
        time.sleep(0.5)
    return False


def _why_not_met(error: Exception) -> str:
    address, port = os.environ.get('MASTER_ADDR'), os.environ.get('MASTER_PORT')
    reason = str(error).splitlines()[0]
    if 'EADDRINUSE' in reason:
        return f'MASTER_PORT {port}: is in use by another program; set PORT (torchrun: MASTER_PORT) to another one'
    return f'MASTER_ADDR {address}, MASTER_PORT {port}: the processes did not meet there: {reason}'
