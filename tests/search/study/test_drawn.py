"""Drawn values reach the study as they are, whatever its sampler would have drawn."""

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from ktg_mm.search.study.drawn import DrawnSampler, suggest

CASES = {
    'gate': (CategoricalDistribution(['through', 'cutoff']), 'cutoff'),
    'depth': (IntDistribution(8, 32, step=6), 20),
    'width': (IntDistribution(1, 64, log=True), 16),
    'rate': (FloatDistribution(1e-4, 1.0, log=True), 0.03125),
    'phase': (FloatDistribution(0.0, 1.0, step=0.25), 0.75),
}


def test_the_study_has_the_values_and_their_distributions() -> None:
    sampler = DrawnSampler()
    sampler.values = {name: value for name, (_, value) in CASES.items()}
    study = optuna.create_study(sampler=sampler)
    trial = study.ask()
    for name, (distribution, value) in CASES.items():
        assert suggest(trial, name, distribution) == value
    kept = study.trials[0]
    assert kept.params == sampler.values
    assert kept.distributions == {name: distribution for name, (distribution, _) in CASES.items()}


def test_queued_values_come_first() -> None:
    sampler = DrawnSampler()
    sampler.values = {'gate': 'through'}
    study = optuna.create_study(sampler=sampler)
    study.enqueue_trial({'gate': 'cutoff'})
    assert suggest(study.ask(), 'gate', CASES['gate'][0]) == 'cutoff'


def test_a_value_that_nobody_has_drawn() -> None:
    with pytest.raises(KeyError, match='gate'):
        suggest(optuna.create_study(sampler=DrawnSampler()).ask(), 'gate', CASES['gate'][0])
