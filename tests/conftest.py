"""Fixtures for all tests."""

import gc
import importlib
import importlib.util
import inspect
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

# Before torch is imported: beside other busy processes, two threads make small networks tens of times slower.
os.environ.update({f'{library}_NUM_THREADS': '1' for library in ('OMP', 'MKL', 'OPENBLAS')})
# What is tested holds on a CPU, to the bit; tests/gpu runs what needs a GPU in a process that sees it.
os.environ.setdefault('KTG_MM_GPUS', os.environ.get('CUDA_VISIBLE_DEVICES', '0,1,2,3,4,5,6,7'))  # those there are
os.environ['CUDA_VISIBLE_DEVICES'] = os.environ['KTG_MM_GPUS'] if 'KTG_MM_SHOW_GPUS' in os.environ else ''

import pytest
import quick_configs
import torch
from mmengine.registry import DefaultScope


def pytest_configure(config: pytest.Config) -> None:
    """Puts what tests write into memory, where there is room: so many small files take a disk minutes."""
    quick_configs.read_once()
    if 'TMPDIR' in os.environ or hasattr(config, 'workerinput'):  # chosen by the user, or by the first process
        return
    memory, needed = Path('/dev/shm'), 8 * 1024**3  # bytes; four times what the tests take
    if os.access(memory, os.W_OK) and min(shutil.disk_usage(memory).free, _available_memory()) >= needed:
        folder = tempfile.mkdtemp(prefix='ktg_mm_tests_', dir=memory)
        os.chmod(folder, 0o755)  # a server of another user has its files in it
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
        os.environ['TMPDIR'], tempfile.tempdir = folder, None


def _available_memory() -> int:
    """Bytes of memory that are not in use, as far as Linux says; 0 elsewhere."""
    lines = Path('/proc/meminfo').read_text().splitlines() if Path('/proc/meminfo').exists() else []
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith('MemAvailable:'))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Gives ``-n auto``: a process for each core, but no more than the longest files leave something to do for."""
    return min(len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1, 8)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Gives whole files to the processes, whose tests share what they have trained, the longest first."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            """Pages of the documentation have nothing in common."""
            return nodeid if 'test_documented_' in nodeid else super()._split_scope(nodeid)

    config.option.loadscopereorder = False  # by the number of tests
    return Scheduling(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Puts the tests of the tools, which take as long as all others, before them; leaves out the long ones."""
    if 'long' not in config.option.markexpr:
        items[:] = [item for item in items if 'long' not in item.keywords]
    items.sort(key=lambda item: 'integration' not in item.path.parts)


def pytest_collection_finish() -> None:
    """Takes all that is imported by now out of garbage collection, which comes when Python wants it alone.

    mmengine collects with every data set, and this project with every run of a search, among all that thousands of
    tests have left: half of the time of those that train.
    """
    gc.freeze()
    for module in ('mmengine.dataset.base_dataset', 'ktg_mm.apis.close_runner'):
        importlib.import_module(module).gc = SimpleNamespace(collect=lambda: 0)


@pytest.fixture(scope='session')
def gpus() -> int:
    """Number of GPUs that the tests may use, though this process does not see them."""
    if not (shutil.which('nvidia-smi') or Path('/dev/nvidiactl').exists()):
        return 0  # without a process of its own to ask torch
    environment = {**os.environ, 'CUDA_VISIBLE_DEVICES': os.environ['KTG_MM_GPUS']}
    command = [sys.executable, '-c', 'import torch; print(torch.cuda.device_count())']
    return int(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)


@pytest.fixture(scope='session')
def miniatures() -> ModuleType:
    """The module tests/miniatures.py: writers of small data sets in the official layouts."""
    spec = importlib.util.spec_from_file_location('miniatures', Path(__file__).with_name('miniatures.py'))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def mmpretrain_scope() -> Iterator[None]:
    """Builds from configs as a run does, with ``default_scope = 'mmpretrain'``."""
    import ktg_mm.datasets  # noqa: F401  registers

    with DefaultScope.overwrite_default_scope('mmpretrain'):
        yield


@pytest.fixture(scope='session')
def two_processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., list[Any]]]:
    """Runs a test module's ``function(rank, world_size)`` in two processes that speak gloo; returns what both return.

    The processes are the same for all tests of a session.
    """
    folder = tmp_path_factory.mktemp('two_processes')
    command = [sys.executable, Path(__file__).with_name('two_processes.py'), folder]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as pair:

        def run(function: Callable[[int, int], Any]) -> list[Any]:
            pair.stdin.write(f'{json.dumps([inspect.getfile(function), function.__name__])}\n'.encode())
            answers = []
            while len(answers) < 2:
                if not select.select([pair.stdout], [], [], 200)[0]:  # one of them has died, or both wait
                    pair.kill()
                answers.append(json.loads(pair.stdout.readline()))
            assert answers in ([[0, ''], [1, '']], [[1, ''], [0, '']]), '\n'.join(error for _, error in answers)
            return [torch.load(folder / f'{rank}.pth', weights_only=True) for rank in range(2)]

        yield run
        pair.stdin.close()
