"""Regularised evolution: who lives, who has a child, and what the child is."""

from collections.abc import Callable

import optuna
import pytest
from mmengine.config import Config
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.study import Study
from optuna.trial import TrialState, create_trial

from ktg_mm.errors import ConfigError
from ktg_mm.search.space.candidates import KEY, Candidates
from ktg_mm.search.space.regularized_evolution import RegularizedEvolutionSampler

SPACE = dict(
    gate=CategoricalDistribution(['through', 'cutoff', 'linear']),
    width=IntDistribution(8, 64, step=8),
    rate=FloatDistribution(0.01, 0.2, log=True),
    only=CategoricalDistribution(['one']),
)


def study_of(*scores: float | None, direction: str = 'maximize') -> Study:
    """Trials one after another, each with values of its own; None is one that was pruned."""
    study = optuna.create_study(direction=direction)
    for i, score in enumerate(scores):
        params = dict(gate='through', width=8 * (i % 8 + 1), rate=0.01 + i / 1000, only='one')
        state = TrialState.COMPLETE if score is not None else TrialState.PRUNED
        study.add_trial(create_trial(state=state, value=score, params=params, distributions=SPACE))
    return study


def child(study: Study, seed: int = 0, **options: int) -> dict:
    sampler = RegularizedEvolutionSampler(seed=seed, **{'first': 1, **options})
    space = sampler.infer_relative_search_space(study, None)
    return sampler.sample_relative(study, None, space)


def parents(study: Study, seeds: int = 40, **options: int) -> set[int]:
    """Whose children are drawn: each trial has a rate and a width of its own, and a child has one of them yet."""
    by_rate, by_width = ({one.params[name]: one.number for one in study.trials} for name in ('rate', 'width'))
    children = [child(study, seed, **options) for seed in range(seeds)]
    return {by_rate.get(one['rate'], by_width.get(one['width'])) for one in children}


def test_a_child_differs_in_one_value():
    study = study_of(1.0)
    changed = set()
    for seed in range(60):
        values = child(study, seed)
        (name,) = (name for name in SPACE if values[name] != study.trials[0].params[name])
        assert SPACE[name]._contains(SPACE[name].to_internal_repr(values[name]))
        changed.add(name)
    assert changed == {'gate', 'width', 'rate'}  # there is no other 'only'


def test_the_best_of_those_that_are_drawn_is_the_parent():
    study = study_of(1.0, 4.0, 3.0, None, 2.0)
    assert parents(study, population_size=4, tournament_size=4) == {1}
    assert parents(study, population_size=4, tournament_size=3) == {1, 2}
    assert parents(study, population_size=4, tournament_size=1) == {0, 1, 2, 4}
    assert parents(study_of(1.0, 4.0, 3.0, direction='minimize'), population_size=3, tournament_size=3) == {0}


def test_the_old_die():
    study = study_of(9.0, 1.0, 2.0, None, 3.0)
    assert parents(study, population_size=3, tournament_size=3) == {4}
    assert parents(study, population_size=4, tournament_size=4) == {0}


def test_all_is_random_until_there_is_a_population():
    assert child(study_of(1.0, 2.0, None), first=3) == {}
    assert child(study_of(1.0, 2.0, 3.0), first=3) != {}


def test_a_seed_gives_one_child():
    study = study_of(1.0, 2.0, 3.0)
    assert child(study, 1) == child(study, 1)
    assert len({str(child(study, seed)) for seed in range(10)}) > 3


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(population_size=1), 'population_size must be at least 2, got 1'),
        (dict(tournament_size=0), r'tournament_size must be in \[1, 50\], got 0'),
        (dict(population_size=5, tournament_size=6), r'tournament_size must be in \[1, 5\], got 6'),
        (dict(first=0), 'first must be at least 1, got 0'),
    ],
)
def test_numbers_out_of_range(options, message):
    with pytest.raises(ValueError, match=f'^{message}$'):
        RegularizedEvolutionSampler(**options)


@pytest.fixture
def candidates(base: Callable) -> Callable[..., Candidates]:
    def make(**search) -> Candidates:
        gates = {name: dict(type=f'{name.title()}Gate') for name in ('through', 'cutoff', 'linear', 'correct')}
        space = {'model.edges.*.gate': gates}
        sampler = dict(type='RegularizedEvolutionSampler', population_size=10, tournament_size=5, first=5)
        return Candidates(Config(dict(base(), search=dict(dict(space=space, trials=60, sampler=sampler), **search))))

    return make


def test_a_search_draws_children_that_are_graphs_of_their_own(candidates):
    """By a score that counts edges which correct: evolution finds more of them than draws at random do."""
    found = {}
    for kind in ('RandomSampler', 'RegularizedEvolutionSampler'):
        drawing = candidates(sampler=dict(type=kind, seed=0))
        study = optuna.create_study(direction='maximize')
        for index in range(60):
            trial = study.ask()
            candidate = drawing.draw(index, study, study._storage.get_trial(trial._trial_id))
            trial.set_user_attr(KEY, candidate.key)
            score = sum(edge['gate']['type'] == 'CorrectGate' for edge in candidate.config['model']['edges'].values())
            done = create_trial(
                value=float(score),
                params=candidate.values,
                distributions={one.name: one.distribution for one in drawing.space.parameters},
                user_attrs={KEY: candidate.key},
            )
            study.tell(trial, state=TrialState.FAIL)
            study.add_trial(done)
        complete = study.get_trials(states=(TrialState.COMPLETE,))
        keys = [trial.user_attrs[KEY] for trial in complete]
        assert len(set(keys)) == len(keys) == 60
        found[kind] = sum(trial.value for trial in complete[-20:]) / 20
    assert found['RegularizedEvolutionSampler'] > found['RandomSampler'] + 1.5


def test_several_metrics_are_refused(candidates):
    with pytest.raises(ConfigError, match=r'^search\.sampler\.type: RegularizedEvolutionSampler goes by one metric'):
        candidates(metric=['net1/accuracy/top1', 'parameters'])
