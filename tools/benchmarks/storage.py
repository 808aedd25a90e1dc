"""Measures what a search asks of its storage, without any training: ``python tools/benchmarks/storage.py``.

``reports``: a study of many trials that have ended and of 90 that are running, to which scores are reported at rungs,
by the clock, in the process's own time and in the server's; ``optuna`` is the same by Optuna's own ``report`` and
``should_prune``.

``search``: real workers, each a process, that sleep instead of training: trials a second, the time of all processes on
the CPU, and the lines that they print. ``--kills`` kills workers at random moments and starts others, and it is looked
whether every graph has one end. A graph that is lost or trained twice ends the command with an AssertionError.

Without ``--storage`` a PostgreSQL server is started for the while. ``--against`` measures another checkout of the
project, say the version before, in turn on the same studies.
"""

import argparse
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

from postgresql import Server, started_postgresql
from report import Report, add_json

from ktg_mm.apis import one_line_errors
from ktg_mm.apis.arguments import Parser, whole_number
from ktg_mm.errors import UserError

REPOSITORY = Path(__file__).parents[2]
FIRST_STEP = 4  # the rung that the running trials come to next


@one_line_errors
def main() -> None:
    """Measures and prints a table."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--parts', nargs='+', choices=('reports', 'search'), default=['reports', 'search'])
    parser.add_argument('--storage', metavar='URL', help='default: a PostgreSQL server that is started')
    parser.add_argument('--against', metavar='FOLDER', help='another checkout, measured in turn')
    parser.add_argument('--repeats', type=whole_number(1), default=3, help='rounds; default: 3')
    parser.add_argument(
        '--ended',
        type=whole_number(0),
        nargs='+',
        default=[10, 100, 1000, 5000],
        help='trials of the study that have ended; default: 10 100 1000 5000',
    )
    parser.add_argument('--running', type=whole_number(3), default=90, help='trials under way; default: 90')
    parser.add_argument('--workers', type=whole_number(1), default=40, help='of the search; default: 40')
    parser.add_argument('--trials', type=whole_number(1), default=200, help='of the search; default: 200')
    parser.add_argument('--milliseconds', type=whole_number(0), default=200, help='of a whole training; default: 200')
    parser.add_argument('--kills', type=whole_number(0), default=0, help='workers to kill; default: 0')
    parser.add_argument('--heartbeat', type=whole_number(1), default=30, help='search.heartbeat; default: 30')
    add_json(parser)
    args = parser.parse_args()
    if args.against and not Path(args.against, 'ktg_mm').is_dir():
        raise UserError(f'--against {args.against}: must be a checkout of the project, and has no ktg_mm')
    codes = {'': REPOSITORY} | ({'against': Path(args.against)} if args.against else {})
    with Report(args, 'what') as report, _server(args.storage) as server:
        for part in args.parts:
            if part == 'reports':
                reports(args, server, codes, report)
            else:
                searches(args, server, codes, report)


@contextlib.contextmanager
def _server(storage: str | None) -> Iterator[Server]:
    if storage:
        yield Server(storage, 0)
    else:
        with started_postgresql() as server:
            yield server


def reports(args: argparse.Namespace, server: Server, codes: dict[str, Path], report: Report) -> None:
    """Milliseconds of a report to studies that grow; medians, and the mean of the server."""
    place = dict(storage=server.storage, study=f'reports-{uuid.uuid4()}')
    ways = [*((name, code, False) for name, code in codes.items()), ('optuna', REPOSITORY, True)]
    step = FIRST_STEP
    with contextlib.ExitStack() as stack:
        asked = {name: stack.enter_context(_asked(code, 'storage_reports')) for name, code, _ in ways}
        for ended in sorted(args.ended):
            running = asked['']('fill', dict(place, ended=ended, running=args.running))
            taken: dict[str, list[dict[str, Any]]] = {name: [] for name, *_ in ways}
            for _ in range(args.repeats):
                for i, (name, _, own) in enumerate(ways):
                    arguments = dict(place, trials=running[i :: len(ways)], step=step, own=own, server=server.pid)
                    taken[name].append(asked[name]('time_reports', arguments))
                step *= 2
            report.add(f'report, {ended:,} ended, {args.running} running', **_medians(taken, bool(server.pid)))


def _medians(taken: dict[str, list[dict[str, Any]]], with_server: bool) -> dict[str, Any]:
    """Milliseconds of each way to report: the medians of all its reports, and the mean of the server's time."""
    shown: dict[str, Any] = {}
    for name, found in taken.items():
        times = {of: [second for one in found for second in one[of]] for of in ('clock', 'cpu')}
        numbers = dict(ms=median(times['clock']), ms_on_CPU=median(times['cpu']))
        if with_server:
            numbers['server_ms'] = sum(one['server'] for one in found) / len(times['cpu'])
        shown.setdefault('reports', len(times['cpu']))
        shown |= {f'{name} {of}'.strip(): round(1000 * seconds, 1) for of, seconds in numbers.items()}
    return shown


def searches(args: argparse.Namespace, server: Server, codes: dict[str, Path], report: Report) -> None:
    """Trials a second of searches, one after the other."""
    for number in range(args.repeats):
        for name, code in codes.items():
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            with tempfile.TemporaryDirectory(prefix='ktg_mm_storage_') as folder:
                given = dict(
                    storage=server.storage,
                    study=f'search-{uuid.uuid4()}',
                    folder=folder,
                    seconds=args.milliseconds / 1000,
                )
                given |= {key: getattr(args, key) for key in ('workers', 'trials', 'kills', 'heartbeat')}
                with _asked(code, 'storage_search') as ask:
                    found = ask('search', given)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            seconds = found.pop('seconds')
            report.add(
                f'search {number + 1}{", against" * bool(name)}',
                trials_a_second=round(args.trials / seconds, 2),
                seconds=round(seconds, 1),
                CPU_seconds=round(cpu, 1),
                **found,
            )


@contextlib.contextmanager
def _asked(code: Path, module: str) -> Iterator[Callable[[str, dict[str, Any]], Any]]:
    """What asks a module beside this one, in a process of its own with the project of a checkout."""
    command = [sys.executable, '-c', f'import {module}; {module}.answer()']
    places = [str(code.resolve()), str(Path(__file__).parent), *filter(None, [os.environ.get('PYTHONPATH')])]
    env = dict(os.environ, PYTHONPATH=os.pathsep.join(places), OMP_NUM_THREADS='1', MKL_NUM_THREADS='1')
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=env, stdin=pipe, stdout=pipe, text=True) as process:
        writes, reads = process.stdin, process.stdout
        assert writes is not None and reads is not None

        def ask(what: str, arguments: dict[str, Any]) -> Any:
            print(json.dumps([what, arguments]), file=writes, flush=True)
            if not (answer := reads.readline()):
                raise UserError(f'{module}.py with the project of {code} has ended, see above')
            return json.loads(answer)

        yield ask


if __name__ == '__main__':
    main()
