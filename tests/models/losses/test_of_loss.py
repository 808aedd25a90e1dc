"""Functions of other losses in a graph: what these need and whom they teach decides."""

import pytest
import torch

from ktg_mm.config import EdgeConfig
from ktg_mm.errors import ConfigError
from ktg_mm.models.build import build_edge
from ktg_mm.models.losses import Negated, OfLoss, Reciprocal

KL = dict(type='KLDivergence', temperature=2.0)
ATTENTION = dict(type='AttentionMSE', sizes=[1, 3])


def graph_of(toys, loss, kind='resnet', weight=1.0, gate=None, key='net2->net1', **arguments):
    entries = dict(loss=loss, weight=weight, **(dict(gate=gate) if gate else {}))
    nodes = dict(net1=toys.node(kind), net2=toys.node(kind, allow_random=True))
    return toys.build(nodes, {'label->net1': toys.label(), key: entries}, **arguments)


def losses_of(toys, graph):
    return {key: value.loss for key, value in graph(**toys.batch(), mode='loss').items()}


def turned(of, **arguments):
    return dict(type='Negated', loss=of, **arguments)


@pytest.mark.parametrize('gate', [None, dict(type='LinearGate'), dict(type='CorrectGate')])
def test_minus_a_loss_has_minus_its_value_and_its_gradient(gate, toys):
    graphs = [graph_of(toys, loss, gate=gate, weight=0.7) for loss in (KL, turned(KL))]
    values = [losses_of(toys, graph)['net2->net1'] for graph in graphs]
    torch.testing.assert_close(values[1], -values[0])
    gradients = []
    for graph, value in zip(graphs, values, strict=True):
        value.backward()
        gradients.append([p.grad for p in graph.nodes['net1'].own_parameters() if p.grad is not None])
        assert all(p.grad is None for p in graph.nodes['net2'].own_parameters())
    assert gradients[0] and len(gradients[0]) == len(gradients[1])
    torch.testing.assert_close(gradients[1], [-gradient for gradient in gradients[0]])


def test_what_the_other_needs_is_asked_for(toys):
    graph = graph_of(toys, turned(ATTENTION))
    value = losses_of(toys, graph)['net2->net1']
    torch.testing.assert_close(value, -losses_of(toys, graph_of(toys, ATTENTION))['net2->net1'])
    edge = EdgeConfig('net2->net1', dict(loss=turned(dict(type='DKD'))))
    assert edge.samples == 'labeled' and EdgeConfig('net2->net1', dict(loss=turned(KL))).samples == 'all'


def test_features_of_the_other(toys):
    nst = dict(type='NST')
    values = [losses_of(toys, graph_of(toys, loss))['net2->net1'] for loss in (nst, turned(nst))]
    torch.testing.assert_close(values[1], -values[0])
    with pytest.raises(ConfigError, match=r"^model.edges\['net2->net1'\].loss.loss.layers: node 'net1'"):
        graph_of(toys, turned(dict(type='NST', layers='backbone.layer9')))


def test_several_losses_of_an_edge(toys):
    alone = [losses_of(toys, graph_of(toys, loss))['net2->net1'] for loss in (KL, turned(ATTENTION))]
    both = losses_of(toys, graph_of(toys, [KL, turned(ATTENTION)]))['net2->net1']
    torch.testing.assert_close(both, alone[0] + alone[1])


def test_whom_the_other_teaches(toys):
    assert Negated(KL).trains_head and not Negated(ATTENTION).trains_head
    assert Reciprocal(dict(type='PKT')).relational and not Reciprocal(KL).relational
    own = {'net1->net1:sure': dict(loss=turned(dict(type='Entropy')))}
    graph = toys.build(dict(net1=toys.node()), {'label->net1': toys.label()} | own)
    assert float(losses_of(toys, graph)['net1->net1:sure'].detach()) < 0


@pytest.mark.parametrize(
    ('loss', 'says'),
    [
        (turned(None), "loss.loss: must be the dict of one loss with a 'type'"),
        (dict(type='Negated'), 'loss.loss: must be'),
        (turned(dict(type='KLDivergense')), 'loss.loss.type: unknown loss'),
        (turned(dict(type='CrossEntropy')), "loss.loss: CrossEntropy learns from the label, not from 'net2'"),
        (turned(dict(KL, temperature=0)), 'loss.loss.temperature: must be above 0, got 0'),
        (turned(dict(type='FitNets')), 'loss.loss: must be a loss that neither learns nor remembers anything'),
        (turned(dict(type='CRD', num_samples=8)), 'loss.loss: must be a loss that neither learns nor remembers'),
        (turned(turned(KL)), 'loss.loss: must be a loss that neither'),
        (turned(dict(type='Entropy')), 'loss.loss: Entropy looks at the target alone'),
    ],
)
def test_a_wrong_one_is_named_by_its_key(loss, says, toys):
    with pytest.raises(ConfigError) as caught:
        graph_of(toys, loss)
    assert str(caught.value).startswith(f"model.edges['net2->net1'].{says}") and '\n' not in str(caught.value)


def test_the_key_of_what_is_within():
    edge = build_edge(EdgeConfig('a->b', dict(loss=[KL, turned(KL)])))
    paths = [path for path, _ in edge.parts]
    assert paths == ["model.edges['a->b'].loss", "model.edges['a->b'].loss.loss", "model.edges['a->b'].gate"]


def test_the_base_asks_for_a_function(random):
    with pytest.raises(NotImplementedError):
        OfLoss(KL).function(torch.zeros(1))
