"""Trials whose worker is gone get an end, and it says why."""

import time
from pathlib import Path

import optuna
import pytest
from optuna.storages import BaseStorage
from optuna.study import Study
from optuna.trial import TrialState

from ktg_mm.search import open_storage
from ktg_mm.search.study.lost_trials import LostTrials, give_up_running
from ktg_mm.search.study.optuna_private import record_heartbeat
from ktg_mm.search.study.retries import END, LOST, WORKER, was_cut_short


@pytest.fixture
def storage(tmp_path: Path) -> BaseStorage:
    return open_storage(f'sqlite:///{tmp_path}/search.db', heartbeat=1)


@pytest.fixture
def study(storage: BaseStorage) -> Study:
    return optuna.create_study(storage=storage)


def look_until_lost(lost: LostTrials, study: Study) -> float:
    start = time.monotonic()
    while study.trials[0].state == TrialState.RUNNING:
        assert time.monotonic() - start < 20
        lost.look()
        time.sleep(0.05)
    return time.monotonic() - start


@pytest.mark.parametrize('alive_once', [False, True], ids=['unborn', 'stale'])
def test_a_trial_without_a_sign_of_life_is_lost(study: Study, alive_once: bool) -> None:
    trial = study.ask()
    if alive_once:
        record_heartbeat(trial)
        trial.set_user_attr(WORKER, 'host:1')
    took = look_until_lost(LostTrials(study, heartbeat=1), study)
    assert took > 3  # SQLite's clock counts whole seconds
    assert study.trials[0].state == TrialState.FAIL
    assert study.trials[0].user_attrs[END] == LOST  # known from birth: a dead worker says nothing
    assert was_cut_short(study.trials[0])


@pytest.mark.slow
def test_a_living_trial_stays(study: Study) -> None:
    trial = study.ask()
    trial.set_user_attr(WORKER, 'host:1')
    lost = LostTrials(study, heartbeat=1)
    for _ in range(12):
        record_heartbeat(trial)
        lost.look()
        time.sleep(0.5)
    assert study.trials[0].state == TrialState.RUNNING


def test_two_workers_look_at_once(study: Study) -> None:
    study.ask()
    first, second = LostTrials(study, heartbeat=0), LostTrials(study, heartbeat=0)
    stale = study.get_trials(deepcopy=False)
    first.look()
    first.look()
    assert study.trials[0].state == TrialState.FAIL
    # The second saw the trial as running before the first had ended it.
    second._unborn = {0: 0.0}
    second._end_unborn(_Seeing(study, stale))


class _Seeing:
    """A study as it was a moment ago."""

    def __init__(self, study: Study, trials: list) -> None:
        self._was, self._trials = study, trials

    def __getattr__(self, name: str):
        return getattr(self._was, name)

    def get_trials(self, **_):
        return self._trials


def test_give_up_running(tmp_path: Path) -> None:
    study = optuna.create_study(storage=open_storage(f'journal://{tmp_path}/journal'))
    study.ask()
    study.tell(study.ask(), 1.0)
    give_up_running(study)
    assert [trial.state for trial in study.trials] == [TrialState.FAIL, TrialState.COMPLETE]
    assert study.trials[0].user_attrs[END] == LOST
