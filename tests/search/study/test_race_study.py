"""What the study of a race says."""

import math
from typing import Any

import optuna
import pytest
from optuna.study import Study
from optuna.trial import TrialState, create_trial
from small_search import chosen, config

from ktg_mm.errors import UserError
from ktg_mm.search import Candidates
from ktg_mm.search.race.race import Job
from ktg_mm.search.space.candidates import KEY
from ktg_mm.search.study.race_study import (
    Racers,
    ended_jobs,
    find_race,
    first_seed,
    job_of,
    race_identity,
    race_name,
    race_result,
)
from ktg_mm.search.study.retries import (
    CONTINUES,
    DRAWN_TWICE,
    END,
    FAILED,
    INDEX,
    INTERRUPTED,
    LOST,
    NOT_BEGUN,
    ROOT,
)
from ktg_mm.search.study.study import create_study

RACE = dict(enqueue=['independent', 'dml'], baseline='dml', race=dict(graphs=2, seeds=3), trials=50)


def told(study: Study, key: str | None, end: str = 'complete', value: float | None = None, **attributes: Any) -> None:
    """Adds a trial that has ended so."""
    attributes |= {END: end} | ({KEY: key} if key else {})
    state = TrialState.FAIL if value is None else TrialState.COMPLETE
    study.add_trial(create_trial(state=state, value=value, user_attrs=attributes))


def test_runs_that_have_ended() -> None:
    study = optuna.create_study(direction='maximize')
    told(study, 'dml, seed 1', value=90.0)
    told(study, 'dml, seed 2', f'{FAILED}: the loss is not finite')
    told(study, 'trial 7, seed 1', LOST)  # 2: goes on as 3
    told(study, 'trial 7, seed 1', value=91.0, **{CONTINUES: 2, ROOT: 2})
    told(study, 'trial 7, seed 2', LOST)  # 4: nobody goes on yet
    told(study, 'dml, seed 1', f'{NOT_BEGUN}: another worker has it', **{DRAWN_TWICE: True})
    told(study, 'trial 8, seed 1', INTERRUPTED)  # 6
    told(study, None, LOST)  # 7: before it had a run
    study.add_trial(create_trial(state=TrialState.RUNNING, user_attrs={KEY: 'trial 8, seed 2'}))
    found = ended_jobs(study, allowed=3)
    assert found.pop(Job('dml', 2)) is math.nan
    assert found == {Job('dml', 1): 90.0, Job('trial 7', 1): 91.0}


def test_a_run_that_is_lost_too_often_has_no_score() -> None:
    study = optuna.create_study(direction='maximize')
    told(study, 'dml, seed 1', LOST)
    for number in range(2):
        assert ended_jobs(study, allowed=2) == {}
        told(study, 'dml, seed 1', LOST, **{CONTINUES: number, ROOT: 0})
    assert math.isnan(ended_jobs(study, allowed=2)[Job('dml', 1)])
    assert ended_jobs(study, allowed=3) == {}


def test_the_names_of_runs() -> None:
    for job in (Job('trial 7', 3), Job('mine, seed 3+cut', 12)):
        assert job_of(str(job)) == job


def test_the_newest_race_is_found() -> None:
    storage = optuna.storages.InMemoryStorage()
    searched = optuna.create_study(storage=storage, study_name='mine')
    assert find_race(searched) is None
    for name in (
        race_name('mine', 50),
        race_name('mine', 100),
        race_name('mine', 9),
        race_name('other', 500),
        'mine race after work',
    ):
        optuna.create_study(storage=storage, study_name=name)
    assert find_race(searched).study_name == 'mine race after 100 trials'


@pytest.mark.parametrize(('randomness', 'seed'), [(None, 1), (dict(seed=7), 8), (dict(seed=None), 1)])
def test_the_first_seed_is_one_that_the_search_does_not_have(randomness: Any, seed: int) -> None:
    assert first_seed(Candidates(config(whole=dict(randomness=randomness)))) == seed


@pytest.fixture
def searched() -> Study:
    """Of five graphs; the best is one that continues another, and the independent ones have failed."""
    study = optuna.create_study(direction='maximize', study_name='mine')
    told(study, 'independent', f'{FAILED}: out of memory', **{INDEX: 0})
    told(study, 'dml', value=90.0, **{INDEX: 1})
    told(study, 'a', LOST, **{INDEX: 2})
    told(study, 'b', value=91.0, **{INDEX: 3})
    told(study, 'c', value=89.0, **{INDEX: 4})
    told(study, 'a', value=92.0, **{INDEX: 2, CONTINUES: 2, ROOT: 2})
    return study


def test_who_runs(searched: Study) -> None:
    racers = Racers(Candidates(config(**RACE)), searched)
    assert list(racers.trials) == ['trial 5', 'trial 3', 'dml', 'trial 4']  # the best first
    jobs = racers.race().jobs({})
    assert list(dict.fromkeys(job.graph for job in jobs)) == ['trial 5', 'trial 3', 'dml']
    assert {job.seed for job in jobs} == {1, 2}
    assert racers.trial('independent').number == 0  # though it has failed
    assert racers.values('independent')['model.edges.b->a.gate'] == 'cutoff'


def test_who_runs_where_less_is_better(searched: Study) -> None:
    study = optuna.create_study(direction='minimize')
    study.add_trials(searched.get_trials())
    metric = dict(name='a/brier/score', direction='minimize')
    racers = Racers(Candidates(config(metric=metric, **RACE)), study)
    assert list(racers.trials) == ['trial 4', 'dml', 'trial 3', 'trial 5']
    race = racers.race()
    ended = {job: {'trial 4': 0.1, 'trial 3': 0.2, 'dml': 0.3}[job.graph] + job.seed for job in race.jobs({})}
    while jobs := race.jobs(ended):
        ended |= {job: (0.1 if job.graph == 'trial 4' else 0.3) + job.seed for job in jobs}
    assert race.result(ended).winner == 'trial 4'


def test_a_search_before_its_end_knows_the_baselines_alone() -> None:
    racers = Racers(Candidates(config(**dict(RACE, baseline=None))), optuna.create_study(direction='maximize'))
    assert [str(job) for job in racers.race().early_jobs()] == [
        f'{name}, seed {seed}' for seed in (1, 2) for name in ('independent', 'dml')
    ]


def test_the_result(searched: Study) -> None:
    candidates = Candidates(config(**RACE))
    assert race_result(candidates, searched) is None  # no race
    name = race_name('mine', 50)
    study = create_study(searched._storage, name, candidates.directions, race_identity(candidates))
    race = Racers(candidates, searched).race()
    while jobs := race.jobs(ended_jobs(study, 3)):
        assert race_result(candidates, searched) is None  # not over
        for job in jobs:
            if job not in ended_jobs(study, 3):
                told(study, str(job), value=90.0 + 2 * (job.graph == 'trial 5') + job.seed / 100)
    result = race_result(candidates, searched)
    assert (result.found, result.baseline, result.winner) == ('trial 5', 'dml', 'trial 5')
    assert race_result(Candidates(config(**dict(RACE, race=None))), searched) is None  # whose config has none


@pytest.mark.parametrize('change', [dict(race=dict(graphs=3, seeds=3)), dict(baseline='independent')])
def test_another_race_is_refused(searched: Study, change: dict[str, Any]) -> None:
    candidates, others = (Candidates(config(**dict(RACE, **more))) for more in ({}, change))
    name = race_name('mine', 50)
    create_study(searched._storage, name, candidates.directions, race_identity(candidates))
    with pytest.raises(UserError, match=r'with another race or baseline; give the config that was searched with$'):
        race_result(others, searched)
    with pytest.raises(UserError, match=r'with another race or baseline; give another name$'):
        create_study(searched._storage, name, others.directions, race_identity(others))


def test_a_graph_that_was_enqueued_has_its_own_values() -> None:
    candidates = Candidates(config(**RACE))
    assert candidates.enqueued['dml'] == chosen(candidates)
