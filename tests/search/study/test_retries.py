"""Which trials are continued, how often, and which of a chain count."""

from collections.abc import Callable

import optuna
import pytest
from optuna.study import Study
from optuna.trial import TrialState

from ktg_mm.search.study.retries import (
    COMPLETE,
    CONTINUES,
    END,
    EPOCH,
    FAILED,
    INDEX,
    INTERRUPTED,
    KEY,
    LOST,
    NOT_BEGUN,
    ROOT,
    WORKER,
    earlier_reports,
    is_superfluous,
    last_of_chains,
    requeue,
    root_of,
    this_worker,
    was_begun,
    was_cut_short,
    workers_of,
)


@pytest.fixture
def study() -> Study:
    return optuna.create_study()


def fail(study: Study, end: str | None = LOST, epoch: int = 0, reports: dict[int, float] | None = None) -> None:
    """Takes the next trial, which ends so at that epoch."""
    trial = study.ask()
    if INDEX not in trial.user_attrs:
        trial.suggest_categorical('gate', ['Through', 'Cutoff'])
        trial.set_user_attr(INDEX, trial.number)
        trial.set_user_attr(KEY, f'graph {trial.number}')
    for step, value in (reports or {}).items():
        trial.report(value, step)
    if epoch:
        trial.set_user_attr(EPOCH, epoch)
    if end is not None:
        trial.set_user_attr(END, end)
    study.tell(trial, state=TrialState.FAIL)


@pytest.mark.parametrize(
    ('end', 'cut_short'),
    [
        (LOST, True),
        (None, True),  # died before it could say anything
        (INTERRUPTED, True),
        (f'{INTERRUPTED}: data root: not there', True),
        (COMPLETE, True),  # died between its end and the study's hearing of it
        (f'{FAILED}: out of memory', False),
        (f'{NOT_BEGUN}: another trial goes on with the same one', False),
    ],
)
def test_was_cut_short(study: Study, end: str | None, cut_short: bool) -> None:
    fail(study, end)
    assert was_cut_short(study.trials[0]) is cut_short
    assert requeue(study, retries=3) == cut_short


def test_finished_trials_are_not_continued(study: Study) -> None:
    study.tell(study.ask(), 1.0)
    study.tell(study.ask(), state=TrialState.PRUNED)
    assert requeue(study, retries=3) == 0


def test_a_continuation_knows_what_it_continues(study: Study) -> None:
    fail(study)
    fail(study)
    assert requeue(study, retries=3) == 2
    assert requeue(study, retries=3) == 0  # they have one now
    first = study.trials[0]
    fail(study)
    assert requeue(study, retries=3) == 1
    third = study.trials[4]
    assert third.state == TrialState.WAITING
    assert third.user_attrs == {CONTINUES: 2, ROOT: 0, INDEX: 0, KEY: 'graph 0', END: LOST}
    assert third.system_attrs['fixed_params'] == first.params
    assert root_of(third) == root_of(first) == 0


def test_a_trial_that_gets_no_further_is_given_up(study: Study) -> None:
    for _ in range(3):
        fail(study, epoch=2)
        requeued = requeue(study, retries=2)
    assert requeued == 0
    assert [trial.number for trial in last_of_chains(study)] == [2]


def test_progress_and_interruptions_do_not_count_as_losses(study: Study) -> None:
    for epoch in (0, 1, 1, 2, 2, 4):
        fail(study, epoch=epoch)
        assert requeue(study, retries=2) == 1
    for _ in range(5):
        fail(study, INTERRUPTED, epoch=4)
        assert requeue(study, retries=2) == 1


def test_of_two_continuations_the_first_counts(study: Study) -> None:
    fail(study)
    for _ in range(2):  # two workers look at once
        study.enqueue_trial({}, user_attrs={CONTINUES: 0, ROOT: 0, INDEX: 0, KEY: 'graph 0', END: LOST})
    assert not is_superfluous(study.ask(), study.trials)
    second = study.ask()
    assert is_superfluous(second, study.trials)
    second.set_user_attr(END, f'{NOT_BEGUN}: another trial goes on with the same one')
    study.tell(second, state=TrialState.FAIL)
    assert not was_begun(study.trials[2])
    assert [trial.number for trial in last_of_chains(study)] == [1]


def test_a_superfluous_continuation_that_dies_before_it_says_so_is_not_continued(study: Study) -> None:
    fail(study)
    for _ in range(2):
        study.enqueue_trial({}, user_attrs={CONTINUES: 0, ROOT: 0, INDEX: 0, KEY: 'graph 0', END: LOST})
    first, second = study.ask(), study.ask()
    study.tell(second, state=TrialState.FAIL)
    assert requeue(study, retries=3) == 0
    assert [trial.number for trial in last_of_chains(study)] == [1]
    study.tell(first, state=TrialState.FAIL)
    assert requeue(study, retries=3) == 1
    assert study.trials[3].user_attrs[CONTINUES] == 1


def test_other_ends_without_progress_count_as_losses_too(study: Study) -> None:
    for _ in range(3):
        fail(study, COMPLETE, epoch=2)
        requeued = requeue(study, retries=2)
    assert requeued == 0


def test_earlier_reports_newest_first(study: Study) -> None:
    fail(study, reports={1: 0.1, 2: 0.2})
    requeue(study, retries=3)
    fail(study, reports={2: 0.25, 4: 0.4})
    requeue(study, retries=3)
    assert earlier_reports(study, study.trials[2]) == {1: 0.1, 2: 0.25, 4: 0.4}
    assert earlier_reports(study, study.trials[0]) == {}


def test_a_trial_that_continues_none_reads_nothing(study: Study, reads_of: Callable[[Study], list[object]]) -> None:
    trial, reads = study.ask(), reads_of(study)
    assert earlier_reports(study, trial) == {} and not reads


def test_workers_are_those_of_running_trials(study: Study) -> None:
    for worker in ('a:1', 'a:1', 'b:1', None, 'c:1'):
        trial = study.ask()
        if worker:
            trial.set_user_attr(WORKER, worker)
    study.tell(4, 1.0)
    assert workers_of(study.trials) == {'a:1', 'b:1'}
    assert this_worker() == this_worker() and ':' in this_worker()
