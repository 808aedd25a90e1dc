"""Each entry of ``search`` is known, and of its type and range."""

import re
from typing import Any

import pytest
from mmengine.config import Config

from ktg_mm.errors import ConfigError
from ktg_mm.search.space.candidates import Candidates
from ktg_mm.search.space.options import check_options
from ktg_mm.search.space.samplers import build_sampler
from ktg_mm.search.worker.asha_hook import build_pruner

WHOLE = 'must be a whole number'
MISTAKES = [
    (5, 'search: must be a dict such as '),
    ([], 'search: must be a dict such as '),
    (None, 'search: is missing; '),
    ({}, 'search: is missing; '),
    (dict(n_trials=5), "search.n_trials: unknown entry; did you mean 'trials'?"),
    (dict(timeout=60), 'search.timeout: unknown entry; '),
    (dict(trials='5'), f"search.trials: {WHOLE}, at least 1, got '5'"),
    (dict(trials=True), f'search.trials: {WHOLE}, at least 1, got True'),
    (dict(heartbeat=0.5), f'search.heartbeat: {WHOLE}, at least 1, got 0.5'),
    (dict(retries=-1), f'search.retries: {WHOLE}, at least 0, got -1'),
    (dict(trials_per_worker=0), f'search.trials_per_worker: {WHOLE}, at least 1, got 0'),
    (dict(trials_per_worker=2, stack='yes'), "search.stack: must be True or False, got 'yes'"),
    (dict(stack=True), 'search.stack: a stack is of several trials; set search.trials_per_worker above 1'),
    (dict(pretrain='no'), "search.pretrain: must be True or False, got 'no'"),
    (dict(storage=''), 'search.storage: is empty; '),
    (dict(study=7), 'search.study: must be a string, got 7'),
    (dict(retrain=True), 'search.retrain: must be a string, got True'),
    (dict(enqueue='dml'), "search.enqueue: must be a list of names and configs, such as ['independent', 'dml'], got "),
    (dict(enqueue=''), 'search.enqueue: must be a list of names and configs, '),
    (dict(enqueue=False), 'search.enqueue: must be a list of names and configs, '),
    (dict(enqueue=['dml', 2]), 'search.enqueue: must be a list of names and configs, '),
    (dict(enqueue=['dml', 'kd', 'dml']), 'search.enqueue: names a graph twice: dml, kd, dml'),
    (dict(baseline=['dml']), "search.baseline: must be a string, got ['dml']"),
    (dict(baseline=''), 'search.baseline: is empty; '),
    (dict(race=dict(graphs=2, seeds=3)), 'search.race: has nobody to run against; name graphs in search.enqueue, '),
    *(
        (dict(enqueue=['dml'], **search), f'search.race{message}')
        for search, message in (
            (dict(race=5), ': must be a dict such as dict(graphs=4, seeds=5), got 5'),
            (dict(race=True), ': must be a dict such as '),
            (dict(race=dict(graph=4, seeds=5)), ".graph: unknown entry; did you mean 'graphs'?"),
            (dict(race=dict(graphs=0, seeds=5)), f'.graphs: {WHOLE}, at least 1, got 0'),
            (dict(race=dict(graphs='4', seeds=5)), f".graphs: {WHOLE}, at least 1, got '4'"),
            (dict(race=dict(graphs=4, seeds=1)), f'.seeds: {WHOLE}, at least 2, got 1'),
            (dict(race=dict(graphs=4, seeds=2.5)), f'.seeds: {WHOLE}, at least 2, got 2.5'),
            (dict(trials=25, race=dict(graphs=4, seeds=5)), ': takes 26 runs, more than the 25 trials of the search; '),
            (
                dict(race=dict(graphs=2, seeds=3), metric=['net1/accuracy/top1', 'parameters']),
                ': goes by one metric, but search.metric has several; ',
            ),
        )
    ),
    (dict(sampler='TPE'), "search.sampler: must be a dict with a 'type', got 'TPE'"),
    *(
        (
            dict(sampler=dict(type='RandomSampler', seed=seed)),
            f'search.sampler.seed: {WHOLE} from 0 to 4294967295, got ',
        )
        for seed in ('text', -1, 2**32, True, 0.5, None)
    ),
]


@pytest.mark.parametrize(('search', 'message'), MISTAKES)
def test_mistakes(search: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=f'^{re.escape(message)}'):
        check_options(search)


def test_what_is_right() -> None:
    for options in (
        dict(trials_per_worker=2, stack=True),
        dict(pretrain=False),
        dict(storage=None, study=None, retrain=None),
        dict(sampler=None, retries=0),
        dict(enqueue=None, baseline=None, race=None),
        dict(enqueue=['independent', 'configs/mine.py'], baseline='independent'),
        dict(enqueue=['dml'], race=dict(graphs=4, seeds=5), trials=26),
        dict(enqueue=['dml'], race=dict(graphs=1, seeds=2), trials=6, metric=['net1/accuracy/top1']),
    ):
        search = dict(dict(trials=1), **options)
        assert check_options(search) is search


@pytest.mark.parametrize(
    ('part', 'message'),
    [
        (dict(type='TPESampler', n_startup_trials='10'), "n_startup_trials: must be int, got '10'"),
        (dict(type='TPESampler', n_startup_trials=-1), 'n_startup_trials: must not be that low, got -1'),
        (dict(type='TPESampler', n_ei_candidates=0), 'n_ei_candidates: must not be that low, got 0'),
        (dict(type='TPESampler', multivariate=1), 'multivariate: must be bool or None, got 1'),
        (dict(type='TPESampler', gamma=0.25), 'gamma: must be a Callable'),
        (dict(type='NSGAIISampler', population_size=True), 'population_size: must be int, got True'),
        (dict(type='NSGAIISampler', crossover='sbx'), 'crossover: must be a BaseCrossover | None, got '),
        (dict(type='PercentilePruner', percentile='25'), "percentile: must be float, got '25'"),
        (
            dict(type='PatientPruner', wrapped_pruner='x', patience=1),
            'wrapped_pruner: must be a BasePruner | None, got ',
        ),
        (dict(type='MedianPruner', warmup=1), 'warmup: MedianPruner has no such argument; '),
    ],
)
def test_arguments_of_samplers_and_pruners(part: dict[str, Any], message: str) -> None:
    is_sampler = 'Sampler' in part['type']
    key = 'search.sampler' if is_sampler else 'search.hook.pruner'
    with pytest.raises(ConfigError, match=f'^{re.escape(f"{key}.{message}")}'):
        (build_sampler if is_sampler else build_pruner)(part)


def test_no_metric_is_a_mistake(base: Any) -> None:
    for metric in ([], '', {}):
        with pytest.raises(ConfigError, match=r'^search\.metric: '):
            Candidates(Config(dict(base(), search=dict(trials=1, metric=metric, space={'randomness.seed': [1, 2]}))))
