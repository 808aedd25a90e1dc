"""Processes that cannot meet say so at once, an error is told once, and the processes part at the end."""

import socket
import subprocess
from pathlib import Path

import pytest
import torch

from ktg_mm.apis import distributed, end_distributed, init_distributed, one_line_errors
from ktg_mm.errors import UserError

PLACE = dict(RANK='0', WORLD_SIZE='1', LOCAL_RANK='0', MASTER_ADDR='127.0.0.1', MASTER_PORT='29500')
SLURM = dict(SLURM_PROCID='0', SLURM_NTASKS='1', SLURM_LOCALID='0', MASTER_ADDR='127.0.0.1')
MPI = dict(OMPI_COMM_WORLD_RANK='0', OMPI_COMM_WORLD_SIZE='1', OMPI_COMM_WORLD_LOCAL_RANK='0', MASTER_ADDR='127.0.0.1')


@pytest.fixture
def place(monkeypatch):
    """Sets what a launcher tells a process, and the number of GPUs."""
    monkeypatch.setattr(torch.distributed, 'init_process_group', lambda backend: pytest.fail('waits for the others'))
    monkeypatch.setattr(distributed, 'init_dist', lambda launcher: pytest.fail('waits for the others'))
    monkeypatch.setattr(distributed, '_PATIENCE', 0.0)

    def tell(place, gpus=0, **changes):
        for name in (*PLACE, *SLURM, *MPI):
            monkeypatch.delenv(name, raising=False)
        for name, value in {**place, **changes}.items():
            if value is not None:
                monkeypatch.setenv(name, value)
        monkeypatch.setattr(torch.cuda, 'device_count', lambda: gpus)

    return tell


@pytest.mark.parametrize(
    ('changes', 'line'),
    [
        (dict(RANK='1'), 'RANK: must be below WORLD_SIZE, 1, got 1'),
        (dict(RANK='-1'), "RANK: must be a whole number, at least 0, got '-1'"),
        (dict(RANK='a'), "RANK: must be a whole number, at least 0, got 'a'"),
        (dict(WORLD_SIZE='two'), "WORLD_SIZE: must be a whole number, at least 0, got 'two'"),
        (dict(WORLD_SIZE='0'), 'RANK: must be below WORLD_SIZE, 0, got 0'),
        (dict(MASTER_PORT='http'), "MASTER_PORT: must be a whole number from 1 to 65535, got 'http'"),
        (dict(MASTER_PORT='70000'), "MASTER_PORT: must be a whole number from 1 to 65535, got '70000'"),
        (dict(MASTER_ADDR=''), "MASTER_ADDR: must be a name or an address of the first machine, got ''"),
        (dict(MASTER_ADDR='tcp://a'), "MASTER_ADDR: must be a name or an address of the first machine, got 'tcp://a'"),
        (dict(MASTER_ADDR='no.host.invalid'), 'MASTER_ADDR: must be a name or an address of the first machine'),
        *((dict([(name, None)]), f'--launcher pytorch: {name} is not set; the processes must be started by torchrun')
          for name in ('RANK', 'WORLD_SIZE', 'MASTER_ADDR', 'MASTER_PORT')),
    ],
)  # fmt: skip
def test_a_place_that_is_none(place, changes, line):
    place(PLACE, **changes)
    with pytest.raises(UserError) as caught:
        init_distributed('pytorch')
    assert str(caught.value).startswith(line)


@pytest.mark.parametrize(
    ('launcher', 'environment', 'changes', 'line'),
    [
        ('pytorch', PLACE, dict(LOCAL_RANK='1'), 'LOCAL_RANK: must be below the number of GPUs, 1, got 1'),
        ('pytorch', PLACE, dict(LOCAL_RANK=None), '--launcher pytorch: LOCAL_RANK is not set; '),
        ('pytorch', PLACE, dict(LOCAL_RANK='x'), "LOCAL_RANK: must be a whole number, at least 0, got 'x'"),
        ('slurm', SLURM, dict(SLURM_PROCID=None), '--launcher slurm: SLURM_PROCID is not set; the processes must be '),
        ('slurm', SLURM, dict(SLURM_NTASKS=None), '--launcher slurm: SLURM_NTASKS is not set; '),
        ('slurm', SLURM, dict(SLURM_LOCALID='2'), 'SLURM_LOCALID: must be below the number of GPUs, 1, got 2'),
        ('slurm', SLURM, dict(MASTER_ADDR=None), "--launcher slurm: MASTER_ADDR is not set, and Slurm's scontrol"),
        ('slurm', SLURM, dict(MASTER_PORT='x'), 'MASTER_PORT: must be'),
        ('mpi', MPI, dict(OMPI_COMM_WORLD_RANK=None), '--launcher mpi: OMPI_COMM_WORLD_RANK is not set; '),
        ('mpi', MPI, dict(MASTER_ADDR=None), '--launcher mpi: MASTER_ADDR is not set; '),
    ],
)
def test_a_place_on_a_gpu_that_is_none(place, launcher, environment, changes, line):
    place(environment, gpus=1, **changes)
    with pytest.raises(UserError) as caught:
        init_distributed(launcher)
    assert str(caught.value).startswith(line)


@pytest.mark.parametrize(('launcher', 'environment'), [('pytorch', PLACE), ('slurm', SLURM), ('mpi', MPI)])
def test_a_sound_place_on_a_gpu(place, monkeypatch, launcher, environment):
    place(environment, gpus=2)
    started = []
    monkeypatch.setattr(distributed, 'init_dist', started.append)
    init_distributed(launcher)
    assert started == [launcher]


def test_processes_part_at_the_end_of_a_tool(monkeypatch, two_processes):
    """Also after an error."""
    two_processes(part)


def part(rank, size):
    """In both of two processes; the group of the pair is theirs, so another one is told of its end."""
    ended = []
    destroy, torch.distributed.destroy_process_group = torch.distributed.destroy_process_group, lambda: ended.append(1)
    try:
        one_line_errors(lambda: ended.append(0))()
        try:
            one_line_errors(fail)()
        except SystemExit as error:
            assert error.code == 2
    finally:
        torch.distributed.destroy_process_group = destroy
    assert ended == [0, 1, 1]


def fail():
    raise UserError('told twice, as torchrun has not started these')


def test_nothing_is_ended_where_nothing_was_begun():
    end_distributed()


def test_a_port_in_use(monkeypatch):
    with socket.create_server(('127.0.0.1', 0)) as server:
        port = str(server.getsockname()[1])
        for name, value in {**PLACE, 'MASTER_PORT': port}.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(UserError, match=f'^MASTER_PORT {port}: is in use by another program; set PORT'):
            init_distributed('pytorch')


@pytest.fixture
def torchrun(monkeypatch, tmp_path):
    """Makes this process one of torchrun's."""

    def become(rank):
        folder = tmp_path / 'attempt_0' / str(rank)
        folder.mkdir(parents=True, exist_ok=True)
        monkeypatch.setenv('TORCHELASTIC_ERROR_FILE', str(folder / 'error.json'))

    return become


@pytest.mark.parametrize('ranks', [(0, 1, 2), (2, 0)])
def test_the_first_to_fail_tells(torchrun, capsys, ranks):
    for rank in ranks:
        torchrun(rank)
        with pytest.raises(SystemExit) as caught:
            one_line_errors(fail)()
        assert caught.value.code == 2
    assert capsys.readouterr().err == 'error: told twice, as torchrun has not started these\n'


def test_what_follows_from_anothers_error_is_not_told(torchrun, capsys):
    def lose_the_other():
        raise RuntimeError('Connection closed by peer')

    torchrun(0)
    with pytest.raises(RuntimeError, match='closed by peer'):
        one_line_errors(lose_the_other)()
    torchrun(1)
    with pytest.raises(SystemExit):
        one_line_errors(fail)()
    torchrun(0)
    with pytest.raises(SystemExit) as caught:
        one_line_errors(lose_the_other)()
    assert caught.value.code == 2
    assert capsys.readouterr().err.count('\n') == 1


SLURM_SCRIPTS = ['slurm_train.sh', 'slurm_search.sh']


@pytest.mark.parametrize('script', SLURM_SCRIPTS)
def test_the_scripts_for_slurm_elsewhere(script):
    tools = Path(__file__).parents[2] / 'tools'
    process = subprocess.run(['bash', tools / script, 'a', 'b', 'c.py'], capture_output=True, text=True)
    assert process.returncode == 2 and process.stderr.startswith('error: srun: not found; ')
    environment = dict(PATH='/usr/bin:/bin', CPUS_PER_TASK='four')
    process = subprocess.run(['bash', tools / script, 'a', 'b', 'c'], env=environment, capture_output=True, text=True)
    assert process.returncode == 2
    assert process.stderr == "error: CPUS_PER_TASK: must be a whole number above 0, got 'four'\n"
