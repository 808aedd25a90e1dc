"""The scripts that start several workers, and a worker of several processes."""

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages import run_grpc_proxy_server
from optuna.trial import TrialState

from ktg_mm.apis import load_config
from ktg_mm.search import StudyAddress, open_storage, run_search
from ktg_mm.search.study.retries import END, KEY

REPOSITORY = Path(__file__).parents[2]
TRIALS = 4
CONFIG = f"""
train_dataloader = dict(batch_size=32, dataset=dict(indices=96))
val_dataloader = dict(batch_size=60, dataset=dict(indices=60))
train_cfg = dict(max_epochs=2)
search = dict(trials={TRIALS}, heartbeat=1)
"""


@pytest.fixture
def config(tmp_path: Path, write_config: Callable) -> Path:
    return write_config(tmp_path / 'tiny.py', 'search/ktg_3node_digits.py', CONFIG)


def trials_of(folder: Path) -> list[optuna.trial.FrozenTrial]:
    return optuna.load_study(study_name='tiny', storage=open_storage(f'sqlite:///{folder}/search.db')).get_trials()


@pytest.mark.slow
def test_two_workers_share_a_search(tools: Any, config: Path, tmp_path: Path) -> None:
    count = 10  # so many that the second comes in time for some of them
    process = tools.run_cold('dist_search.sh', config, '2', '--work-dir', tmp_path / 'run', '--trials', str(count))
    trials = [trial for trial in trials_of(tmp_path / 'run') if 'not begun' not in trial.user_attrs[END]]
    assert len({trial.user_attrs[KEY] for trial in trials}) == len(trials) == count
    assert all(trial.state in (TrialState.COMPLETE, TrialState.PRUNED) for trial in trials)
    assert len({trial.user_attrs['worker'] for trial in trials}) == 2
    assert f'{count}/{count} trials' in process.stderr
    assert 'trials' in (tmp_path / 'run' / 'worker_1.log').read_text()


@pytest.mark.slow
def test_the_end_of_a_job_leaves_the_trials_to_be_continued(tools: Any, config: Path, tmp_path: Path) -> None:
    arguments = (config, '2', '--work-dir', tmp_path / 'run', '--trials', '100')
    process = tools.start_cold('dist_search.sh', *arguments, **tools.warm)
    while not list(tmp_path.glob('run/trials/*/*.pth')):
        assert process.poll() is None
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    errors = process.communicate()[1]
    assert process.returncode == 130, errors
    assert 'Traceback' not in errors
    trials = trials_of(tmp_path / 'run')
    assert not any(trial.state == TrialState.RUNNING for trial in trials)
    interrupted = [trial.number for trial in trials if trial.user_attrs[END] == 'interrupted']
    waiting = [trial.user_attrs['continues'] for trial in trials if trial.state == TrialState.WAITING]
    assert sorted(set(waiting)) == interrupted != []  # both may have queued the same; it is begun once


def program(path: Path, script: str) -> None:
    """A program that takes another's place."""
    path.write_text(f'#!/bin/sh\n{script}\n')
    path.chmod(0o755)


def start(folder: Path, workers: int, **environment: str) -> subprocess.CompletedProcess:
    """Runs the script with the programs in a folder."""
    path = f'{folder}:{os.environ["PATH"]}'
    return subprocess.run(
        ['bash', REPOSITORY / 'tools/dist_search.sh', 'config.py', str(workers), '--work-dir', folder],
        env={**os.environ, 'PATH': path, 'PYTHON': str(folder / 'python'), **environment},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ('devices', 'workers', 'environment', 'shown'),
    [
        ('0,1,2', 3, {}, ['0', '1', '2']),
        ('4,5,6,7', 2, {'GPUS_PER_WORKER': '2'}, ['4,5', '6,7']),
        ('4,5,6', 2, {'FIRST_GPU': '1'}, ['5', '6']),
        ('5', 1, {}, ['5']),
        ('', 2, {}, ['', '']),
        ('3,4,5', 3, {'WORKERS_PER_GPU': '2', 'FIRST_GPU': '1'}, ['4', '4', '5']),
        ('', 2, {'WORKERS_PER_GPU': '2'}, ['', '']),
        ('0', 2, {}, 'error: WORKERS 2: 1 GPUs each, from number 0 on, are more than the 1 there are'),
        ('0,1,2', 2, {'GPUS_PER_WORKER': '2'}, 'error: WORKERS 2: 2 GPUs each'),
        ('0,1', 5, {'WORKERS_PER_GPU': '2'}, 'error: WORKERS 5: 2 on a GPU, from number 0 on, are more than the 2'),
        ('0,1', 2, {'WORKERS_PER_GPU': '2', 'GPUS_PER_WORKER': '2'}, 'error: WORKERS_PER_GPU: must be 1 where'),
    ],
)
def test_the_gpus_of_each_worker(
    devices: str, workers: int, environment: dict[str, str], shown: list[str] | str, tmp_path: Path
) -> None:
    program(tmp_path / 'python', 'echo "$CUDA_VISIBLE_DEVICES"')
    process = start(tmp_path, workers, CUDA_VISIBLE_DEVICES=devices, **environment)
    if isinstance(shown, str):
        assert process.returncode == 2 and process.stderr.startswith(shown)
        return
    assert process.returncode == 0, process.stderr
    others = [(tmp_path / f'worker_{number}.log').read_text().strip() for number in range(1, workers)]
    assert [process.stdout.strip(), *others] == shown


@pytest.mark.parametrize(
    ('control', 'probe', 'said'),
    [
        ('exit 0', 'exit 0', ''),
        ('echo "no permission"; exit 1', 'exit 0', 'no permission'),
        ('exit 0', 'echo Traceback; echo "MPS client failed to connect"; exit 1', 'MPS client failed to connect'),
    ],
    ids=['shared', 'not permitted', 'nobody gets through'],
)
def test_workers_share_a_gpu(control: str, probe: str, said: str, tmp_path: Path) -> None:
    """By a daemon that ends with the search; where there can be none a line says so, and they go on."""
    asked = tmp_path / 'asked'
    program(tmp_path / 'nvidia-cuda-mps-control', f'if [ "$1" = -d ]; then {control}; fi; cat >> {asked}')
    program(tmp_path / 'python', f'if [ "$1" = -c ]; then {probe}; fi; echo "pipe=$CUDA_MPS_PIPE_DIRECTORY"')
    process = start(tmp_path, 2, CUDA_VISIBLE_DEVICES='0', WORKERS_PER_GPU='2')
    pipes = {process.stdout.strip(), (tmp_path / 'worker_1.log').read_text().strip()}
    assert process.returncode == 0 and len(pipes) == 1
    assert (pipes == {'pipe='}) == bool(said)
    warning = f'warning: WORKERS_PER_GPU 2: MPS cannot be used, the workers of a GPU take turns: {said}\n'
    assert process.stderr == (warning if said else '')
    assert asked.read_text() == 'quit\n' and not Path(pipes.pop().removeprefix('pipe=') or 'none').exists()


def test_the_daemon_of_a_machine_is_left_alone(tmp_path: Path) -> None:
    program(tmp_path / 'nvidia-cuda-mps-control', 'exit 1')
    program(tmp_path / 'python', 'echo "$CUDA_MPS_PIPE_DIRECTORY"')
    process = start(tmp_path, 2, CUDA_VISIBLE_DEVICES='0', WORKERS_PER_GPU='2', CUDA_MPS_PIPE_DIRECTORY='/of/all')
    assert (process.returncode, process.stdout, process.stderr) == (0, '/of/all\n', '')


@pytest.mark.slow
def test_a_trial_of_two_processes(tools: Any, config: Path, tmp_path: Path) -> None:
    process = tools.run_cold(
        'dist_search.sh',
        config,
        '1',
        '--work-dir',
        tmp_path / 'run',
        '--trials',
        '2',
        GPUS_PER_WORKER='2',
        **tools.warm,
    )
    trials = trials_of(tmp_path / 'run')
    assert len(trials) == 2
    assert all(trial.state in (TrialState.COMPLETE, TrialState.PRUNED) for trial in trials)
    assert process.stderr.count('2/2 trials') == 1  # one of the two asks and tells
    (log,) = (tmp_path / 'run' / 'trials' / '00000').glob('*/*.log')
    assert 'Distributed training: True' in log.read_text()


@pytest.mark.slow
def test_memory_that_runs_out_in_one_of_two_processes(tools: Any, write_config: Callable, tmp_path: Path) -> None:
    hook = "custom_hooks = [*_base_.custom_hooks, dict(type='GreedyHook')]\n"
    config = write_config(tmp_path / 'tiny.py', 'search/ktg_3node_digits.py', CONFIG + hook, ('greedy',))
    processes = tools.run_two('search.py', config, '--work-dir', tmp_path / 'run', status=None)
    assert all(process.returncode for process in processes)
    message = 'error: the processes of this worker are out of step: out of memory: '
    assert message in ''.join(process.stderr for process in processes)
    (trial,) = trials_of(tmp_path / 'run')
    assert trial.user_attrs[END] == 'failed: out of memory: MemoryError'


def test_workers_behind_the_proxy(config: Path, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    shared = open_storage(f'sqlite:///{tmp_path}/search.db')
    server = threading.Thread(
        target=run_grpc_proxy_server, args=(shared,), kwargs=dict(host='127.0.0.1', port=port), daemon=True
    )
    server.start()
    cfg = load_config(config)
    run_search(cfg, StudyAddress.of(cfg, tmp_path / 'run', f'grpc://127.0.0.1:{port}'), trials=2)
    trials = trials_of(tmp_path)
    assert len(trials) == 2
    assert all(trial.state in (TrialState.COMPLETE, TrialState.PRUNED) for trial in trials)
