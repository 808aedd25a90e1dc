"""What a run reports reaches the trial, and the pruner's answer comes back."""

from collections.abc import Callable
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.study import Study
from optuna.trial import TrialState

from ktg_mm.search.study.optuna_private import study_through
from ktg_mm.search.study.retries import CONTINUES, EPOCH, ROOT, CountedOnce, as_first
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


PRUNERS = [
    dict(type='SuccessiveHalvingPruner'),
    dict(type='HyperbandPruner', min_resource=1, max_resource=8),
    dict(type='MedianPruner', n_startup_trials=2),
    dict(type='NopPruner'),
]


@pytest.mark.parametrize('pruner', PRUNERS, ids=lambda pruner: pruner['type'])
def test_the_trials_are_read_once_a_report(pruner: dict[str, Any], reads_of: Callable[[Study], list[object]]) -> None:
    study = optuna.create_study(direction='maximize')
    built = build_pruner(ASHAHook(pruner).pruner)
    reporters = [TrialReporter(study.ask(), built, lambda metrics: None) for _ in range(4)]
    reads = reads_of(study)
    for step in (1, 2, 3, 4):
        for score, one in enumerate(reporters):
            one.report(float(score), step)
            assert len(reads) == 1
            reads.clear()


@pytest.mark.parametrize('pruner', PRUNERS, ids=lambda pruner: pruner['type'])
def test_decides_as_one_that_reads_whenever_it_wants_to(pruner: dict[str, Any]) -> None:
    """Twenty trials in random order, of which every third is lost once and goes on as another trial."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def report(trial: optuna.Trial, built: optuna.pruners.BasePruner, value: float, step: int) -> bool:
        trial.report(value, step)
        mine = trial.study.get_trials()[trial.number]
        return built.prune(study_through(trial.study, CountedOnce), as_first(mine))

    answers: list[list[bool]] = []
    for once in (True, False):
        draw, built = np.random.default_rng(3), build_pruner(ASHAHook(pruner).pruner)
        study = optuna.create_study(direction='maximize', study_name='same', sampler=optuna.samplers.RandomSampler(0))
        running = [(study.ask(), draw.normal()) for _ in range(20)]
        said: list[bool] = []
        for step in (1, 2, 4):
            for i in draw.permutation(len(running)).tolist():
                trial, quality = running[i]
                if step == 2 and i % 3 == 0:  # its worker dies before the second rung
                    study.tell(trial, state=TrialState.FAIL)
                    study.enqueue_trial({}, user_attrs={CONTINUES: trial.number, ROOT: trial.number})
                    running[i] = trial, quality = study.ask(), quality
                value = quality + draw.normal()
                reporter = TrialReporter(trial, built, lambda metrics: None)
                said.append(reporter.report(value, step) if once else report(trial, built, value, step))
                if step == 4:
                    study.tell(trial, value)
        answers.append(said)
    assert answers[0] == answers[1]
    assert any(answers[0]) == (pruner['type'] != 'NopPruner')
