"""A search on a Ray cluster of this machine, whose workers and machines go and come; takes minutes.

pytest -m long tests/integration/test_ray_search.py    # pip install ray before
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState

from ktg_mm.search import open_storage
from ktg_mm.search.space.candidates import KEY
from ktg_mm.search.study.retries import CONTINUES, INDEX, WORKER, was_begun

ray_cluster = pytest.importorskip('ray.cluster_utils', reason='ray is not installed')
pytestmark = pytest.mark.long

TRIALS, SECONDS = 16, 240
CONFIG = f"""
train_dataloader = dict(batch_size=32, dataset=dict(indices=96))
val_dataloader = dict(batch_size=60, dataset=dict(indices=60))
train_cfg = dict(max_epochs=4)
search = dict(trials={TRIALS}, heartbeat=1, retries=20, hook=None)
"""
MACHINE = dict(num_cpus=1, num_gpus=1)  # by Ray's count
EACH = ('--cpus-per-worker', '0.5', '--gpus-per-worker', '0.5')  # so a machine has room for two


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    (path := tmp_path / 'slow').touch()
    return path


@pytest.fixture
def cluster(tools: Any, slow: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Two machines, that is, two of Ray's nodes on this one."""
    monkeypatch.setenv(
        'PYTHONPATH', os.pathsep.join(map(str, (tools.repository, tools.repository / 'tests/integration/plugins')))
    )
    monkeypatch.setenv('SLOW_WHILE', str(slow))
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '99')  # one that is not there, so that all train on CPUs
    monkeypatch.setenv('RAY_USAGE_STATS_ENABLED', '0')
    cluster = ray_cluster.Cluster(initialize_head=True, head_node_args=dict(MACHINE, include_dashboard=False))
    cluster.second = cluster.add_node(**MACHINE)
    yield cluster
    cluster.shutdown()


def trials_of(folder: Path) -> list[FrozenTrial]:
    try:
        return optuna.load_study(study_name='tiny', storage=open_storage(f'sqlite:///{folder}/search.db')).get_trials()
    except KeyError:
        return []


def at_work(folder: Path) -> set[int]:
    """The processes that have a trial."""
    return {
        int(t.user_attrs[WORKER].split(':')[-1])
        for t in trials_of(folder)
        if t.state == TrialState.RUNNING and WORKER in t.user_attrs
    }


def wait_for(condition: Callable[[], object], driver: subprocess.Popen) -> None:
    until = time.monotonic() + SECONDS
    while not condition():
        assert driver.poll() is None and time.monotonic() < until, driver.communicate(timeout=60)
        time.sleep(0.2)


def test_workers_and_machines_that_come_and_go(
    tools: Any, cluster: Any, slow: Path, write_config: Callable, tmp_path: Path
) -> None:
    """Every graph ends once, and it is the one that a search alone tries, with its score."""
    config = write_config(tmp_path / 'tiny.py', 'search/ktg_3node_digits.py', CONFIG, ('slow_steps',))
    (folder := tmp_path / 'run').mkdir()
    words = (config, '--work-dir', folder, '--address', cluster.address, '--workers', '5', *EACH)
    driver = tools.start_cold('ray_search.py', *words, SLOW_WHILE=str(slow))
    wait_for(lambda: len(at_work(folder)) == 4, driver)
    assert len(list(folder.glob('ray_*.log'))) == 4  # the fifth waits for a place
    ended = dict(zip(sorted(at_work(folder)), (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM), strict=False))
    for process, how in ended.items():
        os.kill(process, how)
    cluster.add_node(**MACHINE)
    wait_for(lambda: len(list(folder.glob('ray_*.log'))) == 5, driver)
    wait_for(lambda: len(at_work(folder) - {*ended}) >= 5, driver)
    cluster.remove_node(cluster.second, allow_graceful=False)
    time.sleep(1)
    slow.unlink()
    output, errors = driver.communicate(timeout=SECONDS)
    assert driver.returncode == 0, output + errors
    assert 'best graph: ' in output and 'Traceback' not in output + errors

    tools.run('search.py', config, '--work-dir', tmp_path / 'alone', SLOW_WHILE='nowhere')
    alone = {trial.user_attrs[INDEX]: (trial.user_attrs[KEY], trial.value) for trial in trials_of(tmp_path / 'alone')}
    trials = trials_of(folder)
    continued = {trial.user_attrs[CONTINUES] for trial in trials if CONTINUES in trial.user_attrs}
    ends = [trial for trial in trials if trial.number not in continued and was_begun(trial)]
    assert all(trial.state == TrialState.COMPLETE for trial in ends) and len(ends) == TRIALS
    assert {trial.user_attrs[INDEX]: (trial.user_attrs[KEY], trial.value) for trial in ends} == alone
    assert len(continued) >= len(ended)


def test_the_end_of_the_command_leaves_the_trials_to_be_continued(
    tools: Any, cluster: Any, slow: Path, write_config: Callable, tmp_path: Path
) -> None:
    config = write_config(tmp_path / 'tiny.py', 'search/ktg_3node_digits.py', CONFIG, ('slow_steps',))
    (folder := tmp_path / 'run').mkdir()
    words = (config, '--work-dir', folder, '--address', cluster.address, '--workers', '2', *EACH)
    driver = tools.start_cold('ray_search.py', *words, SLOW_WHILE=str(slow))
    wait_for(lambda: len(at_work(folder)) == 2, driver)
    driver.send_signal(signal.SIGTERM)
    errors = driver.communicate(timeout=SECONDS)[1]
    assert driver.returncode == 130 and errors.endswith('interrupted\n'), errors
    assert not at_work(folder) and any(trial.state == TrialState.WAITING for trial in trials_of(folder))
