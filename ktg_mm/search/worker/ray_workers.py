"""Workers of a search as tasks of a Ray cluster; Ray finds them a place, and starts again those that it loses."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ktg_mm.command import main as ktg
from ktg_mm.errors import UserError, first_line, one_line
from ktg_mm.search.study.arguments import VARIABLE

SECRETS = (VARIABLE, 'PGPASSWORD')  # told to the workers, whose machines need not have them
INTERRUPTED, LOST = 130, -1  # how a worker may end, beside 0 and 2
_SECONDS = 5.0  # for a port to answer
_STARTUP = 60.0  # for Ray's own look at the cluster, with the import of Ray
_PARTING = 60.0  # for workers to leave their trials


@dataclass
class RayWorkers:
    """The workers of a search on a Ray cluster, each a task of one process.

    A task waits until a machine has room for it, so machines that join take more of them. One whose process or machine
    is lost begins again elsewhere, and so does one that was asked to end by its machine; the study gives its trial to
    whoever is next.

    Args:
        words: The command line of ``tools/search.py``.
        folder: Where the workers write their logs, ``ray_<job>_worker_<number>.log``.
        count: Number of workers.
        cpus: What each takes of a machine's cores, as Ray counts them.
        gpus: Likewise of its GPUs: 0.25 puts four on one.
        restarts: How often each may be started again.

    Example:
        >>> RayWorkers(['a.py'], Path('work_dirs/a'), count=4, gpus=0.25).restarts
        100
    """

    words: list[str]
    folder: Path
    count: int
    cpus: float = 1
    gpus: float = 0
    restarts: int = 100

    def run(self) -> int:
        """Starts them and waits for their ends, showing the first one's output; Ray must be connected.

        Returns:
            0, or the status of a worker that failed.

        Raises:
            UserError: If a worker cannot be run, or all were lost too often.
            KeyboardInterrupt: If it came; the workers have left their trials then, to be continued.
        """
        import ray

        options: dict[str, Any] = dict(num_cpus=self.cpus, num_gpus=self.gpus, max_retries=self.restarts, max_calls=1)
        task = ray.remote(**options)(work)
        secrets = {name: os.environ[name] for name in SECRETS if name in os.environ}
        job = ray.get_runtime_context().get_job_id()
        logs = [(self.folder / f'ray_{job}_worker_{number}.log').absolute() for number in range(self.count)]

        def start(number: int) -> Any:
            return task.remote(self.words, os.getcwd(), str(logs[number]), secrets)

        running = {start(number): number for number in range(self.count)}
        again, ends, shown = [self.restarts] * self.count, dict[int, int](), _Shown(logs[0])
        try:
            while running:
                for ref in ray.wait(list(running), timeout=1)[0]:
                    number = running.pop(ref)
                    status = _status(ref, number)
                    if status == INTERRUPTED and again[number]:  # by its machine, which is about to go
                        again[number] -= 1
                        running[start(number)] = number
                    else:
                        ends[number] = status
                shown.more()
        except BaseException:
            _part(running)
            raise
        failed = [(number, status) for number, status in sorted(ends.items()) if status > 0]
        if not failed and 0 not in ends.values():
            raise UserError(f'--restarts {self.restarts}: every worker has been lost more often than that')
        if not failed:
            return 0
        number, status = failed[0]
        if number:  # what the first has to say has been shown
            print(f'error: {logs[number]}: {_last_line(logs[number])}', file=sys.stderr)
        return status


def connect(address: str, gpus: float = 0) -> None:
    """Connects to a Ray cluster, after a look whether it is there: Ray itself would try for minutes.

    Args:
        address: ``'auto'`` for the one that this machine is part of, ``HOST:PORT``, or ``'local'`` for one of its own.
        gpus: What a worker takes; if there is none now, a line says that the workers wait for one. Defaults to 0.

    Raises:
        UserError: If Ray is not installed, or no cluster answers.
    """
    try:
        import ray
    except ImportError as error:
        hint = "pip install 'ktg_mm[ray]', here and on the machines of the cluster"
        raise UserError(f'--address {address}: Ray is not installed; {hint}') from error
    options: dict[str, Any] = {}
    if address == 'local':
        options = dict(include_dashboard=False)
        os.environ.setdefault('RAY_USAGE_STATS_ENABLED', '0')  # which would be sent to Ray's makers
    else:
        _look(address)
    try:
        ray.init(address=address, logging_level=logging.ERROR, log_to_driver=False, **options)
    except Exception as error:  # Ray raises plain ones, such as of a machine that is too slow
        raise UserError(f'--address {address}: cannot be reached: {one_line(error)}') from error
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # Ray's would end this process at once
    if gpus and not ray.cluster_resources().get('GPU'):
        print(
            f'warning: --gpus-per-worker {gpus:g}: no machine of the cluster has a GPU, and the workers wait for one; '
            'give 0 to train on CPUs',
            file=sys.stderr,
        )


def work(words: list[str], folder: str, log: str, secrets: dict[str, str]) -> int | str:
    """One worker of a search, in this process, which Ray ends after it.

    Args:
        words: The command line of ``tools/search.py``.
        folder: The working folder.
        log: The file that what it says is added to.
        secrets: Variables of the environment.

    Returns:
        Its status, or why it could not begin.
    """
    try:
        os.chdir(folder)
        Path(log).parent.mkdir(parents=True, exist_ok=True)
        file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    except OSError as error:
        return f'{socket.gethostname()}: {error.strerror}: {error.filename}; all machines must see the same folders'
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.environ.update(secrets)
    sys.argv = ['ktg', 'search', *words]
    try:
        ktg()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


class _Shown:
    """Prints the lines that are added to a log, errors as such."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.place = path.stat().st_size if path.exists() else 0  # what another cluster's worker has written

    def more(self) -> None:
        """Prints what has come since."""
        with suppress(OSError), self.path.open('rb') as file:
            file.seek(self.place)
            text = file.read()
            whole = text[: text.rfind(b'\n') + 1]
            self.place += len(whole)
            for line in whole.decode(errors='replace').splitlines():
                print(line, file=sys.stderr if line.startswith('error: ') else sys.stdout, flush=True)


def _look(address: str) -> None:
    """Refuses an address at which no cluster answers."""
    named, place = f'--address {address}', address
    if address == 'auto' and (place := os.environ.get('RAY_ADDRESS', '')):
        named = f'--address auto, RAY_ADDRESS {place}'
    host, colon, port = place.rpartition(':')
    if colon and port.isdigit():
        try:
            socket.create_connection((host.strip('[]'), int(port)), _SECONDS).close()
        except (OSError, OverflowError) as error:
            raise UserError(f'{named}: cannot be reached: {getattr(error, "strerror", "") or error}') from error
    where = [] if address == 'auto' else ['--address', address]
    command = [sys.executable, '-m', 'ray.scripts.scripts', 'health-check', *where]
    try:
        subprocess.run(command, timeout=_STARTUP, check=True, stdin=subprocess.DEVNULL, capture_output=True)
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
        hint = 'is it the port of ray start --head?' if place else 'start one with: ray start --head'
        raise UserError(f'{named}: no Ray cluster answers; {hint}') from error


def _status(ref: Any, number: int) -> int:
    """The status that a worker has ended with; that it was lost too often a line says, as the others go on."""
    import ray

    try:
        status = ray.get(ref)
    except ray.exceptions.RayTaskError as error:  # of ours, such as a machine without this package
        raise UserError(f'worker {number}: {one_line(str(error).strip().splitlines()[-1])}') from error
    except ray.exceptions.RayError as error:
        print(f'warning: worker {number}: Ray has given it up: {first_line(error)}', file=sys.stderr, flush=True)
        return LOST
    if isinstance(status, str):
        raise UserError(f'worker {number}: {status}')
    return status


def _part(running: dict[Any, int]) -> None:
    """Asks workers to end as Ctrl-C does, and waits until they have left their trials."""
    import ray

    for ref in running:
        ray.cancel(ref)
    until = time.monotonic() + _PARTING
    while running and time.monotonic() < until:
        for ref in ray.wait(list(running), timeout=1)[0]:
            del running[ref]


def _last_line(path: Path) -> str:
    """The last line of a log, '' if there is none."""
    with suppress(OSError):
        return path.read_text(errors='replace').strip().rpartition('\n')[2]
    return ''
