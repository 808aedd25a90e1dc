"""Every config of configs/search: it loads, its space has the size of the closed formula, and its graphs are sound."""

import math
import re
from pathlib import Path

import optuna
import pytest
import torch
from mmengine.config import Config
from mmengine.optim import OptimWrapper
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from ktg_mm.apis import load_config
from ktg_mm.apis.check_config import check_config
from ktg_mm.config import GraphConfig, parse_edge_key
from ktg_mm.errors import UntaughtError
from ktg_mm.search import Candidates
from ktg_mm.search.space.candidates import PRETRAINED
from ktg_mm.search.space.check_space import check_space
from ktg_mm.search.space.retrain_base import retrain_base
from ktg_mm.search.space.search_data import check_search_data
from ktg_mm.search.worker.trial_config import trial_config

CONFIGS = Path(__file__).parents[2] / 'configs'


def searches():
    """Config and overlays of every search by its name; those of more nodes are overlays of those of two."""
    found = {path.stem: (path.stem,) for path in sorted((CONFIGS / 'search').glob('*.py'))}
    for n in range(3, 8):
        for gates in ('four_gates', 'sine'):
            overlays = f'graphs/dml_{n}node', 'sizes/search_cifar100'
            found[f'ktg_{n}node_{gates}_cifar100'] = f'ktg_2node_{gates}_cifar100', *overlays
        overlays = f'graphs/ens_{n}node', 'sizes/search_dogs'
        found[f'ens_{n}node_six_losses_dogs'] = 'ens_2node_six_losses_dogs', *overlays
    for data in ('cifar10', 'cifar100'):
        overlays = 'graphs/consistency_3node', 'sizes/search_diverse'
        found[f'semi_3node_diverse_{data}'] = f'semi_2node_diverse_{data}', *overlays
    return found


SEARCHES = searches()


def files_of(name):
    stem, *overlays = SEARCHES[name]
    return [CONFIGS / f'search/{stem}.py', *(CONFIGS / f'_base_/{overlay}.py' for overlay in overlays)]


def config_of(name):
    path, *overlays = files_of(name)
    return load_config(path, overlays=overlays)


def full_of(name):
    """The config that the graph that is found will be trained with; None if the search's own."""
    path = retrain_base(config_of(name), files_of(name))
    return path and load_config(path)


def size(name):
    """Networks ^ (n - 1) x gates ^ (n^2); losses or temperatures count with three of four gates, between nodes."""
    if name == 'semi_fixmatch_space_cifar100':  # two edges of three losses, which count with three of four gates
        return 4 * (1 + 3 * 3) ** 2
    if 'branches' in name:  # four branch points, a mean as the teacher or one of three that learn
        return 4 * 4**4 * (4**4 + 3 * 4**5)
    n = int(re.search(r'(\d)node', name).group(1))
    if 'features' in name:  # KL divergence, three losses at three layers, three of embeddings
        return 2 ** (n - 1) * 4**n * ((1 + 3 * 3 + 3) * 4) ** (n * (n - 1))
    if 'diverse' in name:  # two losses and five gates an edge; an average has no gate
        return 2 ** (n - 1) * 4**n * (2 * 5) ** n * (2 * 5 + 1) ** (n * (n - 1))
    if 'six_losses' in name:
        return 4**n * (1 + 3 * 6) ** (n * (n - 1))
    if 'sine' in name:
        return math.inf
    if 'raced' in name:  # four gates, and KL divergence at three temperatures or two other losses; networks are alike
        return 4**n * (4 * (3 + 2)) ** (n * (n - 1))
    networks = 3 if 'cifar100' in name else 2
    gates = 1 + 3 * 3 if 'temperatures' in name else 4
    return networks ** (n - 1) * 4**n * gates ** (n * (n - 1))


def check_semi_supervised(name, cfg, nodes):
    """Nodes, edges, and that a graph is trained anew as it was searched, but on all data, or for longer."""
    if 'fixmatch' in name:
        assert nodes == {'net1', 'ema'}
        assert set(cfg.model.edges) == {'label->net1', 'net1->net1', 'ema->net1', 'net1->ema'}
    else:
        number = int(re.search(r'(\d)node', name).group(1))
        assert nodes == {f'net{i}' for i in range(1, number + 1)}
        assert len(cfg.model.edges) == number**2 + number  # with self edges
    full = full_of(name)
    assert full.optim_wrapper == cfg.optim_wrapper and full.model.target == cfg.model.target
    assert full.data_preprocessor == cfg.data_preprocessor and full.test_dataloader == cfg.test_dataloader
    for entry in ('batch_size', 'sampler'):
        assert full.train_dataloader[entry] == cfg.train_dataloader[entry]
    searched, whole = cfg.train_dataloader.dataset, full.train_dataloader.dataset
    assert {key: searched[key] for key in searched if key != 'dataset'} == {
        key: whole[key] for key in whole if key != 'dataset'
    }
    if 'cifar' in name:
        assert (searched.dataset.part, searched.dataset.val_size, searched.dataset.split) == ('train', 10_000, 'train')
        assert (cfg.val_dataloader.dataset.part, cfg.val_dataloader.dataset.split) == ('val', 'train')
        assert full.val_dataloader == full.test_dataloader and full.param_scheduler == cfg.param_scheduler
        last = 'max_iters' if 'fixmatch' in name else 'max_epochs'
        assert full.train_cfg[last] == cfg.train_cfg[last]
    else:
        assert full.train_cfg.max_iters == full.param_scheduler.end == 2 * cfg.train_cfg.max_iters == 1500
        assert cfg.param_scheduler.end == cfg.train_cfg.max_iters


@pytest.mark.parametrize('name', SEARCHES)
def test_config(name):
    cfg = config_of(name)
    candidates = Candidates(cfg)
    assert candidates.space.size() == size(name)
    check_search_data(candidates.base)
    check_space(candidates)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study()
    study.ask()
    drawn = [candidates.draw(index, study, study.get_trials()[0]) for index in range(3)]
    for candidate in drawn:
        check_config(Config(candidate.config))
    assert len({candidate.key for candidate in drawn}) == 3
    base = candidates.base['model']
    nodes = {node for node, entry in base['nodes'].items() if entry['type'] == 'NetworkNode'}
    full = full_of(name)
    if name.startswith('semi_'):
        check_semi_supervised(name, cfg, nodes)
        return
    if 'branches' in name:
        assert {key: full.model.nodes[key] for key in nodes} == {key: base['nodes'][key] for key in nodes}
        assert full.train_cfg == cfg.train_cfg and full.optim_wrapper == cfg.optim_wrapper
        assert full.train_dataloader == cfg.train_dataloader
        return
    number = int(re.search(r'(\d)node', name).group(1))
    assert nodes == {f'net{i}' for i in range(1, number + 1)}
    assert len(base['edges']) == number**2
    if full:
        assert full.to_dict()['model'] == base  # nothing but the data differs before a graph is chosen
        if not name.endswith('_curves'):
            assert full.train_cfg == cfg.train_cfg and full.optim_wrapper == cfg.optim_wrapper


@pytest.mark.parametrize('data', ['dogs', 'fashion_mnist_3000'])
def test_losses_of_the_thesis(data):
    """Label edges have gates only, and the ensemble is what counts."""
    candidates = Candidates(config_of(f'ens_3node_six_losses_{data}'))
    assert [metric.name for metric in candidates.metrics] == ['ensemble/accuracy/top1']
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


BRANCH_POINT = 'model.nodes.net2.share, model.nodes.net3.share, model.nodes.leader.share'


def test_branches_of_the_papers():
    """The space holds the graphs of Song and Chai, ONE, OKDDip and FFM, but for how their losses ramp up."""
    candidates = Candidates(config_of('branches_digits'))
    gates = {parameter.name for parameter in candidates.space.parameters if parameter.path[-1] == 'gate'}
    rest = {'model.edges.label->teacher': 'nothing', 'model.edges.label->teacher.gate': 'through'}
    for parameter in candidates.space.parameters:
        rest.setdefault(parameter.name, next(iter(parameter.choices)))
    for teacher, family, cut in [
        ('mean', 'song_chai', []),
        ('gated', 'one', ['all_but_leader->leader']),
        ('attention', 'okddip', ['teacher->leader']),
        ('fusion', 'ffm', ['teacher->leader']),
    ]:
        values = {**rest, **dict.fromkeys(gates, 'through'), BRANCH_POINT: 'layer1', 'model.nodes.teacher': teacher}
        found = candidates.make({**values, **{f'model.edges.{key}.gate': 'cutoff' for key in cut}}).config['model']
        published = load_config(CONFIGS / f'multi_branch/{family}_digits.py').model.to_dict()
        published['nodes'].pop('ensemble', None) if family != 'ffm' else None
        assert {key for key in found['edges'] if key.startswith('label->')} == {
            key for key in published['edges'] if key.startswith('label->')
        }
        assert {name: found['nodes'][name].get('share') for name in ('net1', 'net2', 'net3', 'leader')} == {
            name: published['nodes'][name].get('share') for name in ('net1', 'net2', 'net3', 'leader')
        }
        types = [
            {(node['type'], tuple(node['members'])) for node in model['nodes'].values() if 'members' in node}
            for model in (found, published)
        ]
        # FFM's leader hears the mean of all branches, itself included, twice as much.
        assert types[0] == types[1] or family == 'ffm'
        detached = [
            {parse_edge_key(key).target: edge.get('detach', True) for key, edge in model['edges'].items()}
            for model in (found, published)
        ]
        assert detached[0] == detached[1]


def test_an_untaught_branch_is_no_teacher():
    candidates = Candidates(config_of('branches_digits'))
    values = {parameter.name: next(iter(parameter.choices)) for parameter in candidates.space.parameters}
    values |= {'model.edges.label->net2.gate': 'cutoff', 'model.edges.all_but_net2->net2.gate': 'cutoff'}
    # On its own it is trained on the labels first; on a trunk that others train that would be of no use.
    assert candidates.make(values).config['model']['nodes']['net2']['checkpoint'] == PRETRAINED
    with pytest.raises(UntaughtError, match=r'^model\.nodes\.net2: nobody teaches this branch'):
        candidates.make({**values, BRANCH_POINT: 'layer1'})


def test_sine_gates():
    candidates = Candidates(config_of('ktg_2node_sine_cifar100'))
    ranges = {
        parameter.path[-1]: (parameter.distribution.low, parameter.distribution.high)
        for parameter in candidates.space.parameters
        if not parameter.choices
    }
    assert ranges == dict(frequency=(0.0, 1.0), phase=(0.0, 1.5 * math.pi))
    assert sum(not parameter.choices for parameter in candidates.space.parameters) == 2 * 2**2


def draws(name, number):
    """The first graphs of a search."""
    candidates = Candidates(config_of(name))
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study()
    study.ask()
    return [candidates.draw(index, study, study.get_trials()[0]) for index in range(number)]


def tiny(backbone):
    """A network of a few weights in place of another; of two kinds, as only equal ones can be averaged."""
    return dict(
        type='ImageClassifier',
        backbone=dict(type='CIFARResNet', depth=8, base_channels=2 if backbone['type'] == 'CIFARResNet' else 4),
        neck=dict(type='GlobalAveragePooling'),
        head=dict(type='LinearClsHead', num_classes=5, in_channels=8 if backbone['type'] == 'CIFARResNet' else 16),
    )


def train_a_step(model, views):
    """Trains a graph of tiny networks one step on 3 labelled and 5 unlabelled images; returns it and its log."""
    torch.manual_seed(0)
    for node in model['nodes'].values():
        node.pop('checkpoint', None)
        node |= dict(network=tiny(node['network']['backbone']), allow_random=True)
    graph = MODELS.build(dict(model, data_preprocessor=dict(num_classes=5, mean=[0.5] * 3, std=[0.5] * 3)))
    graph.init_weights()
    graph.train()
    parameters = [parameter for _, group in graph.parameter_groups() for parameter in group]
    wrapper = OptimWrapper(torch.optim.SGD(parameters, lr=0.1))
    samples = [DataSample().set_gt_label(label) for label in (0, 1, 2, *[-1] * 5)]
    graph.progress = 0.5
    inputs = {view: torch.rand(8, 3, 16, 16) for view in views}
    return graph, graph.train_step(dict(inputs=inputs, data_samples=samples), wrapper)


@pytest.mark.parametrize(
    'name', ['semi_fixmatch_space_cifar100', 'semi_2node_diverse_cifar100', 'semi_3node_diverse_cifar100']
)
def test_drawn_semi_supervised_graphs(name, mmpretrain_scope):
    drawn = draws(name, 200)
    assert len({candidate.key for candidate in drawn}) == 200
    roles = set()
    for candidate in drawn:
        model = candidate.config['model']
        roles |= {(name, role) for name, role in GraphConfig(model).check().roles.items()}
        for key, edge in model['edges'].items():
            source, target, _ = parse_edge_key(key)
            if edge.get('type') == 'EMAEdge':
                ends = [model['nodes'][end]['network'] for end in (source, target)]
                assert ends[0] == ends[1]
            elif source != 'label':
                assert edge['samples'] == 'unlabeled' and set(edge['views']) == {'source', 'target'}
    if 'diverse' in name:
        assert {('net1', 'trained'), ('net1', 'ema'), ('net2', 'trained'), ('net2', 'ema')} <= roles
    else:
        assert roles == {('net1', 'trained'), ('ema', 'ema')}
    views = ('weak', 'strong') if 'fixmatch' in name else ('weak', 'weak2')
    for candidate in drawn[:5]:
        model = candidate.config['model']
        graph, log = train_a_step(model, views)
        assert set(graph.roles) == set(model['nodes'])
        assert {key.removeprefix('edge/') for key in log if key.startswith('edge/')} == set(graph.edges)
        assert all(torch.isfinite(torch.as_tensor(value)) for value in log.values())


def test_untaught_networks_stay_random_by_an_overlay(monkeypatch):
    """As in the thesis's chapter 4; without it they are drawn with weights that the search trains."""
    voters = []
    for overlays in ((), ('networks/untaught_random',)):
        monkeypatch.setitem(SEARCHES, 'as_drawn', ('ens_2node_six_losses_dogs', *overlays))
        models = [candidate.config['model'] for candidate in draws('as_drawn', 40)]
        voters.append(sum('checkpoint' in node for model in models for node in model['nodes'].values()))
    assert voters[0] > 0 and voters[1] == 0


@pytest.mark.parametrize(
    ('name', 'rungs', 'last'),
    [
        ('semi_fixmatch_space_cifar100', [2**k for k in range(14, 21)], 2**20),
        ('semi_2node_diverse_fashion_mnist_250', [150, 300, 600], 750),
        ('semi_3node_diverse_cifar100', [1, 2, 4, 8, 16, 32, 64, 128], 200),
    ],
)
def test_rungs_of_semi_supervised_searches(name, rungs, last, tmp_path):
    """Validated at the rungs alone, and by mmengine at the end."""
    candidates = Candidates(config_of(name))
    train_cfg = trial_config(candidates.base, candidates.search['hook'], tmp_path).train_cfg
    assert [step - 1 for step, interval in train_cfg.dynamic_intervals if interval == 1] == rungs
    assert train_cfg.get('max_iters', train_cfg.get('max_epochs')) == last
