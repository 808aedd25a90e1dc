"""What an edge asks of the layers of its ends' networks, and what it learns of its own."""

import pytest
import torch

from ktg_mm.errors import ConfigError
from ktg_mm.models.losses import FeatureLoss
from ktg_mm.registry import LOSSES

GN = dict(type='GN', num_groups=2)


class Listening(FeatureLoss):
    """Keeps what it is told and given."""

    def __init__(self, layers='backbone.layer2', number=1):
        super().__init__(layers)
        self.number = number

    def set_shapes(self, target, source):
        if self.number != 1:
            raise ValueError(f'number must be 1, got {self.number}')
        self.shapes = target, source

    def forward(self, target, source, context):
        self.seen = self.pairs(target, source)
        return sum(own.flatten(1).square().mean(dim=1) for own, _ in self.seen)


@pytest.fixture(autouse=True)
def registered():
    LOSSES.register_module(module=Listening, force=True)
    yield
    LOSSES.module_dict.pop('Listening')


def build(toys, loss, kinds=('resnet', 'resnet'), key='net2->net1', **arguments):
    nodes = {f'net{i + 1}': toys.node(kind) for i, kind in enumerate(kinds)}
    edges = {f'label->{name}': toys.label() for name in nodes}
    nodes['ensemble'] = dict(type='EnsembleNode', members=['net1', 'net2'])
    edges |= {key: dict(loss=loss)} if loss else {}
    return toys.build(nodes, edges, **arguments)


def step(graph, toys, **arguments):
    return graph.train_step(toys.batch(**arguments), toys.sgd(graph))


LAYERS = dict(target=['backbone.layer1', 'embedding'], source=['map', 'backbone.layer3'])


def test_a_loss_is_told_the_shapes_and_given_the_features(toys):
    graph = build(toys, dict(type='Listening', layers=LAYERS), ('resnet', 'abn'))
    loss = graph.edges['net2->net1'].losses[0]
    target, source = loss.shapes
    assert [tuple(shape) for shape in target] == [(4, 32, 32), (16,)]
    assert [tuple(shape) for shape in source] == [(16, 8, 8), (16, 8, 8)]
    step(graph, toys, side=16)
    shapes = [[tuple(feature.shape) for feature in pair] for pair in loss.seen]
    assert shapes == [[(6, 4, 16, 16), (6, 16, 4, 4)], [(6, 16), (6, 16, 4, 4)]]
    assert all(own.requires_grad and not others.requires_grad for own, others in loss.seen)


def test_other_views_of_a_node_have_their_own_features(toys):
    graph = build(toys, dict(type='Listening'))
    images = torch.rand(3, 1, 16, 16, dtype=torch.float64)
    graph.eval()
    first, second = (graph.node_outputs(scale * images)['net1'].feature('backbone.layer2') for scale in (1, 2))
    assert not torch.equal(first, second)
    torch.testing.assert_close(graph.node_outputs(images)['net1'].feature('backbone.layer2'), first)


WRONG = [
    (
        dict(type='FSP', layers=dict(target=['map', 'backbone.layer1'], source=['map', 'backbone.layer2'])),
        "layers: 'backbone.layer1' of the target has 4 channels and what it is compared with 8, but FSP needs as many",
    ),
    (dict(type='SVD', columns='channels', layers='map'), 'layers: must be 2 at least at each end'),
    (dict(layers='backbone.layer9'), "layers: node 'net1': the network has no module 'backbone.layer9'; did you mean"),
    (
        dict(layers=dict(target='map', source='backbone.layr1')),
        "layers: node 'net2': the network has no module 'backbone.layr1'; did you mean 'backbone.layer1'?",
    ),
    (
        dict(layers='backbone.layer2.0.bn2'),
        "layers: node 'net1': what 'backbone.layer2.0.bn2' gives is overwritten in place by the module that follows",
    ),
    (
        dict(layers=dict(target='map', source='head.loss_module')),
        "layers: node 'net2': 'head.loss_module' is not run; name a module that gives features",
    ),
    (dict(number=2), 'number: must be 1, got 2'),
    (
        dict(type='AttentionTransfer', layers=['map', 'embedding']),
        "layers: 'embedding' of the target gives features of shape (16,), but AttentionTransfer compares feature maps",
    ),
    (
        dict(type='FitNets', layers=dict(target='map', source='embedding')),
        "layers: 'embedding' of the source gives features of shape (16,), but FitNets compares feature maps",
    ),
]


@pytest.mark.parametrize(('loss', 'says'), WRONG)
def test_what_cannot_be_had_names_its_key(loss, says, toys):
    with pytest.raises(ConfigError) as caught:
        build(toys, dict(type='Listening') | loss)
    assert str(caught.value).startswith(f"model.edges['net2->net1'].loss.{says}")
    assert '\n' not in str(caught.value)


def test_neither_an_ensemble_nor_a_label_has_features(toys):
    with pytest.raises(ConfigError) as caught:
        build(toys, dict(type='Listening'), key='ensemble->net1')
    assert "node 'ensemble': has no features, as it is of type EnsembleNode" in str(caught.value)
    with pytest.raises(ConfigError) as caught:
        build(toys, dict(type='Listening'), key='label->net1:again')
    assert str(caught.value).startswith("model.edges['label->net1:again'].loss")


LEARNED = {
    'FitNets': dict(norm_cfg=GN),
    'VID': dict(layers=['backbone.layer1', 'backbone.layer3']),
    'SRD': {},
    'FEED': dict(norm_cfg=GN),
    'FT': dict(norm_cfg=GN, paraphrase=0.0),
    'CRD': dict(num_samples=8, num_negatives=3),
    'CC': {},
    'ICKD': dict(norm_cfg=GN),
    'ReviewKD': {},
}


@pytest.mark.parametrize('name', LEARNED)
def test_networks_begin_alike_with_and_without_what_an_edge_learns(name, toys):
    with_part, without = build(toys, dict(type=name) | LEARNED[name]), build(toys, None)
    state = with_part.state_dict()
    assert all(torch.equal(value, state[key]) for key, value in without.state_dict().items())
    assert {key for key in state if 'net2->net1' in key}


@pytest.mark.parametrize('name', LEARNED)
def test_what_an_edge_learns_is_its_targets(name, toys):
    graph = build(toys, dict(type=name) | LEARNED[name])
    own = dict(graph.edges['net2->net1'].named_parameters())
    groups = {node: {id(p) for p in parameters} for node, parameters in graph.parameter_groups()}
    assert own and all(id(p) in groups['net1'] and id(p) not in groups['net2'] for p in own.values())
    before = toys.state(graph)
    data = toys.batch()
    for i, sample in enumerate(data['data_samples']):
        sample.set_metainfo(dict(sample_idx=i))
    graph.train_step(data, toys.sgd(graph))
    after = graph.state_dict()
    assert all(not torch.equal(after[f'edges.net2->net1.{key}'], before[f'edges.net2->net1.{key}']) for key in own)


@pytest.mark.parametrize('name', ['AttentionTransfer', 'FSP', 'NST', 'PKT', 'RKD', 'SP', 'SVD', *LEARNED])
def test_the_source_gets_no_gradient(name, toys):
    graph = build(toys, dict(type=name) | LEARNED.get(name, {}))
    alone = build(toys, None)
    data = toys.batch()
    for i, sample in enumerate(data['data_samples']):
        sample.set_metainfo(dict(sample_idx=i))
    for g in (graph, alone):
        g.train_step(data, toys.sgd(g, momentum=0, weight_decay=0))
    for key, value in alone.nodes['net2'].state_dict().items():
        assert torch.equal(value, graph.nodes['net2'].state_dict()[key])
    taught, untaught = graph.nodes['net1'].state_dict(), alone.nodes['net1'].state_dict()
    key = 'network.backbone.conv1.weight'
    assert not torch.equal(taught[key], untaught[key])
