"""The thesis's ensembles and their baselines: one recipe, and nothing but the teaching differs."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from ktg_mm.apis import load_config
from ktg_mm.apis.check_config import check_config
from ktg_mm.config import deep_mutual_learning, independent

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
