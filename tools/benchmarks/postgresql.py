"""A PostgreSQL server for a while, out of what is installed."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ktg_mm.errors import UserError


@dataclass(frozen=True)
class Server:
    """One that runs.

    Args:
        storage: Its address, as ``--storage`` has it.
        pid: Of its first process, the parent of those that answer.
    """

    storage: str
    pid: int

    def cpu_seconds(self) -> float:
        """The time on the CPU of the processes that answer, those alone that still do; Linux."""
        ticks = 0
        for path in Path('/proc').glob('[0-9]*/stat'):
            with contextlib.suppress(OSError):  # it has just ended
                fields = path.read_text().rpartition(')')[2].split()
                ticks += sum(map(int, fields[11:13])) if int(fields[1]) == self.pid else 0
        return ticks / os.sysconf('SC_CLK_TCK')


@contextlib.contextmanager
def started_postgresql(fsync: bool = True, connections: int = 500) -> Iterator[Server]:
    """A server of Debian's package postgresql.

    Args:
        fsync: Whether it waits for the disk. Defaults to True.
        connections: How many it takes; a worker of a search holds two. Defaults to 500.

    Raises:
        UserError: If PostgreSQL or psycopg2 is not installed.
    """
    try:
        import psycopg2  # noqa: F401
    except ImportError:
        raise UserError('psycopg2 is not installed; pip install psycopg2-binary') from None
    on_path = shutil.which('initdb')
    found = [Path(on_path).resolve().parent] if on_path else sorted(Path('/usr/lib/postgresql').glob('*/bin'))
    if not found:
        raise UserError('the package postgresql is not installed; install it, or give --storage')
    user: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix='ktg_mm_postgresql_') as folder:
        if os.geteuid() == 0:  # the server refuses to run as root
            user = dict(user='postgres', group='postgres', extra_groups=[])
            shutil.chown(folder, 'postgres', 'postgres')

        def run(program: str, *arguments: str) -> None:
            command = [f'{found[-1]}/{program}', '-D', f'{folder}/data', *arguments]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder, **user)

        run('initdb', '-U', 'ktg', '--auth=trust', '--no-sync')
        options = (
            f"-k {folder} -c listen_addresses='' -c max_connections={connections} -c fsync={'on' if fsync else 'off'}"
        )
        run('pg_ctl', '-w', '-o', options, '-l', f'{folder}/log', 'start')
        try:
            pid = int(subprocess.check_output(['head', '-1', f'{folder}/data/postmaster.pid'], **user))
            yield Server(f'postgresql+psycopg2://ktg:no-secret@/postgres?host={folder}', pid)
        finally:
            run('pg_ctl', '-m', 'immediate', 'stop')
