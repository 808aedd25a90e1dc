"""A trial of a race has a run of its own, whoever looks at the same time and whoever is lost."""

import math
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest
from optuna.study import Study
from optuna.trial import Trial, TrialState

from ktg_mm.apis import load_config
from ktg_mm.search.race.race import Job, race_runs
from ktg_mm.search.space.candidates import KEY, Candidates
from ktg_mm.search.study.retries import DRAWN_TWICE, END, FAILED, LOST, note_end, requeue
from ktg_mm.search.worker.drawn_trials import DrawnTrials
from ktg_mm.search.worker.race_trials import RaceTrials
from ktg_mm.search.worker.verdict import NotBegunError

DIGITS = Path(__file__).parents[3] / 'configs/search/ktg_3node_digits.py'
GRAPHS, SEEDS, TRIALS = 3, 4, 6


@pytest.fixture(scope='module')
def candidates() -> Candidates:
    cfg = load_config(DIGITS)
    race = dict(graphs=GRAPHS, seeds=SEEDS)
    cfg.search.update(enqueue=['independent', 'dml'], baseline='dml', race=race, pretrain=False)
    return Candidates(cfg)


@pytest.fixture(scope='module')
def searched(candidates: Candidates) -> Study:
    """A search that has ended; trial 3 has failed, and of the others the later ones are better."""
    study = optuna.create_study(direction='maximize')
    drawn = DrawnTrials(candidates, study, TRIALS)
    for number in range(TRIALS):
        drawn.candidate(trial := study.ask())
        if number == 3:
            note_end(trial, f'{FAILED}: out of memory')
            study.tell(trial, state=TrialState.FAIL)
        else:
            study.tell(trial, 90.0 + number)
    return study


@pytest.fixture
def workers(candidates: Candidates, searched: Study) -> Callable[..., list[tuple[Study, RaceTrials]]]:
    """Makes workers that share a new study of the race."""
    storage = optuna.storages.InMemoryStorage()
    optuna.create_study(storage=storage, study_name='race', direction='maximize')

    def make(*early: bool) -> list[tuple[Study, RaceTrials]]:
        studies = [optuna.load_study(storage=storage, study_name='race') for _ in early]
        made = (
            RaceTrials(candidates, searched, study, is_early) for study, is_early in zip(studies, early, strict=True)
        )
        return list(zip(studies, made, strict=True))

    return make


def score(job: Job) -> float:
    """Trial 4 is the best, but for one of its seeds that fails."""
    return math.nan if job == Job('trial 4', 4) else dict(dml=90.0, independent=89.0).get(job.graph, 91.0) + job.seed


def end(study: Study, trial: Trial) -> None:
    """Ends a run with its score."""
    job = Job(trial.user_attrs[KEY].split(',')[0], int(trial.user_attrs[KEY].split()[-1]))
    if math.isnan(score(job)):
        note_end(trial, f'{FAILED}: the loss is not finite')
        study.tell(trial, state=TrialState.FAIL)
    else:
        study.tell(trial, score(job))


def key_of(trial: Trial) -> str:
    return trial.user_attrs[KEY]


def test_a_race_by_one_worker(candidates: Candidates, searched: Study, workers: Callable) -> None:
    ((study, race),) = workers(False)
    assert race.waits
    while race.is_left(study.get_trials()):
        candidate = race.candidate(trial := study.ask())
        graph = key_of(trial).split(',')[0]
        number = dict(independent=0, dml=1).get(graph) if ' ' not in graph else int(graph.split()[1])
        assert candidate.key == searched.trials[number].user_attrs[KEY]
        assert candidate.config['randomness']['seed'] == int(key_of(trial).split()[-1])
        end(study, trial)
    trials = study.get_trials()
    assert len({trial.user_attrs[KEY] for trial in trials}) == len(trials) == race_runs(GRAPHS, SEEDS, 1) == 22
    first = [f'{name}, seed {seed}' for seed in (1, 2) for name in ('trial 5', 'trial 4', 'trial 2', 'dml')]
    assert [trial.user_attrs[KEY] for trial in trials[:8]] == first
    assert race.is_left(trials) is False
    result = race.result()
    assert (result.found, result.baseline) == ('trial 5', 'dml')  # trial 4 has failed once
    last = {trial.user_attrs[KEY] for trial in trials[-2 * SEEDS :]}
    assert last == {f'{name}, seed {seed}' for seed in (5, 6, 7, 8) for name in ('trial 5', 'dml')}


@pytest.mark.parametrize('order', [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
def test_workers_that_look_at_once(order: tuple[int, ...], workers: Callable) -> None:
    both = workers(False, False)
    trials = [both[i % 2][0].ask() for i in range(4)]
    for i in order:
        both[i % 2][1].candidate(trials[i])
    assert len({key_of(trial) for trial in trials}) == 4


def test_another_takes_a_run_while_one_is_choosing(workers: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between its look at what is there and its word what it takes."""
    (one, first), (two, second) = workers(False, False)
    mine, others = one.ask(), two.ask()
    write = mine.set_user_attr

    def late(name: str, value: object) -> None:
        if name == KEY:
            second.candidate(others)
        write(name, value)

    monkeypatch.setattr(mine, 'set_user_attr', late)
    first.candidate(mine)
    assert key_of(mine) != key_of(others)


def test_who_comes_second_leaves_a_run_to_the_first(workers: Callable) -> None:
    (one, first), (two, second) = workers(False, False)
    mine, others = one.ask(), two.ask()
    others.set_user_attr(KEY, 'dml, seed 2')
    mine.set_user_attr(KEY, 'dml, seed 2')
    with pytest.raises(NotBegunError, match='another worker has drawn the same graph at the same time'):
        second.candidate(others)
    assert others.user_attrs[DRAWN_TWICE]
    assert first.candidate(mine).config['randomness']['seed'] == 2
    assert first.is_left(one.get_trials())


def test_the_end_of_a_round_is_waited_for(workers: Callable) -> None:
    (one, first), (two, second) = workers(False, False)
    trials = [one.ask() for _ in range(8)]  # of the first round
    for trial in trials:
        first.candidate(trial)
    assert second.is_left(two.get_trials()) is None
    with pytest.raises(NotBegunError, match='another worker began the last run at the same time'):
        second.candidate(late := two.ask())
    assert late.user_attrs[DRAWN_TWICE]
    two.tell(late, state=TrialState.FAIL)
    for trial in trials[:-1]:
        end(one, trial)
    assert second.is_left(two.get_trials()) is None and second.result() is None
    end(one, trials[-1])
    assert second.is_left(two.get_trials())
    second.candidate(after := two.ask())
    assert key_of(after) == 'trial 5, seed 3'


def test_the_baselines_first_runs_are_reused(candidates: Candidates, workers: Callable) -> None:
    empty = optuna.create_study(direction='maximize')  # before the search
    ((study, race),) = workers(True)
    before = RaceTrials(candidates, empty, study, early=True)
    assert not before.waits
    trials = []
    while before.is_left(study.get_trials()):
        before.candidate(trial := study.ask())
        trials.append(trial)
    assert [key_of(trial) for trial in trials] == ['dml, seed 1', 'dml, seed 2']
    assert before.is_left(study.get_trials()) is False and before.result() is None
    end(study, trials[0])
    assert before.ended() == {Job('dml', 1): 91.0}
    ((study, race),) = workers(False)
    keys = []
    for _ in range(6):
        race.candidate(trial := study.ask())
        keys.append(key_of(trial))
    assert keys == [f'{name}, seed {seed}' for seed in (1, 2) for name in ('trial 5', 'trial 4', 'trial 2')]
    assert race.is_left(study.get_trials()) is None  # one of them is still under way


def test_a_run_that_is_lost_goes_on(workers: Callable) -> None:
    ((study, race),) = workers(False)
    race.candidate(trial := study.ask())
    trial.set_user_attr(END, LOST)
    study.tell(trial, state=TrialState.FAIL)
    assert race.ended() == {} and requeue(study, retries=3) == 1
    candidate = race.candidate(again := study.ask())
    assert key_of(again) == key_of(trial) == 'trial 5, seed 1' and candidate.config['randomness']['seed'] == 1
    race.candidate(other := study.ask())
    assert key_of(other) == 'trial 4, seed 1'
    study.tell(again, 91.0)
    assert race.ended() == {Job('trial 5', 1): 91.0}


def test_who_goes_on_with_a_trial_that_had_no_run_takes_one(workers: Callable) -> None:
    """Its worker has died before; no other run is held up by it, nor done twice."""
    ((study, race),) = workers(False)
    study.tell(study.ask(), state=TrialState.FAIL)
    assert requeue(study, retries=3) == 1
    keys = []
    for _ in range(8):
        race.candidate(trial := study.ask())
        keys.append(key_of(trial))
    assert len(set(keys)) == 8
    assert race.is_left(study.get_trials()) is None
