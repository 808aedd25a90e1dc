"""Graphs of tiny networks, for stacks of them."""

import copy
import random as plain_random
from types import SimpleNamespace

import pytest
import torch
from mmengine.optim import OptimWrapper
from mmpretrain.registry import MODELS
from torch import nn

NODES = ('net1', 'net2', 'net3')
LOSSES = ('KLDivergence', 'KLDivergence', 'KLDivergence', 'ProbabilityMSE', 'ProbabilityCosine', 'PseudoLabel')


@pytest.fixture(scope='session', autouse=True)
def tiny():
    """Registers a backbone of two convolutions with batch norm."""

    class TinyBackbone(nn.Sequential):
        def __init__(self, channels=4, dropout=0.0):
            super().__init__(
                nn.Conv2d(1, channels, 3, bias=False),
                nn.BatchNorm2d(channels),
                nn.ReLU(inplace=True),
                *([nn.Dropout(dropout)] if dropout else []),
                nn.Conv2d(channels, 8, 3, stride=2),
                nn.BatchNorm2d(8),
                nn.ReLU(inplace=True),
            )

        def forward(self, images):
            return (super().forward(images),)

    MODELS.register_module(name='TinyBackbone', module=TinyBackbone)
    yield
    MODELS.module_dict.pop('TinyBackbone')


def node(classes=5, **arguments):
    """Config of a tiny network's node."""
    backbone = {key: arguments.pop(key) for key in ('channels', 'dropout') if key in arguments}
    network = dict(
        type='ImageClassifier',
        backbone=dict(type='TinyBackbone', **backbone),
        neck=dict(type='GlobalAveragePooling'),
        head=dict(type='LinearClsHead', num_classes=classes, in_channels=8),
    )
    return dict(type='NetworkNode', network=network, **arguments)


def nodes(**arguments):
    """Three of them, of which nobody need teach one, and their ensemble."""
    tiny = {name: node(allow_random=True, **arguments) for name in NODES}
    return tiny | dict(ens=dict(type='EnsembleNode', members=list(NODES)))


def random_edges(seed, paper=False):
    """Edges between three nodes as a search may draw them: any gate, temperature, loss and weight, or none at all.

    With ``paper`` they are those of Minami et al.: four gates, and KL divergence between networks.
    """
    draw = plain_random.Random(seed)
    gates = [
        dict(type='ThroughGate'),
        *[dict(type='CutoffGate')] * 4,
        dict(type='LinearGate'),
        dict(type='CorrectGate'),
        dict(type='SineGate', frequency=draw.random(), phase=3 * draw.random()),
        dict(type='ThresholdGate', threshold=0.3 * draw.random() + 0.2),
        dict(type='RampUpGate', length=draw.uniform(0.1, 1)),
        dict(type='NegativeLinearGate'),
    ]
    gates, losses = (gates[:7], LOSSES[:1]) if paper else (gates, LOSSES)
    edges = {}
    for target in NODES:
        for source in ('label', *NODES):
            if source == target:
                continue
            loss = dict(type='CrossEntropy', label_smoothing=0.0 if paper else draw.choice((0.0, 0.1)))
            if source != 'label':
                loss = dict(type=draw.choice(losses))
                if loss['type'] == 'KLDivergence':
                    loss['temperature'] = draw.choice((1.0, draw.uniform(0.5, 4)))
            weight = draw.choice((1.0, draw.uniform(0.1, 2)))
            # A label teaches without a gate now and then, so that most graphs learn something.
            gate = draw.choice(gates if source != 'label' else [dict(type='ThroughGate'), *gates])
            edges[f'{source}->{target}'] = dict(loss=loss, gate=gate, weight=weight)
    edges['label->net1']['gate'] = dict(type='ThroughGate')
    return edges


def sgd(graph, lr=0.05, momentum=0.9, weight_decay=1e-2, nesterov=True, **arguments):
    """Optimiser of a graph, a group for each node that learns."""
    groups = [dict(params=parameters) for _, parameters in graph.parameter_groups()]
    options = dict(lr=lr, momentum=momentum, weight_decay=weight_decay, nesterov=nesterov)
    return OptimWrapper(torch.optim.SGD(groups, **options), **arguments)


def step_alone(graph, optim_wrapper, data):
    """A step of a graph that is in no stack."""
    return graph.train_step(copy.deepcopy(data), optim_wrapper)


def assert_same(graph, other, atol=1e-9):
    """Two graphs have the same weights and statistics."""
    torch.testing.assert_close(graph.state_dict(), other.state_dict(), rtol=0, atol=atol)


@pytest.fixture(scope='session')
def stacks():
    """What the tests of stacks build."""
    return SimpleNamespace(
        node=node, nodes=nodes, random_edges=random_edges, sgd=sgd, step_alone=step_alone, assert_same=assert_same
    )
