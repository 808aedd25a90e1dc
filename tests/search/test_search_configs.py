"""Every config of configs/search: it loads, its space has the size of the closed formula, and its graphs are sound."""

import math
import re
from pathlib import Path

import optuna
import pytest

from ktg_mm.apis import load_config
from ktg_mm.models.edge_spec import parse_edge_key
from ktg_mm.search import Candidates
from ktg_mm.search.check_space import check_space
from ktg_mm.search.trial_config import check_candidate, check_search_data

CONFIGS = Path(__file__).parents[2] / 'configs'
PATHS = sorted((CONFIGS / 'search').glob('*.py'))


def size(name):
    """Networks ^ (n - 1) x gates ^ (n^2); losses or temperatures count with three of four gates, between nodes."""
    n = int(re.search(r'(\d)node', name).group(1))
    if 'six_losses' in name:
        return 4**n * (1 + 3 * 6) ** (n * (n - 1))
    if 'sine' in name:
        return math.inf
    networks = 3 if 'cifar100' in name else 2
    gates = 1 + 3 * 3 if 'temperatures' in name else 4
    return networks ** (n - 1) * 4**n * gates ** (n * (n - 1))


@pytest.mark.parametrize('path', PATHS, ids=lambda path: path.stem)
def test_config(path):
    cfg = load_config(path)
    candidates = Candidates(cfg)
    assert candidates.space.size() == size(path.stem)
    check_search_data(candidates.base)
    check_space(candidates)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study()
    study.ask()
    drawn = [candidates.draw(index, study, study.get_trials()[0]) for index in range(3)]
    for candidate in drawn:
        check_candidate(candidate.config)
    assert len({candidate.key for candidate in drawn}) == 3
    base = candidates.base['model']
    number = int(re.search(r'(\d)node', path.stem).group(1))
    nodes = {name for name, node in base['nodes'].items() if node['type'] == 'NetworkNode'}
    assert nodes == {f'net{i}' for i in range(1, number + 1)}
    assert len(base['edges']) == number**2
    if retrain := candidates.search.get('retrain'):
        full = load_config(path.parent / retrain)
        assert full.to_dict()['model'] == base  # nothing but the data differs before a graph is chosen
        if not path.stem.endswith('_curves'):
            assert full.train_cfg == cfg.train_cfg and full.optim_wrapper == cfg.optim_wrapper


def test_there_are_searches_for_two_to_seven_nodes():
    names = {path.stem for path in PATHS}
    for n in range(2, 8):
        wanted = {
            f'ktg_{n}node_four_gates_cifar100',
            f'ktg_{n}node_sine_cifar100',
            f'ens_{n}node_six_losses_dogs',
        }
        assert wanted <= names


@pytest.mark.parametrize('data', ['dogs', 'fashion_mnist_3000'])
def test_losses_of_the_thesis(data):
    """Label edges have gates only, and the ensemble is what counts."""
    candidates = Candidates(load_config(CONFIGS / f'search/ens_3node_six_losses_{data}.py'))
    assert candidates.metrics == ['ensemble/accuracy/top1']
    with_loss = {parameter.path[2] for parameter in candidates.space.parameters if parameter.path[-1] == 'loss'}
    assert with_loss == {key for key in candidates.base['model']['edges'] if parse_edge_key(key).source != 'label'}
    edge = 'net1->net2'
    names = dict.fromkeys((parameter.name for parameter in candidates.space.parameters), 'through')
    for choice, types in dict(
        probability_attract=['KLDivergence'],
        probability_repel=['ProbabilityCosine'],
        attention_attract=['AttentionMSE'],
        attention_repel=['AttentionCosine'],
        both_attract=['KLDivergence', 'AttentionMSE'],
        both_repel=['ProbabilityCosine', 'AttentionCosine'],
    ).items():
        values = {name: choice if name.endswith('.loss') else value for name, value in names.items()}
        loss = candidates.space.apply(values)['model']['edges'][edge]['loss']
        assert [part['type'] for part in (loss if isinstance(loss, list) else [loss])] == types


def test_sine_gates():
    candidates = Candidates(load_config(CONFIGS / 'search/ktg_2node_sine_cifar100.py'))
    ranges = {
        parameter.path[-1]: (parameter.distribution.low, parameter.distribution.high)
        for parameter in candidates.space.parameters
        if not parameter.choices
    }
    assert ranges == dict(frequency=(0.0, 1.0), phase=(0.0, 1.5 * math.pi))
    assert sum(not parameter.choices for parameter in candidates.space.parameters) == 2 * 2**2
