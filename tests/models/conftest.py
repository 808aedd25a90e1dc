"""Small networks, graphs and batches, and formulas in numpy that several tests compare with."""

import copy
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.optim import OptimWrapper
from mmpretrain.structures import DataSample

from ktg_mm.models import KnowledgeTransferGraph

CLASSES = 5


def network(kind='resnet', classes=CLASSES, **backbone):
    """Config of a small classifier of grey images."""
    if kind == 'lenet':  # for images of 32 x 32
        return dict(
            type='ImageClassifier', backbone=dict(type='LeNet5', num_classes=classes), head=dict(type='ClsHead')
        )
    backbone = dict(depth=8, base_channels=4, in_channels=1) | backbone
    if kind == 'abn':
        backbone |= dict(type='ABNCIFARResNet', num_classes=classes)
    return dict(
        type='ImageClassifier',
        backbone=dict(type='CIFARResNet') | backbone,
        neck=dict(type='GlobalAveragePooling'),
        head=dict(type='LinearClsHead', num_classes=classes, in_channels=16),
    )


def node(kind='resnet', classes=CLASSES, **arguments):
    """Config of a network node."""
    return dict(type='NetworkNode', network=network(kind, classes), **arguments)


def label(gate=None, **entries):
    """Config of a label edge."""
    return dict(loss=dict(type='CrossEntropy'), **(dict(gate=gate) if gate else {}), **entries)


def kl(gate=None, temperature=1.0, **entries):
    """Config of an edge with KL divergence."""
    return dict(loss=dict(type='KLDivergence', temperature=temperature), **(dict(gate=gate) if gate else {}), **entries)


def build(nodes, edges, target='net1', seed=0, double=True, **arguments):
    """Builds and initialises a graph; in float64, and then fed without a change of dtype, unless told otherwise."""
    torch.manual_seed(seed)
    if double:
        arguments.setdefault('data_preprocessor', dict(type='BaseDataPreprocessor'))
    graph = KnowledgeTransferGraph(nodes, edges, target, **arguments)
    graph.init_weights()
    with torch.no_grad():
        for node in graph.nodes.values():
            head = getattr(getattr(node, 'network', None), 'head', None)
            if hasattr(head, 'fc'):
                head.fc.weight.mul_(50)  # else all outputs are nearly the same
    return graph.double().train() if double else graph.train()


def batch(size=6, side=16, seed=0, classes=CLASSES, double=True):
    """A batch of random grey images, as the data loader gives it."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(size, 1, side, side, generator=generator, dtype=torch.float64 if double else torch.float32)
    labels = torch.randint(classes, (size,), generator=generator)
    return dict(inputs=images, data_samples=[DataSample().set_gt_label(int(label)) for label in labels])


def labels_of(data):
    """The labels of a batch, shape (B,)."""
    return torch.cat([sample.gt_label for sample in data['data_samples']])


def sgd(graph, lr=0.1, momentum=0.9, weight_decay=1e-2, **arguments):
    """Optimiser of a graph's trained nodes."""
    groups = [dict(params=parameters) for _, parameters in graph.parameter_groups()]
    optimizer = torch.optim.SGD(groups, lr=lr, momentum=momentum, weight_decay=weight_decay)
    return OptimWrapper(optimizer, **arguments)


def gradients(module):
    """Copies of a module's gradients by parameter."""
    return {name: p.grad.clone() for name, p in module.named_parameters() if p.grad is not None}


def state(module):
    """A copy of a module's parameters and buffers."""
    return copy.deepcopy(module.state_dict())


@pytest.fixture(scope='session')
def toys():
    """What the tests build: configs, graphs, batches, optimisers."""
    return SimpleNamespace(
        classes=CLASSES,
        network=network,
        node=node,
        label=label,
        kl=kl,
        build=build,
        batch=batch,
        labels_of=labels_of,
        sgd=sgd,
        gradients=gradients,
        state=state,
    )


def softmax(logits, temperature=1.0):
    """Softmax of one sample's logits, a list of floats."""
    exponentials = [math.exp(value / temperature) for value in logits]
    return [value / sum(exponentials) for value in exponentials]


def attention_crop(attention, centre_of, size):
    """The square of one map (H, W) around the highest place of another, moved inside, divided by its length."""
    height, width = centre_of.shape
    best = (0, 0)
    for row in range(height):
        for column in range(width):
            if centre_of[row, column] > centre_of[best]:
                best = (row, column)
    top, left = best[0] - (size - 1) // 2, best[1] - (size - 1) // 2
    while top < 0:
        top += 1
    while left < 0:
        left += 1
    while top + size > height:
        top -= 1
    while left + size > width:
        left -= 1
    values = [float(attention[top + i, left + j]) for i in range(size) for j in range(size)]
    length = math.sqrt(sum(value * value for value in values))
    return [value / length for value in values]


@pytest.fixture(scope='session')
def formulas():
    """Formulas for one sample, in plain Python."""
    return SimpleNamespace(softmax=softmax, attention_crop=attention_crop)


@pytest.fixture
def random():
    """A seeded generator of numpy."""
    return np.random.default_rng(0)
