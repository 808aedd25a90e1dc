"""What a run's log says of its graph."""

import pytest
import torch
from torch import nn

from ktg_mm.models import KnowledgeTransferGraph
from ktg_mm.models.losses import FeatureLoss
from ktg_mm.models.nodes import EnsembleNode
from ktg_mm.visualization import graph_summary

CE, KL = dict(type='CrossEntropy'), dict(type='KLDivergence')


class Hint(FeatureLoss):
    """A linear layer, and a memory of so many numbers."""

    learns = True

    def __init__(self, layers='embedding', numbers=0):
        super().__init__(layers)
        self.register_buffer('memory', torch.zeros(numbers))

    def set_shapes(self, target, source):
        self.adapter = nn.Linear(target[0][0], source[0][0])


class GatedEnsembleNode(EnsembleNode):
    """A linear layer of the first member's feature map."""

    has_parameters = True

    def __init__(self, members, layer='map', detach=False):
        super().__init__(members, detach)
        self.layer = layer

    def reads(self):
        return {name: (self.layer,) for name in self.inputs}

    def set_shapes(self, shapes):
        self.gate = nn.Linear(shapes[self.inputs[0]][self.layer][0], len(self.inputs))


def network(**node):
    backbone = dict(type='CIFARResNet', depth=8, base_channels=4, in_channels=1)
    head = dict(type='LinearClsHead', num_classes=5, in_channels=16)
    network = dict(type='ImageClassifier', backbone=backbone, neck=dict(type='GlobalAveragePooling'), head=head)
    return dict(type='NetworkNode', network=network, **node)


@pytest.fixture
def summary():
    def summary(nodes, edges, target, **more):
        model = dict(nodes=nodes, edges=edges, target=target, **more)
        graph = KnowledgeTransferGraph(**model)
        return graph, graph_summary(graph, model).split('\n  ')

    return summary


def size(module):
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.usefixtures('mmpretrain_scope')
def test_branches_and_an_ensemble_that_learns(summary):
    share = dict(node='b1', until='backbone.layer1')
    names = ['b1', 'b2', 'b3', 'b4']
    nodes = {name: network(**(dict(share=share) if name != 'b1' else {})) for name in names}
    nodes['teacher'] = dict(type=GatedEnsembleNode, members=names)
    edges = {f'label->{name}': dict(loss=CE) for name in nodes}
    edges |= {f'teacher->{name}': dict(loss=dict(KL, temperature=3.0)) for name in names}
    graph, lines = summary(nodes, edges, 'b1')

    backbone = graph.nodes['b1'].network.backbone
    whole = size(graph.nodes['b1'])
    trunk = sum(size(getattr(backbone, name)) for name in ('conv1', 'bn1', 'layer1'))
    gate = 16 * 4 + 4
    total = whole + 3 * (whole - trunk) + gate
    assert lines == [
        f'5 nodes, 9 edges; {total:,} parameters, {total:,} of them learn',
        f'b1: ResNet-8, {whole:,} parameters; trained, target',
        *(
            f'{name}: ResNet-8, {whole - trunk:,} parameters + {trunk} of b1 (until layer1); trained'
            for name in names[1:]
        ),
        f'teacher: GatedEnsemble of b1..b4, reads map, {gate} parameters; trained',
        '4 edges from label to b1..b4: CrossEntropy · ThroughGate',
        'label->teacher: CrossEntropy · ThroughGate, teaches b1, b2, b3, b4, teacher',
        '4 edges from teacher to b1..b4: KLDivergence T=3 · ThroughGate',
    ]


@pytest.mark.usefixtures('mmpretrain_scope')
def test_what_edges_learn_and_remember_and_whom_they_teach(summary):
    hint = dict(type=Hint, layers=dict(source='map', target='embedding'))
    edges = {
        'label->net1': dict(loss=CE),
        'net2->net1:hint': dict(loss=hint, weight=100),
        'net1->net2': dict(loss=dict(type=Hint, numbers=1_000_000), gate=dict(type='LinearGate')),
        'net2->net1': dict(loss=KL, detach=False),
        'net1->net2:cut': dict(loss=KL, gate=dict(type='CutoffGate')),
        'net1->mean': dict(type='EMAEdge', decay=0.9),
        'random->net1': dict(loss=KL),
    }
    nodes = dict(net1=network(), net2=network(), mean=network(), random=network(allow_random=True))
    graph, lines = summary(nodes, edges, 'mean')
    whole, adapter = size(graph.nodes['net1']), 16 * 16 + 16
    assert lines == [
        f'4 nodes, 7 edges, 1 of them idle; {4 * whole + 2 * adapter:,} parameters, '
        f'{2 * whole + 2 * adapter:,} of them learn',
        f'net1: ResNet-8, {whole:,} parameters; trained',
        f'net2: ResNet-8, {whole:,} parameters; trained',
        f'mean: ResNet-8, {whole:,} parameters; moving average of net1, target',
        f'random: ResNet-8, {whole:,} parameters; frozen',
        'label->net1: CrossEntropy · ThroughGate',
        f'net2->net1:hint: 100×Hint map→embedding · ThroughGate, learns {adapter} parameters',  # noqa: RUF001
        f'net1->net2: Hint embedding · LinearGate, learns {adapter} parameters, remembers 4.0 MB',
        'net2->net1: KLDivergence · ThroughGate, teaches its source as well',
        'net1->mean: EMA 0.9',
        'random->net1: KLDivergence · ThroughGate',
    ]


@pytest.mark.usefixtures('mmpretrain_scope')
def test_edges_that_differ_in_their_ends_alone_take_one_line(summary):
    names = [f'net{index}' for index in range(1, 6)]
    edges = {f'label->{name}': dict(loss=CE) for name in names}
    edges |= {f'{a}->{b}': dict(loss=dict(type=Hint)) for a in names for b in names if a != b}
    nodes = {name: network() for name in names}
    nodes['some'] = dict(type='EnsembleNode', members=['net5', 'net1', 'net4', 'net2'])
    nodes['other'] = dict(type='EnsembleNode', members=['net3', 'net4', 'net5', 'some'])
    _, lines = summary(nodes, edges, 'some')
    assert lines[6:] == [
        'some: Ensemble of net1, net2, net4, net5; target',
        'other: Ensemble of net3, net4, net5, some',
        '5 edges from label to net1..net5: CrossEntropy · ThroughGate',
        '20 edges between net1..net5: Hint embedding · ThroughGate, learns 272 parameters each',
    ]


@pytest.mark.usefixtures('mmpretrain_scope')
def test_views_that_the_graph_makes(summary):
    edges = {'label->net1': dict(loss=CE), 'net1->net1': dict(loss=KL, views=dict(target='moved'))}
    views = dict(moved=dict(type='AdversarialView', node='net1', eps=2.0))
    _, lines = summary(dict(net1=network()), edges, 'net1', views=views)
    assert lines[2:] == [
        'view moved: AdversarialView(eps=2), by net1',
        'label->net1: CrossEntropy · ThroughGate',
        'net1->net1: KLDivergence · ThroughGate · moved',
    ]
    views['moved']['of'] = 'weak'
    assert summary(dict(net1=network()), edges, 'net1', views=views)[1][2] == (
        'view moved: AdversarialView(eps=2) of weak, by net1'
    )


@pytest.mark.usefixtures('mmpretrain_scope')
def test_a_view_of_mixed_images(summary):
    edges = {
        'label->net1': dict(loss=CE, views=dict(target='mixed')),
        'label->net1:guessed': dict(loss=CE, views=dict(target='mixed'), samples='unlabeled'),
    }
    views = dict(mixed=dict(type='MixedView', node='net1', of=['weak', 'strong'], guess=['weak'], alpha=0.5))
    assert summary(dict(net1=network()), edges, 'net1', views=views)[1][2:] == [
        "view mixed: MixedView(guess=['weak'], alpha=0.5) of weak, strong, by net1",
        'label->net1: CrossEntropy · ThroughGate · mixed',
        'label->net1:guessed: CrossEntropy · ThroughGate · mixed · unlabelled',
    ]
