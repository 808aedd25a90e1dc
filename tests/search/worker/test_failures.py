"""Failures stop a search where they can be no accident."""

import optuna
import pytest

from ktg_mm.errors import UserError
from ktg_mm.search.worker.failures import Failures
from ktg_mm.search.worker.verdict import Verdict

FAULT, ACCIDENT = Verdict('failed: no disk', is_fault=True), Verdict('failed: out of memory')


def counted(failures: Failures, verdict: Verdict, study: optuna.Study) -> int:
    """How many may fail before the search stops."""
    for number in range(1, 30):
        if isinstance(error := failures.count(verdict, study), UserError):
            end = verdict.end.removeprefix('failed: ')
            assert str(error) == f'the search stops, {number} trials in a row failed: {end}'
            return number
    return 30


@pytest.mark.parametrize(('verdict', 'number'), [(FAULT, 5), (ACCIDENT, 10)])
def test_where_nobody_has_trained_a_graph(verdict: Verdict, number: int) -> None:
    assert counted(Failures(), verdict, optuna.create_study()) == number


@pytest.mark.parametrize(('verdict', 'number'), [(FAULT, 5), (ACCIDENT, 30)])
def test_where_somebody_has(verdict: Verdict, number: int) -> None:
    study = optuna.create_study()
    study.add_trial(optuna.trial.create_trial(value=1.0))
    assert counted(Failures(), verdict, study) == number


def test_faults_are_counted_anew_after_one_that_came_to_its_end() -> None:
    study, failures = optuna.create_study(), Failures()
    study.add_trial(optuna.trial.create_trial(value=1.0))
    for _ in range(4):
        assert failures.count(FAULT, study) is None
    failures.forget_faults()
    assert counted(failures, FAULT, study) == 5
