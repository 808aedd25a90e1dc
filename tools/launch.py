"""Starts a tool in several processes, as torchrun does, for the scripts beside it: ``launch.py PROCESSES TOOL ...``.

The machines of a run and where they meet come from NNODES, NODE_RANK, MASTER_ADDR and PORT in the environment. What the
processes have to say they say themselves: torchrun's report of several pages is left out, and the status is theirs.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError


def fail(message: str, status: int = 2) -> NoReturn:
    """Ends the program with one line."""
    print(f'error: {message}', file=sys.stderr)
    sys.exit(status)


def number(name: str, text: str, lowest: int, highest: int) -> int:
    """Reads a number that the user has set."""
    if text.isascii() and text.isdigit() and lowest <= int(text) <= highest:
        return int(text)
    fail(f'{name}: must be a whole number from {lowest} to {highest}, got {text!r}')


def check_port(port: int) -> None:
    """Refuses a port that another program listens to."""
    try:
        socket.create_server(('', port)).close()
    except OSError as error:
        fail(f'PORT {port}: {os.strerror(error.errno or 0).lower()}; set PORT to another one')


def launch(processes: str = '', tool: str = '', *arguments: str) -> None:
    """Starts the processes and waits for their end.

    Args:
        processes: Number of them on this machine.
        tool: Path of a tool that takes ``--launcher``.
        arguments: Its arguments.
    """
    count = number('PROCESSES', processes, 1, 1024)
    if not tool:
        fail('TOOL: is missing; give the path of a tool, such as tools/train.py')
    import torch
    from torch.distributed.elastic.multiprocessing import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.elastic.rendezvous import RendezvousError
    from torch.distributed.run import parse_args

    gpus = torch.cuda.device_count()
    if gpus and count > gpus:
        fail(f'PROCESSES {count}: more than the number of GPUs, {gpus}; one process has one GPU')
    machines = number('NNODES', os.environ.get('NNODES', '1'), 1, 65536)
    machine = number('NODE_RANK', os.environ.get('NODE_RANK', '0'), 0, machines - 1)
    address = os.environ.get('MASTER_ADDR') or '127.0.0.1'
    port = number('PORT', os.environ.get('PORT', '29500'), 1, 65535)
    if machine == 0:
        check_port(port)
    where = [f'--nnodes={machines}', f'--node-rank={machine}', f'--master-addr={address}', f'--master-port={port}']
    logging.disable(logging.ERROR)  # in this process, not in those that it starts
    try:
        run(parse_args([f'--nproc-per-node={count}', *where, tool, '--launcher', 'pytorch', *arguments]))
    except ChildFailedError as error:
        end(error)
    except (SignalException, KeyboardInterrupt):  # the processes have got it, too
        sys.exit(130)
    except (torch.distributed.DistError, RendezvousError) as error:
        reason = str(error).splitlines()[0]
        fail(f'NNODES {machines}: the machines did not meet at MASTER_ADDR {address}, PORT {port}: {reason}')


def run(options: Any) -> None:
    """Runs torchrun."""
    from torch.distributed.run import run

    run(options)


def end(error: ChildFailedError) -> NoReturn:
    """Ends the program as the process did that failed first; one that a signal has ended could not say so itself.

    Of failures within the same second it is that one: the others have lost who they were speaking to.
    """
    rank, first = min(error.failures.items(), key=lambda one: (one[1].timestamp, one[1].exitcode >= 0))
    codes = [failure.exitcode for failure in error.failures.values()]
    if first.exitcode < 0 and 2 not in codes:
        name = signal.Signals(-first.exitcode).name
        hint = '; is there enough memory?' if name == 'SIGKILL' else ''
        fail(f'process {rank} was ended by {name}{hint}', 128 - first.exitcode)
    sys.exit(2 if 2 in codes else first.exitcode)


if __name__ == '__main__':
    print(__doc__) if sys.argv[1:] in (['-h'], ['--help']) else launch(*sys.argv[1:])
