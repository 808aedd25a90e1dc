"""Runs all checks and benchmarks that need a GPU and writes one JSON file: ``python tools/benchmarks/gpu.py``.

It takes less than eight minutes: each part has its seconds, and one that has not ended by then is stopped, which is no
failure; the results that it had printed are kept. The file is written anew after each part; it has the machine, the
versions, and of each part its seconds, whether it went well, and what it found.
"""

import argparse
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from report import setting

from ktg_mm.apis import one_line_errors
from ktg_mm.apis.arguments import Parser
from ktg_mm.errors import UserError
from ktg_mm.files import whole_file

REPOSITORY = Path(__file__).resolve().parents[2]
GRAPHS = ('--graphs', 'mixed', 'attention', 'fixmatch', 'mean_teacher', 'small')


class Part(NamedTuple):
    """A command, Python's arguments in the repository, and the longest that it may take."""

    arguments: Sequence[str]
    seconds: float


def benchmark(name: str, *arguments: str, seconds: float) -> Part:
    """One of this folder."""
    return Part((f'tools/benchmarks/{name}.py', *arguments, '--json'), seconds)


_SEARCH = ('--trials', '8', '--epochs', '4', '--workers', '1', '--no-pruning')
PARTS: dict[str, Part] = dict(
    checks=Part(('-m', 'pytest', '-q', '-m', 'gpu', '-p', 'no:cacheprovider', '--tb=short', 'tests/gpu'), 120),
    steps=benchmark('step', *GRAPHS, '--iterations', '20', seconds=50),
    captured_steps=benchmark('step', *GRAPHS, '--iterations', '20', '--capture', 'streams', seconds=40),
    switches=benchmark(
        'step', *GRAPHS[:3], '--iterations', '12', '--modes', 'captured', 'streams_batched', 'streams_amp', 'batched',
        'amp', seconds=50,
    ),
    dogs=benchmark('step', '--graphs', 'dogs', '--iterations', '8', '--modes', 'captured', 'streams_amp', seconds=30),
    compiled=benchmark('step', '--graphs', 'small', '--iterations', '10', '--modes', 'compiled', seconds=40),
    data=benchmark('data', '--data', 'cifar10', 'cifar10_semi', '--images', '2000', '--repeats', '2', seconds=15),
    stacks=benchmark('stack', '--graphs', '1', '8', '32', '--iterations', '8', seconds=25),
    startup=benchmark('startup', '--repeats', '1', '--trials', '2', seconds=20),
    search=benchmark('search', *_SEARCH, seconds=35),
    captured_search=benchmark(
        'search', *_SEARCH, '--trials-per-worker', '1', '8', '--with', 'configs/_base_/data_in_memory.py',
        '--cfg-options', 'env_cfg.capture=auto', seconds=45,
    ),
)  # fmt: skip


@one_line_errors
def main() -> None:
    """Runs the parts and ends with status 1 if one went wrong; one that took too long did not."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', default='gpu.json', metavar='FILE', help='the file to write; default: gpu.json')
    parser.add_argument('--parts', nargs='+', choices=list(PARTS), default=list(PARTS), help='default: all')
    parser.add_argument('--seconds', type=float, default=470.0, help='for all parts together; default: 470')
    args = parser.parse_args()
    import torch

    if not torch.cuda.is_available():
        raise UserError('tools/benchmarks/gpu.py: there is no GPU that PyTorch can use; run it on a machine with one')
    given = setting() | dict(gpus=torch.cuda.device_count(), time=time.strftime('%Y-%m-%d %H:%M:%S'))
    results = run_parts({name: PARTS[name] for name in args.parts}, args.seconds, Path(args.out), given)
    for name, result in results.items():
        print(f'{name}: {result["status"]}, {result["seconds"]} s')
    if any(result['status'] == 'failed' for result in results.values()):
        sys.exit(1)


def run_parts(
    parts: Mapping[str, Part], seconds: float, out: Path, setting: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Runs commands one after the other.

    Args:
        parts: The commands by name.
        seconds: How long all may take together.
        out: The file to write after each.
        setting: What else is to stand in it.

    Returns:
        Of each part its ``seconds``, its ``status`` (``'ok'``, ``'failed'``, ``'stopped'``), its ``result``: the JSON
        that it printed, or the numbers of tests, and the end of what it said if it did not go well.
    """
    end = time.monotonic() + seconds
    results: dict[str, dict[str, Any]] = {}
    for name, part in parts.items():
        results[name] = _run(part, min(part.seconds, end - time.monotonic()))
        with whole_file(out) as file:
            file.write_text(json.dumps(dict(setting=setting, parts=results), indent=2) + '\n')
    return results


def _run(part: Part, seconds: float) -> dict[str, Any]:
    if seconds <= 0:
        return dict(status='stopped', seconds=0.0, said='no time was left')
    environment = {**os.environ, 'KTG_MM_SHOW_GPUS': '1'}
    environment['PYTHONPATH'] = os.pathsep.join(filter(None, (str(REPOSITORY), environment.get('PYTHONPATH'))))
    start = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, *part.arguments],
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    stopped = False
    try:
        output, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        stopped = True
        os.killpg(process.pid, signal.SIGKILL)  # with all that it has started
        output, errors = process.communicate()
    status = 'stopped' if stopped else 'failed' if process.returncode else 'ok'
    found = dict(status=status, seconds=round(time.monotonic() - start, 1), result=_result(output))
    return found if status == 'ok' else found | dict(said=(output[-3000:] + errors[-3000:]).strip())


def _result(output: str) -> dict[str, Any]:
    """The lines of JSON that a part printed, all in one; else the numbers of tests in pytest's last line, by kind."""
    result: dict[str, Any] = {}
    lines = output.strip().splitlines()
    for line in lines:
        with contextlib.suppress(ValueError):
            result |= json.loads(line) if line.startswith('{') else {}
    if result or not lines:
        return result
    return {kind: int(number) for number, kind in re.findall(r'(\d+) (passed|failed|skipped|errors?)\b', lines[-1])}


if __name__ == '__main__':
    main()
