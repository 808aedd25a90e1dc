"""What a run reports reaches the trial, and the pruner's answer comes back."""

import optuna
from optuna.trial import TrialState

from ktg_mm.search.study.retries import EPOCH
from ktg_mm.search.worker.asha_hook import ASHAHook, build_pruner
from ktg_mm.search.worker.reporter import TrialReporter


def reporter(study: optuna.Study) -> TrialReporter:
    return TrialReporter(study.ask(), build_pruner(ASHAHook().pruner), lambda metrics: metrics.get('score'))


def test_reports_and_decides() -> None:
    study = optuna.create_study(direction='maximize')
    first, second = reporter(study), reporter(study)
    assert not first.report(80.0, 1)
    assert second.report(70.0, 1)
    assert not second.taken_away
    assert [trial.intermediate_values for trial in study.trials] == [{1: 80.0}, {1: 70.0}]
    assert [trial.user_attrs[EPOCH] for trial in study.trials] == [1, 1]
    assert first.score({'score': 3.0}) == 3.0


def test_a_trial_that_another_worker_has_ended_stops() -> None:
    study = optuna.create_study(direction='maximize')
    held_up = reporter(study)
    assert not held_up.report(80.0, 1)
    study.tell(0, state=TrialState.FAIL)
    assert held_up.report(90.0, 2)
    assert held_up.taken_away
    assert study.trials[0].intermediate_values == {1: 80.0}
