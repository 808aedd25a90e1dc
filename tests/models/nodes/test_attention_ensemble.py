"""OKDDip's ensembles."""

import numpy as np
import pytest
import torch

from ktg_mm.models.gates import StabilityGate
from ktg_mm.models.nodes import AttentionEnsembleNode
from ktg_mm.structures import NodeOutput

NAMES = ('a', 'b', 'c')


def made(size=16, **arguments):
    torch.manual_seed(0)
    node = AttentionEnsembleNode(NAMES, **arguments)
    node.set_shapes({name: dict(embedding=torch.Size([size])) for name in NAMES})
    return node.double()


def outputs(logits, embeddings):
    return [
        NodeOutput(torch.tensor(values), features=dict(embedding=torch.tensor(embedding)))
        for values, embedding in zip(logits, embeddings, strict=True)
    ]


@pytest.mark.parametrize(('reduction', 'short'), [(8, 2), (16, 1), (1000, 1), (1, 16)])
def test_each_member_is_told_its_own(random, reduction, short):
    node = made(reduction=reduction)
    assert node.query.weight.shape == node.key.weight.shape == (short, 16) and node.query.bias is None
    logits, embeddings = random.normal(size=(3, 4, 6)), random.normal(size=(3, 4, 16))
    output = node(outputs(logits, embeddings))
    query, key = (embeddings @ layer.weight.detach().numpy().T for layer in (node.query, node.key))
    told = np.zeros((3, 4, 6))
    for i in range(3):
        for b in range(4):
            scores = np.array([query[i, b] @ key[j, b] for j in range(3)])
            attention = np.exp(scores) / np.exp(scores).sum()
            told[i, b] = sum(attention[j] * logits[j, b] for j in range(3))
    assert list(output.told) == list(NAMES)
    for i, name in enumerate(NAMES):
        torch.testing.assert_close(output.told[name].logits, torch.tensor(told[i]))
    torch.testing.assert_close(output.logits, torch.tensor(told.mean(axis=0)))
    weights = node.weights(outputs(logits, embeddings))
    mean = sum(weights[:, j, None] * torch.tensor(logits[j]) for j in range(3))
    torch.testing.assert_close(output.logits, mean)


def test_what_is_told_is_selected_and_detached_like_the_rest(random):
    output = made()(outputs(random.normal(size=(3, 4, 6)), random.normal(size=(3, 4, 16))))
    part = output.select(torch.tensor([2, 0]))
    assert torch.equal(part.told['b'].logits, output.told['b'].logits[[2, 0]])
    detached = output.detach()
    assert output.told['b'].logits.requires_grad and not detached.told['b'].logits.requires_grad
    assert torch.equal(detached.told['b'].probabilities(3.0), output.told['b'].probabilities(3.0))


def test_edges_carry_what_each_is_told(toys):
    members = ['net1', 'net2']
    nodes = {name: toys.node() for name in (*members, 'net3')}
    edges = {f'label->{name}': toys.label() for name in nodes}
    nodes['e'] = dict(type='AttentionEnsembleNode', members=members)
    edges |= {f'e->{name}': toys.kl(detach=False) for name in ('net1', 'net2', 'net3')}
    graph, data = toys.build(nodes, edges), toys.batch()
    values = graph(**data, mode='loss')
    said = {name: graph.nodes[name](data['inputs']) for name in ('net1', 'net2', 'net3')}
    output = graph.nodes['e']([said[name] for name in members])
    for name in ('net1', 'net2', 'net3'):
        told = output.told.get(name, output).logits.softmax(1)
        expected = (told * (told.log() - said[name].logits.log_softmax(1))).sum(1).mean()
        torch.testing.assert_close(values[f'e->{name}'].loss, expected)
    assert not torch.allclose(output.told['net1'].logits, output.told['net2'].logits)


@pytest.mark.parametrize('view', ['weak', 'strong'])
def test_a_gate_that_looks_at_another_view_hears_what_the_target_is_told(toys, view, monkeypatch):
    seen = []
    monkeypatch.setattr(
        StabilityGate, 'weight', lambda self, loss, target, source, context: seen.append((source, context)) or 1.0
    )
    nodes = dict(net1=toys.node(), net2=toys.node(), e=dict(type='AttentionEnsembleNode', members=['net1', 'net2']))
    views = dict(views=dict(source='weak', target='weak'))
    gate = dict(type='StabilityGate', threshold=0.5, other_view=view)
    edges = {f'label->{name}': toys.label(views=dict(target='weak')) for name in ('net1', 'net2')}
    edges['e->net2'] = toys.kl(gate, detach=False, **views)
    graph, data = toys.build(nodes, edges), toys.batch()
    images = dict(weak=data['inputs'], strong=data['inputs'] + 0.1)
    graph(images, data['data_samples'], mode='loss')
    ((_, context),) = seen
    again = graph.nodes['e']([graph.nodes[name](images[view]) for name in ('net1', 'net2')])
    torch.testing.assert_close(context.other_source.logits, again.told['net2'].logits)
