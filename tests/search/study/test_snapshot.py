"""A snapshot is read once, and sees what is written through it."""

from collections.abc import Callable

import optuna
import pytest
from optuna.study import Study
from optuna.trial import TrialState

from ktg_mm.search.study.snapshot import snapshot_of


@pytest.fixture
def study() -> Study:
    study = optuna.create_study()
    study.ask()
    study.tell(study.ask(), 1.0)
    return study


def test_reads_once_whatever_is_asked(study: Study, reads_of: Callable[[Study], list[object]]) -> None:
    reads, seen = reads_of(study), snapshot_of(study)
    assert [trial.state for trial in seen.get_trials(deepcopy=False)] == [TrialState.RUNNING, TrialState.COMPLETE]
    assert [trial.number for trial in seen.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))] == [1]
    assert seen.trials[1].values == [1.0] and len(reads) == 1
    study.ask()
    assert len(seen.trials) == 2 and len(study.trials) == 3


def test_a_copy_is_one(study: Study) -> None:
    seen = snapshot_of(study)
    seen.trials[0].user_attrs['mine'] = 1
    assert seen.get_trials(deepcopy=False)[0].user_attrs == {} == study.trials[0].user_attrs


@pytest.mark.parametrize(
    'write',
    [
        lambda seen: seen.enqueue_trial({}, user_attrs=dict(new=1)),
        lambda seen: seen.tell(0, 2.0),
        lambda seen: optuna.Trial(seen, 0).set_user_attr('new', 1),
        lambda seen: optuna.Trial(seen, 0).report(1.0, 1),
        lambda seen: optuna.Trial(seen, 0).suggest_float('x', 0, 1),
    ],
    ids=['enqueued', 'told', 'attribute', 'reported', 'drawn'],
)
def test_what_is_written_through_it_is_read_again(
    study: Study, write: Callable[[Study], object], reads_of: Callable[[Study], list[object]]
) -> None:
    seen = snapshot_of(study)
    before = seen.trials
    write(seen)
    assert seen.trials == study.trials != before
    reads = reads_of(study)
    assert len(seen.trials) == len(seen.trials) and not reads  # read again just now


def test_what_is_written_of_the_study_keeps_it(study: Study, reads_of: Callable[[Study], list[object]]) -> None:
    reads, seen = reads_of(study), snapshot_of(study)
    assert len(seen.trials) == 2
    seen.set_user_attr('exhausted', True)
    assert len(seen.trials) == 2 and len(reads) == 1 and study.user_attrs == dict(exhausted=True)
