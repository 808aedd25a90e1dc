"""Workers as tasks of Ray, with a stand-in for Ray; tests/integration/test_ray_search.py has the real one."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from ktg_mm.errors import UserError
from ktg_mm.search.worker import ray_workers
from ktg_mm.search.worker.ray_workers import RayWorkers, connect


class RayError(Exception):
    """What Ray raises of a task that it has lost."""


class RayTaskError(RayError):
    """What Ray raises of a task that has raised."""


class Ray(ModuleType):
    """Tasks that end as a list says, one after another.

    Args:
        ends: What each task ends with: a status, why it could not begin, or an error.
    """

    def __init__(self, *ends: Any) -> None:
        super().__init__('ray')
        self.ends = list(ends)
        self.told: list[tuple] = []
        self.options: dict[str, Any] = {}
        self.cancelled: list[int] = []
        self.exceptions = SimpleNamespace(RayError=RayError, RayTaskError=RayTaskError)

    def remote(self, **options: Any) -> Any:
        self.options = options

        def begin(*words: Any) -> int:
            self.told.append(words)
            return len(self.told) - 1

        return lambda function: SimpleNamespace(remote=begin)

    def wait(self, tasks: list[int], timeout: float) -> tuple[list[int], list[int]]:
        if self.ends[tasks[0]] is KeyboardInterrupt and not self.cancelled:
            raise KeyboardInterrupt
        return tasks[:1], tasks[1:]

    def get(self, task: int) -> Any:
        if isinstance(self.ends[task], Exception):
            raise self.ends[task]
        return self.ends[task]

    def cancel(self, task: int) -> None:
        self.cancelled.append(task)

    def get_runtime_context(self) -> Any:
        return SimpleNamespace(get_job_id=lambda: '02')


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> Any:
    def put(*ends: Any) -> Ray:
        monkeypatch.setitem(sys.modules, 'ray', stand_in := Ray(*ends))
        return stand_in

    return put


def test_what_a_worker_is_told(ray: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('KTG_MM_STORAGE', 'postgresql+psycopg2://me:secret@host/graphs')
    monkeypatch.delenv('PGPASSWORD', raising=False)
    stand_in = ray(0, 0)
    assert RayWorkers(['a.py'], Path('run'), 2, cpus=2, gpus=0.25, restarts=7).run() == 0
    assert stand_in.options == dict(num_cpus=2, num_gpus=0.25, max_retries=7, max_calls=1)
    secrets = dict(KTG_MM_STORAGE='postgresql+psycopg2://me:secret@host/graphs')
    assert stand_in.told == [
        (['a.py'], str(tmp_path), str(tmp_path / f'run/ray_02_worker_{number}.log'), secrets) for number in range(2)
    ]


def test_one_that_its_machine_has_ended_begins_again(ray: Any, tmp_path: Path) -> None:
    stand_in = ray(130, 0, 130, 0)
    assert RayWorkers([], tmp_path, 2, restarts=2).run() == 0 and len(stand_in.told) == 4
    assert [Path(words[2]).name[-5] for words in stand_in.told] == ['0', '1', '0', '0']


def test_one_that_is_ended_too_often(ray: Any, tmp_path: Path) -> None:
    stand_in = ray(130, 130, 130)
    assert RayWorkers([], tmp_path, 1, restarts=2).run() == 130 and len(stand_in.told) == 3


def test_what_a_worker_has_met_is_told_once(ray: Any, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    ray(0, 2)
    (log := tmp_path / 'ray_02_worker_1.log').write_text('here\nerror: x\n')
    assert RayWorkers([], tmp_path, 2).run() == 2
    assert capsys.readouterr() == ('', f'error: {log}: error: x\n')
    ray(2, 2)  # the first has shown what it had to say
    assert RayWorkers([], tmp_path, 2).run() == 2 and capsys.readouterr() == ('', '')


def test_the_first_ones_output_is_shown(ray: Any, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    stand_in = ray(0, 0)
    (log := tmp_path / 'ray_02_worker_0.log').write_text('of another day\n')
    get = stand_in.get

    def work(task: int) -> Any:
        with log.open('a') as file:
            file.write('al 1\n' if task else 'trial 0\nerror: x\ntri')
        return get(task)

    stand_in.get = work
    assert RayWorkers([], tmp_path, 2).run() == 0 and capsys.readouterr() == ('trial 0\ntrial 1\n', 'error: x\n')


@pytest.mark.parametrize(
    ('end', 'says'),
    [
        ('node7: No such file', 'worker 0: node7: No such file'),
        (RayTaskError('Traceback\nNo module named x'), 'worker 0: No module named x'),
    ],
)
def test_one_that_cannot_be_run_ends_all(ray: Any, tmp_path: Path, end: Any, says: str) -> None:
    stand_in = ray(end, 130)
    with pytest.raises(UserError) as caught:
        RayWorkers([], tmp_path, 2).run()
    assert str(caught.value) == says and stand_in.cancelled == [1]


def test_one_that_is_lost_too_often(ray: Any, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    lost = RayError('The worker died.\nIts id is 7')
    ray(lost, 0)
    assert RayWorkers([], tmp_path, 2).run() == 0  # another has come to the end of the search
    assert capsys.readouterr() == ('', 'warning: worker 0: Ray has given it up: The worker died.\n')
    ray(lost, lost)
    with pytest.raises(UserError, match=r'^--restarts 4: every worker has been lost more often than that$'):
        RayWorkers([], tmp_path, 2, restarts=4).run()


def test_an_interrupt_reaches_all_workers(ray: Any, tmp_path: Path) -> None:
    stand_in = ray(KeyboardInterrupt, 130, 130)
    with pytest.raises(KeyboardInterrupt):
        RayWorkers([], tmp_path, 3).run()
    assert stand_in.cancelled == [0, 1, 2] and len(stand_in.told) == 3


@pytest.mark.parametrize(
    ('words', 'status', 'begins'), [(['--help'], 0, 'usage: ktg search '), (['--trials', '0'], 2, 'error: argument ')]
)
def test_a_worker(tmp_path: Path, words: list[str], status: int, begins: str) -> None:
    """Its output is added to its log, and its status is the tool's."""
    log = tmp_path / 'run/ray.log'
    code = (
        'import os, sys; from ktg_mm.search.worker.ray_workers import work; '
        f'status = work({words}, {str(tmp_path)!r}, {str(log)!r}, dict(TOLD="secret")); '
        f'assert os.environ["TOLD"] == "secret" and os.getcwd() == {str(tmp_path)!r}; os._exit(status)'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (status, '', '')
    assert log.read_text().startswith(begins)


def test_a_machine_that_does_not_see_the_folder(tmp_path: Path) -> None:
    said = ray_workers.work([], str(tmp_path / 'none'), str(tmp_path / 'log'), {})
    host = socket.gethostname()
    assert said == f'{host}: No such file or directory: {tmp_path}/none; all machines must see the same folders'


@contextmanager
def looking(monkeypatch: pytest.MonkeyPatch, error: Exception | None) -> Iterator[list]:
    """In place of Ray's own look."""
    commands = []

    def run(command: list[str], **options: Any) -> None:
        commands.append(command)
        if error:
            raise error

    with monkeypatch.context() as patch:
        patch.setattr(subprocess, 'run', run)
        yield commands


@pytest.mark.parametrize(
    ('address', 'error', 'says'),
    [
        ('127.0.0.1:1', None, '--address 127.0.0.1:1: cannot be reached: Connection refused'),
        ('no.host.invalid:6379', None, '--address no.host.invalid:6379: cannot be reached: '),
        (
            'auto',
            subprocess.CalledProcessError(1, ''),
            '--address auto: no Ray cluster answers; start one with: ray start --head',
        ),
        (
            'PORT',
            subprocess.TimeoutExpired('', 1),
            '--address PORT: no Ray cluster answers; is it the port of ray start --head?',
        ),
    ],
)
def test_a_cluster_that_cannot_be_reached(
    ray: Any, monkeypatch: pytest.MonkeyPatch, address: str, error: Exception | None, says: str
) -> None:
    ray()
    monkeypatch.delenv('RAY_ADDRESS', raising=False)
    with socket.create_server(('127.0.0.1', 0)) as server, looking(monkeypatch, error):
        there = f'127.0.0.1:{server.getsockname()[1]}'
        with pytest.raises(UserError) as caught:
            connect(address.replace('PORT', there))
    assert str(caught.value).startswith(says.replace('PORT', there)) and '\n' not in str(caught.value)


def test_a_cluster_that_the_environment_names(ray: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ray()
    monkeypatch.setenv('RAY_ADDRESS', '127.0.0.1:1')
    with pytest.raises(UserError) as caught:
        connect('auto')
    assert str(caught.value) == '--address auto, RAY_ADDRESS 127.0.0.1:1: cannot be reached: Connection refused'


def test_ray_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, 'ray', None)
    with pytest.raises(UserError, match=r"^--address auto: Ray is not installed; pip install 'ktg_mm\[ray\]', here"):
        connect('auto')


@pytest.mark.parametrize(('gpus', 'there', 'warned'), [(0.5, {}, True), (0.5, dict(GPU=1.0), False), (0, {}, False)])
def test_a_cluster_without_gpus(
    ray: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
    gpus: float,
    there: dict[str, float],
    warned: bool,
) -> None:
    stand_in, given = ray(), {}
    stand_in.init = lambda **options: given.update(options)
    stand_in.cluster_resources = lambda: there
    before = signal.getsignal(signal.SIGTERM)
    try:
        with looking(monkeypatch, None) as commands:
            connect('auto', gpus)
        assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGTERM, before)
    assert given['address'] == 'auto' and commands[0][-1] == 'health-check'
    warning = 'warning: --gpus-per-worker 0.5: no machine of the cluster has a GPU'
    assert capsys.readouterr().err.startswith(warning) == warned


def test_what_ray_says_of_an_address(ray: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in = ray()

    def init(**options: Any) -> None:
        raise Exception('no\n  raylet')

    stand_in.init = init
    with looking(monkeypatch, None), pytest.raises(UserError, match=r'^--address auto: cannot be reached: no raylet$'):
        connect('auto')
