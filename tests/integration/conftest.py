"""Running the tools as a user does, in processes of their own."""

import contextlib
import json
import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch

REPOSITORY = Path(__file__).parents[2]
PLUGINS = Path(__file__).with_name('plugins')
# What a run finds modules by: this checkout, whichever one is installed, and what is written for these tests.
PYTHONPATH = os.pathsep.join(map(str, (REPOSITORY, PLUGINS)))

SEMI_SUPERVISED = """
_base_ = [
    '{configs}/_base_/datasets/digits.py',
    '{configs}/_base_/models/networks_small.py',
    '{configs}/_base_/schedules/sgd_1500it_semi.py',
    '{configs}/_base_/default_runtime_iterations.py',
]
flip = dict(type='RandomFlip', prob=0.5)
crop = dict(type='PadRandomCrop', crop_size=8, padding=1)
cutout = dict(type='Cutout', shape=4, pad_val=128, prob=1.0)
pipeline = [
    dict(type='SeedRandom'),
    dict(type='Views', weak=[flip, crop], strong=[flip, crop, cutout]),
    dict(type='PackViews'),
]
# 190 unlabelled samples, and fewer labels than a batch asks for.
train_dataloader = dict(
    batch_size=32,
    dataset=dict(
        _delete_=True,
        type='SemiSupervised',
        dataset=dict(type='Digits', indices=200),
        num_labels=10,
        pipeline=pipeline,
    ),
    sampler=dict(_delete_=True, type='SemiSupervisedSampler', labeled=12, unlabeled=20, infinite=True),
)
label = dict(loss=dict(type='CrossEntropy'), views=dict(target='weak'))
weak_to_strong = dict(loss=dict(type='PseudoLabel'), views=dict(source='weak', target='strong'), samples='unlabeled')
model = dict(
    type='KnowledgeTransferGraph',
    target='net1',
    nodes=dict(net1=dict(type='NetworkNode', network=_base_.resnet8)),
    edges={{
        'label->net1': label,
        'net1->net1': dict(gate=dict(type='ThresholdGate', threshold=0.3), **weak_to_strong),
    }},
)
"""


@dataclass
class Tools:
    """The project's tools; ``plugins/`` is on the path of what they run.

    Args:
        folder: Where they run, and where their output is kept.
        server: A process of ``warm_start.py``.
        python: A program that starts Python tools as that process does.
    """

    folder: Path
    server: subprocess.Popen
    python: Path
    repository: Path = REPOSITORY
    _outputs: dict[int, tuple[list[str], Path, Path]] = field(default_factory=dict)

    def _ask(self, request: dict) -> Any:
        assert self.server.stdin is not None and self.server.stdout is not None
        print(json.dumps(request), file=self.server.stdin, flush=True)
        return json.loads(self.server.stdout.readline())

    def start(self, tool: str, *args: object, **env: str) -> int:
        """Starts a Python tool and returns its process id; env adds to the environment.

        PRELOAD names a plugin to import first, for what the config is not to know of; LAY_OUT lays out configs.
        """
        argv = [str(REPOSITORY / 'tools' / tool), *map(str, args)]
        number = len(self._outputs)
        output, errors = self.folder / f'{number}.out', self.folder / f'{number}.err'
        env = {'PYTHONPATH': PYTHONPATH, **env}
        pid = self._ask(dict(argv=argv, cwd=str(self.folder), env=env, output=str(output), errors=str(errors)))
        self._outputs[pid] = argv, output, errors
        return pid

    def wait(self, pid: int) -> subprocess.CompletedProcess:
        """Waits for the end of a tool; a negative status is the signal that killed it."""
        return self._wait(pid)[0]

    def has_ended(self, pid: int) -> bool:
        """Whether a tool, for whose end nobody has waited yet, has ended."""
        return self._ask(dict(ended=pid))

    def _wait(self, *pids: int) -> list[subprocess.CompletedProcess]:
        ends = zip(self._ask(dict(wait=pids)), map(self._outputs.get, pids), strict=True)
        return [
            subprocess.CompletedProcess(argv, status, output.read_text(), errors.read_text())
            for status, (argv, output, errors) in ends
        ]

    def run(self, tool: str, *args: object, status: int = 0, **env: str) -> subprocess.CompletedProcess:
        """Runs a Python tool to its end, which must have the given status."""
        return expect(self.wait(self.start(tool, *args, **env)), status)

    def run_two(self, tool: str, *args: object, status: int | None = 0) -> list[subprocess.CompletedProcess]:
        """Runs a Python tool in two processes that work together, as ``torchrun`` starts them."""
        both = dict(WORLD_SIZE='2', LOCAL_WORLD_SIZE='2', MASTER_ADDR='127.0.0.1', MASTER_PORT=free_port())
        arguments = (*args, '--launcher', 'pytorch')
        pids = [self.start(tool, *arguments, RANK=str(i), LOCAL_RANK=str(i), **both) for i in range(2)]
        return [expect(process, status) for process in self._wait(*pids)]

    def run_cold(self, tool: str, *args: object, status: int | None = 0, **env: str) -> subprocess.CompletedProcess:
        """Runs a tool, Python or shell, to its end in a fresh interpreter."""
        process = self.start_cold(tool, *args, **env)
        output, errors = process.communicate()
        return expect(subprocess.CompletedProcess(process.args, process.returncode, output, errors), status)

    def start_cold(self, tool: str, *args: object, **env: str) -> subprocess.Popen:
        """Starts a tool, Python or shell, in a fresh interpreter."""
        path = REPOSITORY / 'tools' / tool
        command = [sys.executable if path.suffix == '.py' else 'bash', path, *args]
        environment = {
            **os.environ, 'PYTHON': sys.executable, 'PYTHONPATH': PYTHONPATH, 'PORT': free_port(), **env
        }  # fmt: skip
        pipes = dict(stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        return subprocess.Popen(command, cwd=self.folder, env=environment, **pipes)

    @property
    def warm(self) -> dict[str, str]:
        """What lets scripts and torchrun start tools as the server does: its interpreter has imported everything."""
        return dict(PYTHON=str(self.python), PYTHON_EXEC=str(self.python))


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return str(probe.getsockname()[1])


def expect(process: subprocess.CompletedProcess, status: int | None = 0) -> subprocess.CompletedProcess:
    tail = '\n'.join((process.stdout + process.stderr).splitlines()[-30:])
    assert status is None or process.returncode == status, f'{process.args} ended with {process.returncode}:\n{tail}'
    return process


@contextlib.contextmanager
def started_tools(folder: Path) -> Iterator[Tools]:
    """The tools, run in a folder by one warm interpreter."""
    path, python = folder / 'door', folder / 'python'
    stand_in = shlex.join([sys.executable, '-IS', str(Path(__file__).with_name('warm_python.py')), str(path)])
    python.write_text(f'#!/bin/sh\nexec {stand_in} "$@"\n')
    python.chmod(0o755)
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(path))
        door.listen()  # who comes before all is imported waits
        server = subprocess.Popen(
            [sys.executable, Path(__file__).with_name('warm_start.py'), str(door.fileno())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, 'PYTHONPATH': PYTHONPATH},
            pass_fds=[door.fileno()],
            text=True,
        )
    try:
        yield Tools(folder, server, python)
    finally:
        server.stdin.close()
        server.wait()


@pytest.fixture(scope='session')
def tools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tools]:
    """The tools; a session shares one warm interpreter."""
    with started_tools(tmp_path_factory.mktemp('tools')) as tools:
        yield tools


@pytest.fixture(scope='session')
def write_config() -> Callable[..., Path]:
    """Writes a config that inherits one of ``configs/`` and adds lines of its own and plugins."""

    def write(path: Path, base: str | Path, text: str = '', plugins: tuple[str, ...] = ()) -> Path:
        imports = f'custom_imports = dict(imports=_base_.custom_imports.imports + {list(plugins)})\n' if plugins else ''
        path.write_text(f'_base_ = [{str(REPOSITORY / "configs" / base)!r}]\n{imports}{text}')
        return path

    return write


@pytest.fixture(scope='session')
def accuracies() -> Callable[[str], dict[str, float]]:
    """Finds the test accuracies that a tool has printed, by node."""

    def find(text: str) -> dict[str, float]:
        table = text.rpartition('test:\n')[2]
        assert table.startswith('| node ') and '| accuracy/top1 |' in table.splitlines()[0]
        return {node: float(value) for node, value in re.findall(r'^\| (\w+) +\| +([\d.]+) \|', table, re.MULTILINE)}

    return find


@pytest.fixture(scope='session')
def max_difference() -> Callable[[dict, dict], float]:
    """Compares two state dicts of the same names and shapes, in float64."""

    def compare(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> float:
        assert first.keys() == second.keys()
        return max(float((first[name].double() - second[name].double()).abs().max()) for name in first)

    return compare


@pytest.fixture(scope='session')
def same() -> Callable[..., None]:
    """Asserts that two trees of plain values and tensors are equal bit by bit."""

    def compare(first: object, second: object, path: str = '') -> None:
        assert type(first) is type(second), path
        if isinstance(first, dict):
            assert first.keys() == second.keys(), path
            for key in first:
                compare(first[key], second[key], f'{path}.{key}')
        elif isinstance(first, (list, tuple)):
            assert len(first) == len(second), path
            for i, (one, other) in enumerate(zip(first, second, strict=True)):
                compare(one, other, f'{path}[{i}]')
        elif isinstance(first, torch.Tensor):
            assert first.dtype == second.dtype and first.shape == second.shape, path
            same_bits = first.contiguous().numpy().tobytes() == second.contiguous().numpy().tobytes()
            assert same_bits, f'{path}: differs by {(first - second).abs().max()}'
        else:
            assert first == second, path

    return compare


@pytest.fixture(scope='session')
def fails(tools) -> Callable[..., str]:
    """Runs a tool that must end with one line, and returns that line."""

    def run(tool: str, *args: object, **env: str) -> str:
        process = tools.run(tool, *args, status=2, **env)
        assert 'Traceback' not in process.stdout + process.stderr
        (line,) = (line for line in process.stderr.splitlines() if line.startswith('error: '))
        return line.removeprefix('error: ')

    return run


@pytest.fixture(scope='session')
def semi_supervised(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of a config of FixMatch on digits, to inherit from: a network, two views, few labels, iterations."""
    path = tmp_path_factory.mktemp('semi_supervised') / 'base.py'
    path.write_text(SEMI_SUPERVISED.format(configs=REPOSITORY / 'configs'))
    return str(path)
