"""Several processes end with one line and the status of the one that failed."""

import importlib.util
import logging
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch.distributed.elastic.multiprocessing import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure

TOOLS = Path(__file__).parents[2] / 'tools'
DIGITS = 'ktg/ens_3node_digits.py'


@pytest.fixture
def launch(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The launcher, whose processes are told to a list."""
    spec = importlib.util.spec_from_file_location('launch', TOOLS / 'launch.py')
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ('NNODES', 'NODE_RANK', 'MASTER_ADDR', 'PORT'):
        monkeypatch.delenv(name, raising=False)
    yield module
    logging.disable(logging.NOTSET)


def ended(launch: ModuleType, *arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        launch.launch(*arguments)
    return caught.value.code


@pytest.mark.parametrize(
    ('processes', 'environment', 'line'),
    [
        ('two', {}, "PROCESSES: must be a whole number from 1 to 1024, got 'two'"),
        ('0', {}, "PROCESSES: must be a whole number from 1 to 1024, got '0'"),
        ('', {}, "PROCESSES: must be a whole number from 1 to 1024, got ''"),
        ('3', {}, 'PROCESSES 3: more than the number of GPUs, 2; one process has one GPU'),
        ('2', dict(NNODES='1:2'), "NNODES: must be a whole number from 1 to 65536, got '1:2'"),
        ('2', dict(NODE_RANK='1'), "NODE_RANK: must be a whole number from 0 to 0, got '1'"),
        ('2', dict(PORT='99999'), "PORT: must be a whole number from 1 to 65535, got '99999'"),
    ],
)
def test_mistakes(
    launch: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
    processes: str,
    environment: dict[str, str],
    line: str,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 2)
    monkeypatch.setattr(launch, 'run', lambda options: pytest.fail('started'))
    assert ended(launch, processes, 'train.py', 'a.py') == 2
    assert capsys.readouterr() == ('', f'error: {line}\n')


def test_a_port_in_use(launch: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    with socket.create_server(('', 0)) as server:
        port = server.getsockname()[1]
        monkeypatch.setenv('PORT', str(port))
        assert ended(launch, '2', 'train.py', 'a.py') == 2
    assert capsys.readouterr().err == f'error: PORT {port}: address already in use; set PORT to another one\n'


def failure(rank: int, code: int) -> ProcessFailure:
    return ProcessFailure(rank, 100 + rank, code, 'none')


@pytest.mark.parametrize(
    ('raised', 'status', 'line'),
    [
        (ChildFailedError('train', {0: failure(0, 1)}), 1, ''),
        (ChildFailedError('train', {0: failure(0, -signal.SIGTERM), 1: failure(1, 2)}), 2, ''),
        (ChildFailedError('train', {1: failure(1, 130)}), 130, ''),
        (ChildFailedError('train', {1: failure(1, -signal.SIGKILL)}), 137, 'error: process 1 was ended by SIGKILL; is'),
        (
            ChildFailedError('train', {0: failure(0, 1), 1: failure(1, -signal.SIGKILL)}),
            137,
            'error: process 1 was ended by SIGKILL; is',
        ),
        (SignalException('', signal.SIGTERM), 130, ''),
        (KeyboardInterrupt(), 130, ''),
        (
            torch.distributed.DistNetworkError('no answer\nat all'), 2,
            'error: NNODES 1: the machines did not meet at MASTER_ADDR 127.0.0.1, PORT ',
        ),
    ],
    ids=['mistake', 'sigterm', 'interrupted', 'sigkill', 'sigkill of one', 'told to end', 'ctrl-c', 'did not meet'],
)  # fmt: skip
def test_ends(
    launch: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
    raised: BaseException,
    status: int,
    line: str,
) -> None:
    def run(options: Any) -> None:
        raise raised

    monkeypatch.setenv('PORT', free_port())
    monkeypatch.setattr(launch, 'run', run)
    assert ended(launch, '1', 'train.py', 'a.py') == status
    printed = capsys.readouterr().err
    assert printed.startswith(line) and printed.count('\n') == bool(line)


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(('', 0))
        return str(probe.getsockname()[1])


@pytest.mark.slow
@pytest.mark.parametrize(('killed', 'status', 'line'), [
    (False, 2, 'error: the second process has met it'),
    (True, 137, 'error: process 1 was ended by SIGKILL; is there enough memory?'),
])  # fmt: skip
def test_what_one_process_alone_meets(
    tools: Any, write_config: Callable[..., Path], tmp_path: Path, killed: bool, status: int, line: str
) -> None:
    hook = f"custom_hooks = [dict(type='FailsOnRank', killed={killed})]"
    config = write_config(tmp_path / 'config.py', DIGITS, hook, ('fails_on_rank',))
    process = tools.run_cold('dist_train.sh', config, '2', '--work-dir', tmp_path / 'run', status=status, **tools.warm)
    assert [text for text in process.stderr.splitlines() if text.startswith('error: ')] == [line]
    if not killed:
        assert 'Traceback' not in process.stderr + process.stdout


@pytest.mark.slow
def test_what_both_processes_meet(tools: Any, tmp_path: Path) -> None:
    config = TOOLS.parent / 'configs' / DIGITS
    process = tools.run_cold(
        'dist_train.sh',
        config,
        '2',
        '--work-dir',
        tmp_path,
        '--cfg-options',
        'model.target=net9',
        status=2,
        **tools.warm,
    )
    (line,) = process.stderr.splitlines()
    assert line.startswith("error: model.target: no node is named 'net9'")


@pytest.mark.parametrize(
    ('environment', 'workers', 'line'),
    [
        ({}, 'x', "error: WORKERS: must be a whole number, at least 1, got 'x'"),
        ({}, '0', "error: WORKERS: must be a whole number, at least 1, got '0'"),
        (dict(GPUS_PER_WORKER='1.5'), '2', "error: GPUS_PER_WORKER: must be a whole number, at least 1, got '1.5'"),
        (dict(WORKERS_PER_GPU='two'), '2', "error: WORKERS_PER_GPU: must be a whole number, at least 1, got 'two'"),
        (dict(FIRST_GPU='-1'), '2', "error: FIRST_GPU: must be a whole number, at least 0, got '-1'"),
    ],
)
def test_mistakes_in_a_search(tmp_path: Path, environment: dict[str, str], workers: str, line: str) -> None:
    process = search(tmp_path, workers, 'exit 0', **environment)
    assert (process.returncode, process.stderr) == (2, f'{line}\n')


def search(folder: Path, workers: str, script: str, **environment: str) -> subprocess.CompletedProcess:
    """Runs the script that starts workers, in each of which a program takes Python's place."""
    (python := folder / 'python').write_text(f'#!/bin/sh\n{script}\n')
    python.chmod(0o755)
    return subprocess.run(
        ['bash', TOOLS / 'dist_search.sh', 'config.py', workers, '--work-dir', folder / 'run'],
        env={**os.environ, 'PYTHON': str(python), 'CUDA_VISIBLE_DEVICES': '0,1,2', **environment},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ('script', 'status', 'printed'),
    [
        ('echo "error: x" >&2; exit 2', 2, 'error: x\n'),
        ('[ $CUDA_VISIBLE_DEVICES = 0 ] || { echo y >&2; exit 2; }', 2, 'error: {folder}/worker_2.log: y\n'),
        ('exit 0', 0, ''),
    ],
)  # fmt: skip
def test_what_a_worker_says_is_printed_once(tmp_path: Path, script: str, status: int, printed: str) -> None:
    process = search(tmp_path, '3', script)
    assert (process.returncode, process.stderr) == (status, printed.format(folder=tmp_path / 'run'))


def test_a_work_folder_of_a_search_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / 'run').touch()
    process = search(tmp_path, '2', 'exit 0')
    assert (process.returncode, process.stderr) == (
        2,
        f'error: --work-dir {tmp_path}/run: cannot be made: File exists\n',
    )
