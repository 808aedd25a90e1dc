"""A trial has a graph of its own, and those that cannot have one do not begin."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.study import Study

from ktg_mm.apis import load_config
from ktg_mm.search.space.candidates import KEY, Candidates
from ktg_mm.search.study.retries import CONTINUES, DRAWN_TWICE, INDEX, ROOT
from ktg_mm.search.worker.drawn_trials import DrawnTrials
from ktg_mm.search.worker.verdict import NotBegunError

DIGITS = Path(__file__).parents[3] / 'configs/search/ktg_3node_digits.py'


@pytest.fixture
def candidates() -> Candidates:
    return Candidates(load_config(DIGITS))


def test_each_is_drawn_once_and_written_down(candidates: Candidates) -> None:
    study = optuna.create_study(direction='maximize')
    drawn = DrawnTrials(candidates, study, 2)
    trials = [study.ask() for _ in range(3)]
    found = [drawn.candidate(trial) for trial in trials[:2]]
    assert [trial.user_attrs[INDEX] for trial in trials[:2]] == [0, 1]
    assert [trial.params for trial in trials[:2]] == [candidate.values for candidate in found]
    assert len({candidate.key for candidate in found}) == 2
    with pytest.raises(NotBegunError, match='another worker began the last trial at the same time'):
        drawn.candidate(trials[2])


def test_one_that_goes_on_has_the_graph_of_the_first(candidates: Candidates) -> None:
    study = optuna.create_study(direction='maximize')
    drawn = DrawnTrials(candidates, study, 2)
    first = drawn.candidate(trial := study.ask())
    attributes = {CONTINUES: 0, ROOT: 0, INDEX: 0, KEY: first.key}
    for _ in range(2):
        study.enqueue_trial(trial.params, user_attrs=attributes)
    assert drawn.candidate(study.ask()).config == first.config
    with pytest.raises(NotBegunError, match='another trial goes on with the same one'):
        drawn.candidate(study.ask())


def test_a_graph_that_another_worker_has_drawn(candidates: Candidates) -> None:
    study = optuna.create_study(direction='maximize')
    drawn = DrawnTrials(candidates, study, 2)
    others, mine = study.ask(), study.ask()
    others.set_user_attr(KEY, candidates.draw(1, study, study.get_trials()[1]).key)
    others.set_user_attr(INDEX, 0)
    with pytest.raises(NotBegunError, match='another worker has drawn the same graph at the same time'):
        drawn.candidate(mine)
    assert mine.user_attrs[DRAWN_TWICE]


@pytest.mark.parametrize('sampler', ['RandomSampler', 'RegularizedEvolutionSampler', 'TPESampler'])
def test_two_reads_a_trial(sampler: str, reads_of: Callable[[Study], list[object]]) -> None:
    """One before it is drawn and one after it, whatever the sampler looks at and however often it draws."""
    study = optuna.create_study(direction='maximize')
    arguments = dict(RegularizedEvolutionSampler=dict(first=2), TPESampler=dict(n_startup_trials=2)).get(sampler, {})
    cfg = load_config(DIGITS)
    cfg.search.sampler = dict(type=sampler, seed=0, **arguments)
    drawn, reads = DrawnTrials(Candidates(cfg), study, 4), reads_of(study)
    for score in range(4):
        trial = study.ask()
        reads.clear()
        drawn.candidate(trial)
        assert len(reads) == 2
        study.tell(trial, float(score))


def test_what_another_worker_has_drawn_is_not_drawn_again(candidates: Candidates, monkeypatch: Any) -> None:
    """A worker that joins late draws its own graphs alone, and they are those of one that has drawn all."""
    alone = optuna.create_study(direction='maximize')
    drawn = DrawnTrials(candidates, alone, 9)
    keys = [drawn.candidate(alone.ask()).key for _ in range(6)]
    storage = optuna.storages.InMemoryStorage()
    optuna.create_study(storage=storage, study_name='shared', direction='maximize')
    studies = [optuna.load_study(storage=storage, study_name='shared') for _ in range(2)]
    first, late = (DrawnTrials(Candidates(load_config(DIGITS)), study, 9) for study in studies)
    trials = [study.ask() for study in [studies[0]] * 4 + [studies[1]] * 2]
    found = [first.candidate(trial) for trial in trials[:3]]
    made: list[int] = []
    draw = Candidates._draw
    monkeypatch.setattr(Candidates, '_draw', lambda self, index, *rest: made.append(index) or draw(self, index, *rest))
    found += [late.candidate(trials[4]), late.candidate(trials[5]), first.candidate(trials[3])]
    assert made == [3, 4, 5, 3]  # the trial of index 3 had no graph yet
    assert [candidate.key for candidate in found] == [keys[i] for i in (0, 1, 2, 4, 5, 3)]
