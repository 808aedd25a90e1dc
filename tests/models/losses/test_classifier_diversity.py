"""Classifiers that are to differ."""

import pytest
import torch

from ktg_mm.errors import ConfigError
from ktg_mm.models.losses import ClassifierDiversity
from ktg_mm.structures import NodeOutput, TransferContext


def context_of(own, others):
    context = TransferContext(None)
    context.target_classifier, context.source_classifier = own, others
    return context


@pytest.mark.parametrize('product', ['features', 'classes'])
def test_the_sum_of_the_products_entries(random, product):
    own, others = random.normal(size=(3, 5)), random.normal(size=(3, 5))
    expected = 0.0
    for i in range(5 if product == 'features' else 3):
        for j in range(5 if product == 'features' else 3):
            if product == 'features':
                expected += abs(sum(own[k, i] * others[k, j] for k in range(3)))
            else:
                expected += abs(sum(own[i, d] * others[j, d] for d in range(5)))
    output = NodeOutput(torch.zeros(7, 3))
    found = ClassifierDiversity(product)(output, output, context_of(torch.tensor(own), torch.tensor(others)))
    torch.testing.assert_close(found, torch.full((7,), expected, dtype=torch.float64))


def test_features_of_unlike_length():
    output = NodeOutput(torch.zeros(1, 2))
    assert ClassifierDiversity()(output, output, context_of(torch.ones(2, 3), torch.ones(2, 5))).tolist() == [30.0]


def test_halves_do_not_overflow():
    half = torch.full((100, 64), 8.0, dtype=torch.float16)
    output = NodeOutput(torch.zeros(1, 2))
    assert ClassifierDiversity()(output, output, context_of(half, half)).tolist() == [64.0 * 64 * 100 * 64]


@pytest.mark.parametrize('detach', [True, False])
def test_who_learns(toys, detach):
    edge = dict(loss=dict(type='ClassifierDiversity'), weight=1e-3, detach=detach)
    nodes = dict(net1=toys.node(), net2=toys.node())
    edges = {f'label->{name}': toys.label() for name in nodes} | {'net1->net2:apart': edge}
    graph = toys.build(nodes, edges)
    value = graph(**toys.batch(), mode='loss')['net1->net2:apart'].loss
    matrix = {name: graph.nodes[name].network.head.fc.weight for name in nodes}
    torch.testing.assert_close(value, 1e-3 * (matrix['net2'].T @ matrix['net1']).abs().sum())
    value.backward()
    taught = ['net2'] if detach else ['net1', 'net2']
    assert set(toys.gradients(graph)) == {f'nodes.{name}.network.head.fc.weight' for name in taught}
    assert graph.reaches_all_parameters  # by the label's edges


def test_alone_it_does_not_reach_all_parameters(toys):
    edge = dict(loss=dict(type='ClassifierDiversity'))
    nodes = dict(net1=toys.node(), net2=toys.node())
    assert not toys.build(nodes, {'label->net1': toys.label(), 'net1->net2': edge}).reaches_all_parameters


def test_it_may_grow_with_the_run(toys):
    edge = dict(loss=dict(type='ClassifierDiversity'), gate=dict(type='RampUpGate', length=0.5, shape='linear'))
    nodes = dict(net1=toys.node(), net2=toys.node())
    graph = toys.build(nodes, {f'label->{name}': toys.label() for name in nodes} | {'net1->net2:apart': edge})
    values = []
    for progress in (0.25, 1.0):
        graph.progress = progress
        values.append(float(graph(**toys.batch(), mode='loss')['net1->net2:apart'].loss.detach()))
    assert values[0] == pytest.approx(values[1] / 2)


EDGE = "model.edges['net1->net2:apart']"
MISTAKES = [
    (dict(gate=dict(type='CorrectGate')), f'{EDGE}.gate: weighs samples, but ClassifierDiversity depends on weights a'),
    (dict(loss=dict(type='ClassifierDiversity', product='both')), f"{EDGE}.loss.product: must be 'features' or 'class"),
    (dict(source='label'), "model.edges['label->net2:apart'].loss: ClassifierDiversity learns from a node, not from '"),
    (dict(source='e'), "model.edges['e->net2:apart'].loss: node 'e': has no linear classifier, as it is of type Ensem"),
    (dict(loss=dict(type='ClassifierDiversity', product='classes'), wide=True), f'{EDGE}.loss: the classifiers have m'),
    (dict(classes=7), 'model.nodes.net2.network.head.num_classes: is 7, but model.nodes.net1.network.head.num_classes'),
]  # fmt: skip


@pytest.mark.parametrize(('change', 'message'), MISTAKES, ids=[message[:70] for _, message in MISTAKES])
def test_mistakes(toys, change, message):
    change = dict(change)
    other, source = toys.node(classes=change.pop('classes', toys.classes)), change.pop('source', 'net1')
    if change.pop('wide', False):
        other['network'] = toys.network(base_channels=8)
        other['network']['head'] = dict(other['network']['head'], in_channels=32)
    nodes = dict(net1=toys.node(), net2=other, e=dict(type='EnsembleNode', members=['net1', 'net2']))
    edges = {f'label->{name}': toys.label() for name in ('net1', 'net2')}
    edges[f'{source}->net2:apart'] = dict(loss=dict(type='ClassifierDiversity')) | change
    with pytest.raises(ConfigError) as caught:
        toys.build(nodes, edges)
    assert str(caught.value).startswith(message) and '\n' not in str(caught.value)
