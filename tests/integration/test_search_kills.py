"""Workers of a search are killed; every trial still ends, once, and as it would have ended."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.storages import BaseStorage
from optuna.trial import TrialState

from ktg_mm.search import open_storage
from ktg_mm.search.space.candidates import KEY
from ktg_mm.search.study.retries import CONTINUES, END, INDEX, WORKER, was_begun

pytestmark = pytest.mark.slow

TRIALS, WORKERS, KILLS = 14, 4, 10

CONFIG = f"""
train_dataloader = dict(batch_size=32, dataset=dict(indices=96))
val_dataloader = dict(batch_size=60, dataset=dict(indices=60))
train_cfg = dict(max_epochs=4)
search = dict(
    trials={TRIALS},
    heartbeat=1,
    retries=20,
    space={{'model.nodes.net[23].network': dict(_delete_=True, choices=dict(resnet8=_base_.resnet8))}},
    hook=dict(pruner=PRUNER),
    trials_per_worker=PER_WORKER,
)
"""
NOBODY = "dict(_delete_=True, type='NopPruner')"
HALVING = "dict(type='SuccessiveHalvingPruner')"


@pytest.fixture(scope='module')
def configs(tmp_path_factory: pytest.TempPathFactory, write_config: Callable) -> dict[str, Path]:
    """A config that prunes nobody, one whose workers have two trials each, and one that halves."""
    folder = tmp_path_factory.mktemp('configs')
    base = 'search/ktg_3node_digits.py'
    return {
        name: write_config(folder / f'{name}.py', base, config_text(pruner, number))
        for name, pruner, number in (('nobody', NOBODY, 1), ('turns', NOBODY, 2), ('halving', HALVING, 1))
    }


def config_text(pruner: str, per_worker: int = 1) -> str:
    """The config of a search of short trials."""
    return CONFIG.replace('PRUNER', pruner).replace('PER_WORKER', f'{per_worker}')


@pytest.fixture(scope='module')
def undisturbed(tools: Any, configs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    """Value by graph of a search by one worker that nobody kills."""
    return search_undisturbed(tools, configs['nobody'], tmp_path_factory.mktemp('undisturbed'))


def search_undisturbed(tools: Any, config: Path, folder: Path, number: int = TRIALS) -> dict[str, float]:
    """Value by graph of a search by one worker that nobody kills."""
    tools.run('search.py', config, '--work-dir', folder, '--trials', number)
    storage = open_storage(f'sqlite:///{folder}/search.db')
    trials = optuna.load_study(study_name=config.stem, storage=storage).get_trials()
    assert len(trials) == number
    return {trial.user_attrs[KEY]: trial.value for trial in trials}


@pytest.fixture(scope='module')
def postgresql() -> Iterator[str]:
    """The address of a server that is started for these tests."""
    with started_postgresql() as (storage, _):
        yield storage


@contextlib.contextmanager
def started_postgresql() -> Iterator[tuple[str, Callable[[], None]]]:
    """The address of a server of Debian's package postgresql, and what stops it at once."""
    pytest.importorskip('psycopg2', reason='psycopg2 is not installed')
    on_path = shutil.which('initdb')
    found = [Path(on_path).parent] if on_path else sorted(Path('/usr/lib/postgresql').glob('*/bin'))
    if not found:
        pytest.skip('the package postgresql is not installed')
    user: dict[str, Any] = {}
    # Not in pytest's folder, whose rights other runs of pytest may take away.
    with tempfile.TemporaryDirectory(prefix='ktg_mm_postgresql_') as folder:
        if os.geteuid() == 0:  # the server refuses to run as root
            user = dict(user='postgres', group='postgres', extra_groups=[])
            shutil.chown(folder, 'postgres', 'postgres')

        def run(program: str, *arguments: str) -> None:
            command = [found[-1] / program, '-D', f'{folder}/data', *arguments]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder, **user)

        run('initdb', '-U', 'ktg', '--auth=trust', '--no-sync')
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        run('pg_ctl', '-w', '-o', options, '-l', f'{folder}/log', 'start')
        stopped: list[bool] = []

        def stop() -> None:
            if not stopped:
                stopped.append(True)
                run('pg_ctl', '-m', 'immediate', 'stop')

        try:
            yield f'postgresql+psycopg2://ktg:no-secret@/postgres?host={folder}', stop
        finally:
            stop()


def search_with_kills(
    tools: Any, config: Path, folder: Path, storage: str, seed: int, kills: int = KILLS, trials: int = TRIALS
) -> Counter[int]:
    """Runs four workers, again and again ends one that has a trial and starts another in its place.

    Every third is asked to end, the others are killed. Returns how many ended so, by signal.
    """
    rng, shared = np.random.default_rng(seed), open_storage(storage)
    slow = folder / 'slow'
    slow.touch()

    def begin() -> int:
        arguments = (config, '--work-dir', folder, '--storage', storage, '--trials', trials)
        return tools.start('search.py', *arguments, PRELOAD='slow_steps', SLOW_WHILE=str(slow))

    workers, ended = [begin() for _ in range(WORKERS)], Counter[int]()
    for number in range(kills):
        how, expected = (signal.SIGTERM, 130) if number % 3 == 2 else (signal.SIGKILL, -signal.SIGKILL)
        victim = workers.pop(int(rng.integers(WORKERS)))
        while not has_a_trial(shared, config.stem, victim) and not tools.has_ended(victim):
            time.sleep(0.05)
        time.sleep(rng.uniform(0, 0.6))
        os.kill(victim, how)
        status = tools.wait(victim).returncode
        assert status in (expected, 0), (how, status)
        ended[how] += status == expected
        workers.append(begin())
    slow.unlink()
    for worker in workers:
        finished = tools.wait(worker)
        assert finished.returncode == 0, finished.stderr[-2000:]
    return ended


def has_a_trial(storage: BaseStorage, name: str, worker: int) -> bool:
    """Whether a worker, given by its process id, has a trial of a search, which need not have begun."""
    try:
        trials = optuna.load_study(study_name=name, storage=storage).get_trials(deepcopy=False)
    except KeyError:
        return False
    running = [trial for trial in trials if trial.state == TrialState.RUNNING]
    return any(trial.user_attrs.get(WORKER, '').endswith(f':{worker}') for trial in running)


def check_ends(storage: str, name: str, number: int = TRIALS) -> list[optuna.trial.FrozenTrial]:
    """Every graph has exactly one end; returns the trials that are the ends."""
    trials = optuna.load_study(study_name=name, storage=open_storage(storage)).get_trials()
    assert all(trial.state.is_finished() for trial in trials)
    assert all(trial.user_attrs[END] for trial in trials)
    continued = [trial.user_attrs[CONTINUES] for trial in trials if CONTINUES in trial.user_attrs]
    ends = [trial for trial in trials if trial.number not in continued and was_begun(trial)]
    assert sorted(trial.user_attrs[INDEX] for trial in ends) == list(range(number))
    assert len({trial.user_attrs[KEY] for trial in ends}) == number
    assert {trial.state for trial in ends} <= {TrialState.COMPLETE, TrialState.PRUNED}
    assert all(trials[number].state == TrialState.FAIL for number in continued)
    return ends


@pytest.mark.parametrize(
    ('kind', 'name'),
    [
        ('sqlite', 'nobody'),
        pytest.param('sqlite', 'turns', marks=pytest.mark.long),
        pytest.param('postgresql', 'nobody', marks=pytest.mark.long),
    ],
)
def test_killed_workers_lose_no_trial(
    kind: str,
    name: str,
    tools: Any,
    configs: dict[str, Path],
    undisturbed: dict[str, float],
    tmp_path: Path,
    request: Any,
) -> None:
    storage = f'sqlite:///{tmp_path}/shared.db' if kind == 'sqlite' else request.getfixturevalue('postgresql')
    ended = search_with_kills(tools, configs[name], tmp_path, storage, seed=0)
    assert ended.total() >= KILLS - 2  # the others had just come to their end
    ends = check_ends(storage, name)
    assert {trial.user_attrs[KEY]: trial.value for trial in ends} == undisturbed
    assert any(CONTINUES in trial.user_attrs for trial in ends)


def test_a_server_that_goes_away_is_named(tools: Any, configs: dict[str, Path], tmp_path: Path) -> None:
    with started_postgresql() as (storage, stop):
        (slow := tmp_path / 'slow').touch()
        arguments = (configs['nobody'], '--work-dir', tmp_path, '--storage', storage)
        worker = tools.start('search.py', *arguments, PRELOAD='slow_steps', SLOW_WHILE=str(slow))
        shared = open_storage(storage)
        while not has_a_trial(shared, 'nobody', worker) and not tools.has_ended(worker):
            time.sleep(0.05)
        stop()
        slow.unlink()
        ended = tools.wait(worker)
    assert ended.returncode == 2 and 'Traceback' not in ended.stderr
    line = ended.stderr.splitlines()[-1]
    shown = storage.replace(':no-secret@', '@')
    assert line.startswith(f'error: --storage {shown}: PostgreSQL does not answer any more: ')
    assert line.endswith('; start the search again, it goes on where it was') and 'no-secret' not in ended.stderr


@pytest.mark.long
def test_killed_workers_with_pruning(tools: Any, configs: dict[str, Path], tmp_path: Path) -> None:
    storage = f'sqlite:///{tmp_path}/shared.db'
    search_with_kills(tools, configs['halving'], tmp_path, storage, seed=1, kills=6)
    ends = check_ends(storage, 'halving')
    assert {trial.state for trial in ends} == {TrialState.COMPLETE, TrialState.PRUNED}
    left = list((tmp_path / 'trials').glob('*/*.pth'))
    assert len(left) <= 1, left  # the best graph's alone
