"""Runs the tools on mistakes, and counts by part what is refused as it should be.

    python tests/bad_input/run.py              # all parts; some minutes on two cores
    python tests/bad_input/run.py loaders top  # some

Each mistake must end its tool with status 2 and one line on stderr that names the key, before any data are read, unless
data alone can show it. ``cases/PART.py`` has a list ``CASES`` of dicts with these entries:

- ``says``: what the line must contain: the key.
- ``options``: settings for ``--cfg-options``.
- ``config``: lines of the config file, which inherits ``base`` (default: the digits' ensemble, for one epoch of 64
  images, should it be trained); ``whole=True``: all of its lines.
- ``tool``: ``'train'`` (the default), ``'test'``, ``'analysis/subsets'``, ...
- ``args``: its arguments, instead of ``{config} --work-dir {folder}/work``; ``{config}`` is its file, ``{folder}``
  a new folder, the working folder too.
- ``setup``: a function of the folder that prepares it.
- ``environ``: variables of the environment.
- ``data``: True if data alone can show it.
"""

import argparse
import collections
import concurrent.futures
import importlib.util
import multiprocessing
import os
import runpy
import shlex
import signal
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
DIGITS = 'configs/ktg/ens_3node_digits.py'
SHORT = """
train_cfg = dict(max_epochs=1)
param_scheduler = dict(end=1)
train_dataloader = dict(dataset=dict(indices=64))
"""
SECONDS = 120


class Outcome(NamedTuple):
    """How a case ended: what was wrong, '' if nothing; its command; what was said on stderr."""

    problem: str
    command: str
    said: str


def read_cases(part: str) -> list[dict[str, Any]]:
    """The mistakes of a part."""
    path = Path(__file__).with_name('cases') / f'{part}.py'
    spec = importlib.util.spec_from_file_location(f'bad_input_{part}', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.CASES


def run_case(part: str, number: int) -> Outcome:
    """Runs a case in a process of its own, a copy of this one."""
    case = read_cases(part)[number]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        argv = _prepare(case, folder)
        child = os.fork()
        if not child:
            _be_the_tool(case, folder, argv)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        said = (folder / '.stderr').read_text(errors='replace').strip()
        return Outcome(_problem(case, folder, status, said), shlex.join(argv), said)


def _prepare(case: dict[str, Any], folder: Path) -> list[str]:
    base = ROOT / case.get('base', DIGITS)
    if case.get('base', DIGITS) == DIGITS:
        (folder / 'short.py').write_text(f'_base_ = {str(base)!r}\n{SHORT}')
        base = folder / 'short.py'
    config = folder / 'config.py'
    lines = case.get('config', '')
    config.write_text(lines if case.get('whole') else f'_base_ = {str(base)!r}\n{lines}\n')
    if 'setup' in case:
        case['setup'](folder)
    args = case.get('args', ['{config}', '--work-dir', '{folder}/work'])
    args = [arg.replace('{config}', str(config)).replace('{folder}', str(folder)) for arg in args]
    options = ['--cfg-options', *case['options']] if 'options' in case else []
    return [f'{case.get("tool", "train")}.py', *args, *options]


def _be_the_tool(case: dict[str, Any], folder: Path, argv: list[str]) -> None:
    """Becomes the tool; never returns."""
    status = 1
    try:
        signal.alarm(SECONDS)
        os.chdir(folder)
        os.environ.update(case.get('environ', {}))
        for name, descriptor in (('stdout', 1), ('stderr', 2)):
            os.dup2(os.open(folder / f'.{name}', os.O_WRONLY | os.O_CREAT), descriptor)
        _watch_data(folder / '.data')
        tool = ROOT / 'tools' / argv[0]
        sys.argv = [str(tool), *argv[1:]]
        sys.path.insert(0, str(tool.parent))
        runpy.run_path(str(tool), run_name='__main__')
        status = 0
    except SystemExit as error:
        if error.code is not None and not isinstance(error.code, int):
            print(error.code, file=sys.stderr)
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _watch_data(mark: Path) -> None:
    """Leaves a mark when data are read."""
    from mmengine.dataset import BaseDataset

    read = BaseDataset.full_init

    def full_init(self: BaseDataset) -> None:
        if not self._fully_initialized:
            mark.touch()
        read(self)

    BaseDataset.full_init = full_init


def _problem(case: dict[str, Any], folder: Path, status: int, said: str) -> str:
    lines = said.splitlines()
    last = lines[-1][:300] if lines else ''
    if status != 2:
        return f'status {status}: {last}'
    if len(lines) != 1:
        return f'{len(lines)} lines: {last}'
    if case['says'] not in said:
        return f'does not say {case["says"]!r}: {last}'
    if (folder / '.data').exists() and not case.get('data'):
        return f'data were read: {last}'
    return ''


def main() -> int:
    """Runs the parts and prints the table."""
    known = sorted(path.stem for path in (ROOT / 'tests/bad_input/cases').glob('[!_]*.py'))
    parser = argparse.ArgumentParser(description='Runs the tools on mistakes.')
    parser.add_argument('parts', nargs='*', metavar='PART', help=f'of {", ".join(known)}; default: all')
    parser.add_argument('--processes', type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument('--messages', action='store_true', help='print what is said in each case, too')
    args = parser.parse_args()
    os.environ.update({f'{library}_NUM_THREADS': '1' for library in ('OMP', 'MKL', 'OPENBLAS')})
    os.environ.setdefault('CUDA_VISIBLE_DEVICES', '')
    sys.path.insert(0, str(ROOT))

    # Imported once, and not in each process.
    import sklearn.datasets  # noqa: F401
    import torch.utils.tensorboard  # noqa: F401

    import ktg_mm.analysis
    import ktg_mm.apis
    import ktg_mm.datasets
    import ktg_mm.engine
    import ktg_mm.evaluation
    import ktg_mm.models
    import ktg_mm.search
    import ktg_mm.visualization

    for package in (ktg_mm.analysis, ktg_mm.apis, ktg_mm.search):
        for name in package.__all__:  # what else is imported when it is asked for
            getattr(package, name)

    cases = [(part, number) for part in args.parts or known for number in range(len(read_cases(part)))]
    count, good = collections.Counter(part for part, _ in cases), collections.Counter()
    context = multiprocessing.get_context('fork')
    with concurrent.futures.ProcessPoolExecutor(args.processes, mp_context=context) as pool:
        for (part, number), outcome in zip(cases, pool.map(run_case, *zip(*cases, strict=True)), strict=True):
            good[part] += not outcome.problem
            if args.messages:
                print(f'{part}[{number}] {outcome.command}\n    {outcome.said}', flush=True)
            if outcome.problem:
                case = {key: value for key, value in read_cases(part)[number].items() if key != 'says'}
                print(f'{part}[{number}] {case}\n    {outcome.problem}', flush=True)
    print(f'{"part":<16}{"mistakes":>10}{"refused":>10}')
    for part in args.parts or known:
        print(f'{part:<16}{count[part]:>10}{good[part]:>10}')
    print(f'{"all":<16}{len(cases):>10}{sum(good.values()):>10}')
    return int(sum(good.values()) < len(cases))


if __name__ == '__main__':
    sys.exit(main())
