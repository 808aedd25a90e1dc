"""What the benchmark of the storage fills a study with, what it measures there, and that it finds lost graphs."""

import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import optuna
import pytest
from optuna.trial import TrialState, create_trial

from ktg_mm.search import load_study, open_storage
from ktg_mm.search.space.candidates import KEY
from ktg_mm.search.study.retries import COMPLETE, CONTINUES, END, INDEX, LOST, ROOT, workers_of

FOLDER = Path(__file__).parents[3] / 'tools/benchmarks'


@pytest.fixture
def storage(tmp_path: Path) -> str:
    return f'sqlite:///{tmp_path}/search.db'


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Loads a module of the benchmarks by its name."""
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module


def test_a_filled_study_is_like_one_that_was_searched(load: ModuleType, storage: str, monkeypatch: object) -> None:
    reports = load('storage_reports')
    monkeypatch.setattr(reports, '_DISTINCT', 4)
    running = reports.fill(storage, 'filled', ended=3, running=3)
    assert reports.fill(storage, 'filled', ended=10, running=3) == running == [0, 1, 2]
    trials = load_study(open_storage(storage), 'filled').get_trials()
    assert [trial.number for trial in trials] == list(range(13))
    assert [trial.state for trial in trials] == [TrialState.RUNNING] * 3 + [TrialState.PRUNED] * 10
    assert len(workers_of(trials)) == 3
    first, copied = trials[3], trials[7]  # of four that differ
    assert copied.params == first.params and copied.user_attrs == first.user_attrs
    assert copied.intermediate_values == first.intermediate_values and copied.value == first.value
    rungs = {f'completed_rung_{k}': value for k, value in enumerate(first.intermediate_values.values())}
    assert first.system_attrs == rungs == copied.system_attrs


@pytest.mark.parametrize('own', [False, True])
def test_reports_are_timed_and_written(load: ModuleType, storage: str, own: bool) -> None:
    reports = load('storage_reports')
    running = reports.fill(storage, 'timed', ended=2, running=3)
    taken = reports.time_reports(storage, 'timed', running[:2], step=4, own=own)
    assert [len(taken[of]) for of in ('clock', 'cpu')] == [2, 2] and min(taken['clock']) > 0
    trials = load_study(open_storage(storage), 'timed').get_trials()
    assert [4 in trial.intermediate_values for trial in trials[:3]] == [True, True, False]


def add(
    study: optuna.Study, index: int, key: str, state: TrialState = TrialState.COMPLETE, **attributes: object
) -> None:
    attributes = {INDEX: index, KEY: key, END: COMPLETE} | attributes
    value = 1.0 if state == TrialState.COMPLETE else None
    study.add_trial(create_trial(state=state, value=value, user_attrs=attributes))


@pytest.mark.parametrize(
    ('more', 'problem'),
    [
        ([], 'a graph is lost, or there twice'),
        ([(2, 'c'), (2, 'c')], 'a graph is lost, or there twice'),
        ([(2, 'a')], 'a graph was drawn twice'),
        ([(2, 'c', TrialState.RUNNING)], 'a trial has no end'),
        ([(2, 'c', TrialState.FAIL)], "how graphs ended: {'complete': 2, 'fail': 1}"),
    ],
)
def test_what_is_lost_or_doubled_is_found(load: ModuleType, storage: str, more: list, problem: str) -> None:
    study = optuna.create_study(storage=open_storage(storage), study_name='looked at', direction='maximize')
    add(study, 0, 'a', TrialState.FAIL, **{END: LOST})
    add(study, 0, 'a', **{CONTINUES: 0, ROOT: 0})
    add(study, 1, 'b')
    for trial in more:
        add(study, *trial)
    with pytest.raises(AssertionError, match=f'^{problem}'):
        load('storage_search').checked(storage, 'looked at', 3)
    if not more:
        found = load('storage_search').checked(storage, 'looked at', 2)
        assert (found['complete'], found['continued']) == (2, 1)


@pytest.mark.long
def test_the_command(storage: str, tmp_path: Path) -> None:
    words = '--ended 2 4 --running 3 --repeats 1 --workers 3 --trials 9 --kills 2 --heartbeat 1 --json'.split()
    command = [sys.executable, str(FOLDER / 'storage.py'), '--storage', storage, *words]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    _, first, second, search = map(json.loads, ended.stdout.splitlines())
    assert first['report, 2 ended, 3 running']['reports'] == second['report, 4 ended, 3 running']['reports'] == 2
    found = search['search 1']
    assert found['complete'] + found['pruned'] == 9 and found['trials_a_second'] > 0
