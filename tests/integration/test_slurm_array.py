"""The jobs of an array of Slurm, with stand-ins for its programs: what they are told, how they end and come back."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from ktg_mm.search import open_storage
from ktg_mm.search.study.retries import CONTINUES, END, KEY

REPOSITORY = Path(__file__).parents[2]
SCRIPT = REPOSITORY / 'tools/slurm_array_search.sh'
TRIALS = 3
CONFIG = f"""
train_dataloader = dict(batch_size=32, dataset=dict(indices=96))
val_dataloader = dict(batch_size=60, dataset=dict(indices=60))
train_cfg = dict(max_epochs=4)
search = dict(trials={TRIALS}, heartbeat=1, hook=None)
"""


class Slurm:
    """Keeps what ``sbatch`` is given, runs its jobs, and hears what they ask ``scontrol`` for.

    Args:
        folder: Of its programs and files.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program('sbatch', f'cat > {folder}/job.sh; printf "%s\\n" "$@" > {folder}/told')
        self.program('scontrol', f'echo "$@" >> {folder}/asked')

    def program(self, name: str, script: str) -> Path:
        """Writes a program."""
        path = self.folder / name
        path.write_text(f'#!/bin/sh\n{script}\n')
        path.chmod(0o755)
        return path

    def submit(self, *words: object, **environment: str) -> subprocess.CompletedProcess:
        """Calls the script."""
        command = ['bash', SCRIPT, *map(str, words)]
        return subprocess.run(command, env=self.environment(environment), capture_output=True, text=True)

    def begin(self, number: int, **environment: str) -> subprocess.Popen:
        """Begins a job of the array, as Slurm does each time that it has a place for it."""
        of_the_job = dict(SLURM_JOB_ID='70', SLURM_ARRAY_JOB_ID='70', SLURM_ARRAY_TASK_ID=f'{number}')
        command = ['bash', self.folder / 'job.sh']
        return subprocess.Popen(
            command, cwd=self.folder, env=self.environment(of_the_job | environment),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def environment(self, more: dict[str, str]) -> dict[str, str]:
        return {**os.environ, 'PATH': f'{self.folder}:{os.environ["PATH"]}', **more}

    def said(self, name: str) -> list[str]:
        """The lines of ``told`` (what sbatch was told) or ``asked`` (what scontrol was asked for)."""
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def slurm(tmp_path: Path) -> Slurm:
    return Slurm(tmp_path)


def test_what_slurm_is_told(slurm: Slurm) -> None:
    python = slurm.program('python', 'printf "%s\\n" "$@"')
    words = ('gpu', 'mine', 'a b.py', '--cfg-options', "search.trials=$(1)'")
    done = slurm.submit(*words, WORKERS='30', LIMIT='8', SBATCH_ARGS='--time=1 --qos=low', PYTHON=str(python))
    assert done.returncode == 0, done.stderr
    told = slurm.said('told')
    assert {'--job-name=mine', '--array=0-29%8', '--requeue', '--signal=B:USR1@120', '--cpus-per-task=4'} <= {*told}
    assert told[:2] == ['-p', 'gpu'] and told[-2:] == ['--time=1', '--qos=low']
    output, errors = (job := slurm.begin(0)).communicate()
    assert output.splitlines()[2:] == [*words[2:]] and (job.returncode, errors) == (0, '')
    slurm.submit('gpu', 'mine', 'a.py', WORKERS='3')
    assert '--array=0-2%3' in slurm.said('told')


@pytest.mark.parametrize(
    ('how', 'status', 'requeued'),
    [
        (signal.SIGUSR1, 130, True),  # the time is up
        (signal.SIGUSR1, 143, True),
        (signal.SIGTERM, 130, False),  # Slurm knows whether the job comes back
        (signal.SIGUSR1, 0, False),  # the search has just ended
        (signal.SIGUSR1, 2, False),
    ],
)
def test_a_job_that_is_to_end(slurm: Slurm, how: signal.Signals, status: int, requeued: bool) -> None:
    """Its worker is asked to end and waited for; the job goes back into the queue if the search goes on."""
    python = slurm.program('python', f'trap "sleep 0.2; exit {status}" TERM; echo ready; while :; do sleep 0.05; done')
    slurm.submit('gpu', 'mine', 'a.py', PYTHON=str(python))
    job = slurm.begin(3)
    assert job.stdout.readline() == 'ready\n'
    job.send_signal(how)
    errors = job.communicate()[1]
    assert (job.returncode, errors) == (0 if requeued else status, '')
    assert slurm.said('asked') == ['requeue 70_3'] * requeued


@pytest.mark.parametrize(
    ('words', 'environment', 'line'),
    [
        (['p', 'j'], {}, 'usage: [WORKERS=8] tools/slurm_array_search.sh PARTITION JOB_NAME CONFIG [arguments of'),
        (['p', 'j', 'c'], dict(WORKERS='0'), "error: WORKERS: must be a whole number above 0, got '0'"),
        (['p', 'j', 'c'], dict(WORKERS='many'), "error: WORKERS: must be a whole number above 0, got 'many'"),
        (['p', 'j', 'c'], dict(LIMIT='0.5'), "error: LIMIT: must be a whole number above 0, got '0.5'"),
        (['p', 'j', 'c'], dict(CPUS_PER_TASK='-1'), "error: CPUS_PER_TASK: must be a whole number above 0, got '-1'"),
        (['p', 'j', 'c', '--take-over'], {}, 'error: --take-over: not here, where other workers may be running; '),
    ],
)  # fmt: skip
def test_mistakes(slurm: Slurm, words: list[str], environment: dict[str, str], line: str) -> None:
    done = slurm.submit(*words, **environment)
    assert (done.returncode, done.stderr.count('\n')) == (2, 1) and done.stderr.startswith(line)
    assert not slurm.said('told')


@pytest.mark.parametrize(('called', 'instead'), [('', 'tools/dist_search.sh'), ('ktg x', 'ktg dist_search')])
def test_without_slurm(slurm: Slurm, called: str, instead: str) -> None:
    (slurm.folder / 'sbatch').unlink()
    done = slurm.submit('p', 'j', 'c', **(dict(KTG_COMMAND=called) if called else {}))
    line = f'error: sbatch: not found; this is for a Slurm cluster, elsewhere use {instead}\n'
    assert (done.returncode, done.stderr) == (2, line)


@pytest.mark.slow
def test_a_search_outlasts_the_time_of_its_jobs(
    slurm: Slurm, tools: Any, write_config: Callable, tmp_path: Path
) -> None:
    config = write_config(tmp_path / 'tiny.py', 'search/ktg_3node_digits.py', CONFIG)
    environment = dict(PYTHONPATH=str(REPOSITORY), **tools.warm)
    done = slurm.submit('gpu', 'mine', config, '--work-dir', tmp_path / 'run', WORKERS='1', **environment)
    assert done.returncode == 0, done.stderr
    job = slurm.begin(0, **environment)
    while not list(tmp_path.glob('run/trials/*/*.pth')):
        assert job.poll() is None, job.communicate()
        time.sleep(0.05)
    job.send_signal(signal.SIGUSR1)
    assert 'Traceback' not in job.communicate()[1] and job.returncode == 0
    assert slurm.said('asked') == ['requeue 70_0']
    errors = (again := slurm.begin(0, **environment)).communicate()[1]
    assert again.returncode == 0, errors
    storage = open_storage(f'sqlite:///{tmp_path}/run/search.db')
    trials = optuna.load_study(study_name='tiny', storage=storage).get_trials()
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    assert len({trial.user_attrs[KEY] for trial in complete}) == len(complete) == TRIALS
    (interrupted,) = (trial.number for trial in trials if trial.user_attrs[END] == 'interrupted')
    assert interrupted in [trial.user_attrs.get(CONTINUES) for trial in complete]
