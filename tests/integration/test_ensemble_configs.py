"""The thesis's ensembles and their baselines: one recipe, and nothing but the teaching differs."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import OptimWrapper
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from ktg_mm.apis import load_config
from ktg_mm.apis.check_config import check_config
from ktg_mm.config import deep_mutual_learning, independent
from ktg_mm.search.space.candidates import Candidates

CONFIGS = Path(__file__).parents[2] / 'configs'
SMALL = CONFIGS / 'ktg/ens_3node_fashion_mnist_3000.py'

# Classes, and the plain network's depth and backbone.
DATA = {
    'dogs': (120, 18, 'ResNet'),
    'cars': (196, 18, 'ResNet'),
    'cub': (200, 18, 'ResNet'),
    'cifar10': (10, 20, 'CIFARResNet'),
    'cifar100': (100, 20, 'CIFARResNet'),
}


def ensemble(data: str, nodes: int, *overlays: str) -> Config:
    """An ensemble of the thesis; those without a published number are the one of two networks and overlays."""
    sizes = [f'graphs/ens_{nodes}node', 'sizes/as_net1'] if data != 'dogs' and nodes > 2 else []
    path = CONFIGS / f'ktg/ens_{2 if sizes else nodes}node_{data}.py'
    return load_config(path, overlays=[f'{CONFIGS}/_base_/{name}.py' for name in (*sizes, *overlays)])


def without_teaching(config: Config) -> dict:
    """Everything but the edges."""
    kept = config.to_dict()
    return dict(kept, model={key: value for key, value in kept['model'].items() if key != 'edges'})


def edges(model: dict) -> dict:
    """A model's edges, every gate written out."""
    return {key: dict(edge, gate=edge.get('gate', dict(type='ThroughGate'))) for key, edge in model['edges'].items()}


@pytest.mark.parametrize('nodes', range(2, 6))
@pytest.mark.parametrize('data', DATA)
def test_ensembles_of_the_thesis(data: str, nodes: int) -> None:
    classes, depth, plain = DATA[data]
    for tag, backbone in (('', f'ABN{plain}'), (f'_resnet{depth}', plain)):
        network = [f'networks/resnet{depth}'] if tag else []
        graph = ensemble(data, nodes, *network)
        alone = ensemble(data, nodes, *network, 'edges/independent')
        mutual = ensemble(data, nodes, *network, 'edges/dml')

        members = [f'net{i}' for i in range(1, nodes + 1)]
        assert graph.model.target == 'ensemble' and graph.model.nodes.ensemble.members == members
        for member in members:
            found = graph.model.nodes[member].network
            assert (found.backbone.type, found.backbone.depth) == (backbone, depth)
            assert found.head.num_classes == graph.data_preprocessor.num_classes == classes
            assert found.backbone.get('num_classes') == (None if tag else classes)
        assert len(graph.model.edges) == nodes**2

        model = graph.to_dict()['model']
        assert edges(alone.model.to_dict()) == edges(independent(model))
        assert edges(mutual.model.to_dict()) == edges(deep_mutual_learning(model))
        assert without_teaching(alone) == without_teaching(mutual) == without_teaching(graph)
        for config in (graph, alone, mutual):
            check_config(config)

        assert graph.optim_wrapper.optimizer == dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=1e-4)
        assert (graph.train_cfg.max_epochs, graph.param_scheduler.milestones) == (300, [150, 225])
        assert graph.param_scheduler.gamma == 0.1 and graph.train_dataloader.batch_size == 16
        assert graph.test_dataloader.dataset.split == 'test'


def test_losses_turned_round() -> None:
    """The rows of tables 4.4 and 4.5 that are minus a loss or one over it, with the thesis's weights; eps is ours."""
    kinds = dict(
        probability=dict(cosine='ProbabilityCosine', kl='KLDivergence'),
        attention=dict(cosine='AttentionCosine', mse='AttentionMSE'),
    )
    weights = dict(probability_reciprocal_cosine=1e-3, attention_reciprocal_mse=1e-6)
    for of, losses in kinds.items():
        for what, kind in losses.items():
            for how, turned in (('negative', 'Negated'), ('reciprocal', 'Reciprocal')):
                name = f'{of}_{how}_{what}'
                edges = load_config(f'{SMALL}+{CONFIGS}/_base_/edges/{name}.py').model.edges.to_dict()
                between = [edge['loss'] for key, edge in edges.items() if not key.startswith('label->')]
                assert len(between) == 6
                for loss in between:
                    assert (loss['type'], loss['loss']) == (turned, dict(type=kind))
                    assert loss.get('weight', 1.0) == weights.get(name, 1.0)
                    assert loss.get('eps') == (0.1 if name == 'probability_reciprocal_kl' else None)


@pytest.mark.parametrize(
    ('edges', 'loss'),
    [
        ('independent', None),
        ('dml', 'KLDivergence'),
        ('probability_repel', 'ProbabilityCosine'),
        ('attention_attract', 'AttentionMSE'),
        ('attention_repel', 'AttentionCosine'),
        ('probability_negative_kl', 'Negated'),
        ('attention_reciprocal_mse', 'Reciprocal'),
    ],
)
def test_one_kind_of_knowledge(edges: str, loss: str | None, mmpretrain_scope: None) -> None:
    cfg, graph_cfg = load_config(f'{SMALL}+{CONFIGS}/_base_/edges/{edges}.py'), load_config(SMALL)
    assert {key: cfg[key] for key in graph_cfg if key != 'model'} == {
        key: value for key, value in graph_cfg.items() if key != 'model'
    }
    assert cfg.model.nodes == graph_cfg.model.nodes and cfg.model.target == 'ensemble'
    nets = ('net1', 'net2', 'net3')
    expected = {f'label->{net}': 'CrossEntropy' for net in nets}
    if loss:
        expected |= {f'{source}->{target}': loss for source in nets for target in nets if source != target}
    assert {key: edge.loss.type for key, edge in cfg.model.edges.items()} == expected
    assert not any('gate' in edge for edge in cfg.model.edges.values())

    torch.manual_seed(0)
    graph = MODELS.build(dict(cfg.model, data_preprocessor=cfg.data_preprocessor))
    graph.init_weights()
    images = torch.rand(4, 1, 14, 14)
    values = graph(images, [DataSample().set_gt_label(i) for i in range(4)], mode='loss')
    assert set(values) == set(expected) and all(torch.isfinite(value.loss) for value in values.values())
    for net in nets:
        graph.nodes[net].ask_for_attention()
        assert graph.nodes[net](images).attention.shape == (4, 7, 7)


@pytest.mark.parametrize('nodes', [8, 9, 10])
def test_more_networks(nodes: int) -> None:
    two = load_config(CONFIGS / 'ktg/ens_2node_dogs.py')
    sizes = [f'{CONFIGS}/_base_/{name}.py' for name in (f'graphs/ens_{nodes}node', 'sizes/as_net1')]
    graph = load_config(CONFIGS / 'ktg/ens_2node_dogs.py', overlays=sizes)
    members = [f'net{i}' for i in range(1, nodes + 1)]
    assert graph.model.nodes.ensemble.members == members
    assert all(graph.model.nodes[name].network == two.model.nodes.net1.network for name in members)
    between = {key: edge for key, edge in graph.model.edges.items() if not key.startswith('label->')}
    assert len(graph.model.edges) == nodes**2 and len(between) == nodes * (nodes - 1)
    for key, edge in between.items():
        source, target = (int(name.removeprefix('net')) for name in key.split('->'))
        kind = ('KLDivergence', 'CorrectGate') if source < target else ('AttentionCosine', 'LinearGate')
        assert (edge.loss.type, edge.gate.type) == kind
    assert without_teaching(graph)['train_dataloader'] == two.to_dict()['train_dataloader']
    check_config(graph)


def test_a_network_alone() -> None:
    for data, (_, depth, _) in DATA.items():
        config = ensemble(data, 2, f'networks/resnet{depth}', 'graphs/alone')
        both = ensemble(data, 2, f'networks/resnet{depth}')
        assert config.model == dict(
            type='KnowledgeTransferGraph',
            target='net1',
            nodes=dict(net1=both.model.nodes.net1),
            edges={'label->net1': dict(loss=dict(type='CrossEntropy'))},
        )
        assert {key: config[key] for key in config if key != 'model'} == {
            key: value for key, value in both.items() if key != 'model'
        }
        check_config(config)


@pytest.mark.parametrize('network', [None, 'networks/resnet18', 'networks/resnet20'])
@pytest.mark.parametrize('nodes', [2, 5])
def test_one(nodes: int, network: str | None, mmpretrain_scope: None) -> None:
    """ONE: the last stage of each is its own, the gated ensemble learns the label and teaches; a step moves all."""
    data = 'cifar100' if network == 'networks/resnet20' else 'dogs'
    cfg = ensemble(data, nodes, *([network] if network else []), 'graphs/one_ensemble')
    check_config(cfg)
    names = [f'net{i}' for i in range(1, nodes + 1)]
    assert set(cfg.model.edges) == {f'label->{name}' for name in (*names, 'ensemble')} | {
        f'ensemble->{name}' for name in names
    }
    if data == 'dogs':  # narrow
        for name in names:
            cfg.model.nodes[name].network.backbone.update(stem_channels=4, base_channels=4)
            cfg.model.nodes[name].network.head.in_channels = 32
    torch.manual_seed(0)
    graph = MODELS.build(dict(cfg.model.to_dict(), data_preprocessor=cfg.data_preprocessor.to_dict()))
    graph.train()
    last = {'dogs': 'layer4', 'cifar100': 'layer3'}[data]
    own = {key.split('.')[0] for key, _ in graph.nodes['net2'].network.backbone.named_parameters()}
    first = dict(graph.nodes['net1'].network.backbone.named_modules())
    shared = {name for name in own if dict(graph.nodes['net2'].network.backbone.named_modules())[name] is first[name]}
    assert own - shared == {last, *(() if network else ('attention_branch',))}
    before = {name: value.clone() for name, value in graph.named_parameters()}
    parameters = list({id(value): value for _, group in graph.parameter_groups() for value in group}.values())
    samples = [DataSample().set_gt_label(number) for number in range(4)]
    images = list(torch.rand(4, 3, *((64, 64) if data == 'dogs' else (32, 32))) * 255)
    log = graph.train_step(
        dict(inputs=images, data_samples=samples), OptimWrapper(torch.optim.SGD(parameters, lr=0.1, momentum=0.9))
    )
    assert all(torch.isfinite(torch.as_tensor(value)).all() for value in log.values())
    moved = {name.split('.')[1] for name, value in graph.named_parameters() if not value.equal(before[name])}
    assert {*names, 'ensemble'} <= moved


SEARCHED = dict(
    cars='stanford_cars_search', cub='cub_search', cifar10='cifar10_batch16_search', cifar100='cifar100_batch16_search'
)


@pytest.mark.parametrize('nodes', [2, 3])
@pytest.mark.parametrize('data', SEARCHED)
def test_searches_on_other_data(data: str, nodes: int) -> None:
    """The space of Stanford Dogs, on half of the training images (CIFAR: 40,000), in the ensembles' recipe."""
    overlays = (f'datasets/{SEARCHED[data]}', 'spaces/six_losses_four_gates', 'networks/untaught_random')
    cfg, recipe = ensemble(data, nodes, *overlays), ensemble(data, nodes)
    dogs = load_config(CONFIGS / 'search/ens_2node_six_losses_dogs.py')
    assert cfg.search == {key: value for key, value in dogs.search.items() if key != 'retrain'}
    check_config(cfg)
    assert Candidates(cfg).space.size() == 4**nodes * 19 ** (nodes * (nodes - 1))
    assert (cfg.train_dataloader.dataset.part, cfg.val_dataloader.dataset.part) == ('train', 'val')
    assert cfg.train_dataloader.dataset.val_size == (10_000 if 'cifar' in data else 0.5)
    for key in ('optim_wrapper', 'param_scheduler', 'test_dataloader', 'data_preprocessor'):
        assert cfg[key] == recipe[key]
    assert cfg.train_dataloader.batch_size == recipe.train_dataloader.batch_size == 16


@pytest.mark.parametrize(
    ('data', 'between'),
    [
        ('dogs', {(('KLDivergence',), 'LinearGate'), (('KLDivergence',), 'ThroughGate')}),
        ('cifar10', {(('KLDivergence', 'AttentionMSE'), 'ThroughGate')}),
        ('cifar100', {(('KLDivergence',), 'LinearGate'), (('KLDivergence', 'AttentionMSE'), 'CorrectGate')}),
    ],
)
def test_drawn_graphs(data: str, between: set) -> None:
    """What can be read of figures 4.8a and 4.11: losses and gates of the two edges between the networks."""
    cfg = ensemble(data, 2, f'edges/drawn_2node_{data}')
    check_config(cfg)
    found = set()
    for key, edge in edges(cfg.model.to_dict()).items():
        losses = edge['loss'] if isinstance(edge['loss'], list) else [edge['loss']]
        kind = (tuple(loss['type'] for loss in losses), edge['gate']['type'])
        if key.startswith('label->'):
            assert kind == (('CrossEntropy',), 'ThroughGate')
        else:
            found.add(kind)
    assert found == between and len(cfg.model.edges) == 4
