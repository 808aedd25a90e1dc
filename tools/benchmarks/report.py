"""What the benchmarks share: their clock, what they say of the machine, and how they print."""

import argparse
import json
import os
import platform
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any


def add_process_time(parser: argparse.ArgumentParser) -> None:
    """Adds ``--process-time``, of which :func:`clock` makes the clock."""
    parser.add_argument(
        '--process-time',
        action='store_true',
        help="measure each process's own time on the CPU, of which other processes on a busy machine take none",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """Adds ``--json``, see :class:`Report`."""
    parser.add_argument(
        '--json', action='store_true', help='print a line of JSON for each result, once it is there, not a table'
    )


def clock(args: argparse.Namespace) -> Callable[[], float]:
    """What tells the seconds."""
    return time.process_time if args.process_time else time.perf_counter


def seconds_of(step: Callable[[], Any], clock: Callable[[], float]) -> float:
    """Duration of a step, the device's work included."""
    _wait()
    start = clock()
    step()
    _wait()
    return clock() - start


def _wait() -> None:
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()


def setting() -> dict[str, Any]:
    """The machine, and the versions of what the time depends on."""
    import torch

    gpu = dict(gpu=torch.cuda.get_device_name(), cuda=torch.version.cuda) if torch.cuda.is_available() else {}
    return dict(
        **gpu,
        cpu=_cpu(),
        cores=os.cpu_count(),
        threads=torch.get_num_threads(),
        python=platform.python_version(),
        **{name: version(name) for name in ('torch', 'mmengine', 'numpy')},
    )


def _cpu() -> str:
    try:
        lines = Path('/proc/cpuinfo').read_text().splitlines()
    except OSError:  # not Linux
        lines = []
    names = [line.partition(':')[2].strip() for line in lines if line.startswith('model name')]
    return names[0] if names else platform.processor() or platform.machine()


class Report:
    """Prints results: a table at the end, or with ``--json`` a line of JSON for each as soon as it is there.

    Args:
        args: Of the command, with all of which the JSON begins.
        what: The table's first column, what the results' names are.

    Example:
        >>> with Report(argparse.Namespace(json=False), 'graph') as report:
        ...     report.add('mixed', seconds=0.25, interval=[0.2, 0.3])  # doctest: +ELLIPSIS
        | graph | seconds | interval   |
        |-------|---------|------------|
        | mixed |    0.25 | 0.2 to 0.3 |
        ...
    """

    def __init__(self, args: argparse.Namespace, what: str) -> None:
        self._args, self._what = args, what
        self._rows: list[dict[str, str]] = []

    def __enter__(self) -> 'Report':
        """Prints what was asked for, and the machine, as JSON."""
        if self._args.json:
            given = {name: value for name, value in vars(self._args).items() if name != 'json'}
            print(json.dumps(dict(setting=given | setting())), flush=True)
        return self

    def add(self, name: str, **result: Any) -> None:
        """Adds a result.

        Args:
            name: Its name.
            result: Its numbers, such as ``seconds=0.25``, lists of two for intervals; the same for all.
        """
        if self._args.json:
            print(json.dumps({name: result}), flush=True)
        row = {key.replace('_', ' '): _text(value) for key, value in result.items()}
        self._rows.append({self._what: name} | row)

    def __exit__(self, kind: type[BaseException] | None, *error: Any) -> None:
        """Prints the table, and the machine."""
        from ktg_mm.text_table import text_table

        if self._rows and not self._args.json:
            print(text_table(_alike(self._rows)))
            print(', '.join(f'{key} {value}' for key, value in setting().items()))


def _text(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ' to '.join(map(_text, value))
    return f'{value:,}' if isinstance(value, (int, float)) else str(value)


def _alike(rows: list[dict[str, str]]) -> list[Mapping[str, str]]:
    """The rows with all columns of any."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    return [{column: row.get(column, '') for column in columns} for row in rows]
