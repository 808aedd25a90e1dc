"""A graph of language models against a step that is written down directly, and its promises for tokens."""

import copy
import math

import pytest
import torch
from mmengine.optim import OptimWrapper
from mmpretrain.structures import DataSample
from torch import nn

from ktg_mm.errors import ConfigError
from ktg_mm.models import KnowledgeTransferGraph

V, L, CONTEXT, D = 7, 4, 5, 6
LABEL = dict(loss=dict(type='CrossEntropy'))
EXACT = dict(rtol=1e-9, atol=1e-9)


def node(**arguments):
    network = dict(type='LanguageModel', vocab_size=V, length=L, dims=D, layers=1, dropout=0.0)
    own = {name: arguments.pop(name) for name in ('layers', 'dropout', 'tied', 'length') if name in arguments}
    return dict(type='NetworkNode', network=network | own, **arguments)


def build(nodes=None, edges=None, seed=0, target='net1', double=True, **arguments):
    torch.manual_seed(seed)
    nodes = nodes or dict(net1=node(), net2=node(tied=True))
    edges = edges or {
        'label->net1': LABEL,
        'label->net2': LABEL,
        'net2->net1': dict(loss=dict(type='KLDivergence', temperature=2.0), gate=dict(type='CorrectGate'), weight=0.5),
        'net1->net2': dict(loss=dict(type='KLDivergence')),
    }
    graph = KnowledgeTransferGraph(
        nodes, edges, target, data_preprocessor=dict(type='TokenPreprocessor'), **arguments
    ).train()
    graph.init_weights()
    with torch.no_grad():
        for parameter in graph.parameters():
            parameter.mul_(4)  # else all outputs are nearly the same
    return graph.double() if double else graph


def batch(rows=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    text = torch.randint(V, (rows, CONTEXT + L + 1), generator=generator)
    samples = [DataSample().set_gt_label(row[-L:].clone()) for row in text]
    return dict(inputs=text[:, :-1], data_samples=samples)


def wrapper_of(graph, **arguments):
    groups = [dict(params=parameters) for _, parameters in graph.parameter_groups()]
    return OptimWrapper(torch.optim.SGD(groups, lr=0.1, momentum=0.9, weight_decay=1e-2), **arguments)


def said(weights, text):
    """An LSTM's logits for the last tokens of a text, gate by gate; what comes before them has no gradient."""
    hidden = cell = torch.zeros(D, dtype=torch.float64)
    logits = []
    for place, word in enumerate(text):
        both = weights['backbone.rnn.weight_ih_l0'] @ weights['backbone.encoder.weight'][word]
        both = both + weights['backbone.rnn.bias_ih_l0'] + weights['backbone.rnn.bias_hh_l0']
        into, keep, new, out = (both + weights['backbone.rnn.weight_hh_l0'] @ hidden).split(D)
        cell = torch.sigmoid(keep) * cell + torch.sigmoid(into) * torch.tanh(new)
        hidden = torch.sigmoid(out) * torch.tanh(cell)
        if place < CONTEXT:
            hidden, cell = hidden.detach(), cell.detach()
        else:
            logits.append(weights['classifier.weight'] @ hidden + weights['classifier.bias'])
    return torch.stack(logits)


def kl(target, source, temperature):
    p_t, p_s = ((logits / temperature).softmax(dim=1) for logits in (target, source.detach()))
    return temperature**2 * (p_s * (p_s / p_t).log()).sum(dim=1)


def test_a_step_equals_one_that_is_written_down():
    graph, data = build(), batch()
    networks = [copy.deepcopy(graph.nodes[name].network) for name in ('net1', 'net2')]
    optimizer = torch.optim.SGD(
        [p for network in networks for p in network.parameters()], lr=0.1, momentum=0.9, weight_decay=1e-2
    )
    wrapper = wrapper_of(graph)
    gates = []
    for step in range(3):
        data = batch(seed=step)
        labels = torch.cat([sample.gt_label for sample in data['data_samples']])
        one, two = (
            torch.cat([said(dict(network.named_parameters(remove_duplicate=False)), text) for text in data['inputs']])
            for network in networks
        )
        right = (two.argmax(dim=1) == labels).double()
        expected = {
            'label->net1': nn.functional.cross_entropy(one, labels),
            'label->net2': nn.functional.cross_entropy(two, labels),
            'net2->net1': 0.5 * (right * kl(one, two, 2.0)).mean(),
            'net1->net2': kl(two, one, 1.0).mean(),
        }
        log = graph.train_step(data, wrapper)
        optimizer.zero_grad()
        sum(expected.values()).backward()
        optimizer.step()
        for key, value in expected.items():
            torch.testing.assert_close(log[f'edge/{key}'], value.detach(), **EXACT)
        gates.append(float(right.mean()))
        torch.testing.assert_close(float(log['gate/net2->net1']), gates[-1])
    assert any(0 < gate < 1 for gate in gates)
    for name, network in zip(('net1', 'net2'), networks, strict=True):
        torch.testing.assert_close(graph.nodes[name].network.state_dict(), network.state_dict(), **EXACT)


def test_every_kind_of_edge_and_node():
    nodes = dict(
        net1=node(),
        net2=node(share=dict(node='net1', until='backbone')),
        old=node(allow_random=True),
        mean=node(),
        vote=dict(type='EnsembleNode', members=['net1', 'net2']),
        wise=dict(type='AttentionEnsembleNode', members=['net1', 'net2'], layer='embedding', reduction=2),
    )
    edges = {
        'label->net1': LABEL,
        'label->wise': LABEL,
        'old->net1': dict(loss=dict(type='RKD'), gate=dict(type='ThresholdGate', threshold=0.3)),
        'vote->net2': dict(loss=dict(type='KLDivergence'), gate=dict(type='FreeMatchGate')),
        'old->net2': dict(loss=dict(type='PKT'), gate=dict(type='CutoffGate')),
        'old->net2:2': dict(loss=dict(type='ClassifierDiversity'), weight=1e-3),
        'net1->mean': dict(type='EMAEdge', decay=0.5),
    }
    graph = build(nodes, edges)
    before = copy.deepcopy(graph.state_dict())
    log = graph.train_step(batch(), wrapper_of(graph))
    assert math.isfinite(log['loss']) and 'edge/old->net2' not in log
    changed = {name.split('.')[1] for name, value in graph.state_dict().items() if not torch.equal(value, before[name])}
    assert changed - {'old->net1', 'vote->net2'} == {'net1', 'net2', 'mean', 'wise'}
    for name, value in graph.nodes['mean'].state_dict().items():
        expected = (before[f'nodes.mean.{name}'] + graph.state_dict()[f'nodes.net1.{name}']) / 2
        torch.testing.assert_close(value, expected)


def test_a_teacher_and_an_evaluation_leave_training_as_it_is():
    edges = {'label->net1': LABEL, 'old->net1': dict(loss=dict(type='KLDivergence'))}
    nodes = dict(net1=node(dropout=0.5), old=node(dropout=0.5, allow_random=True))
    graphs = [build(nodes, edges) for _ in range(2)]
    wrappers = [wrapper_of(graph) for graph in graphs]
    for step in range(3):
        for number, (graph, wrapper) in enumerate(zip(graphs, wrappers, strict=True)):
            torch.manual_seed(step)  # as SeedHook does
            graph.train_step(batch(seed=step), wrapper)
            if number:
                graph.eval()
                graph.val_step(batch(rows=8, seed=9))
                graph.train()
    torch.testing.assert_close(graphs[1].state_dict(), graphs[0].state_dict(), rtol=0, atol=0)


def test_predictions():
    graph, data = build(), batch()
    graph.eval()
    data['data_samples'][2].gt_label[2:] = -1  # the end of a text
    found = graph.val_step(data)
    logits = {name: output.logits for name, output in graph.node_outputs(data['inputs']).items()}
    for i, sample in enumerate(found):
        assert sample.node_names == ('net1', 'net2') == sample.network_names and 'pred_score' not in sample
        own = {name: value[i * L : (i + 1) * L] for name, value in logits.items()}
        assert torch.equal(sample.pred_label, own['net1'].argmax(dim=1))
        known = sample.gt_label >= 0
        for number, name in enumerate(sample.node_names):
            expected = own[name].log_softmax(dim=1)[known, sample.gt_label[known]]
            torch.testing.assert_close(sample.node_log_probabilities[number][known], expected.float())
    assert graph(data['inputs'], mode='tensor').shape == (3 * L, V)
    unlabelled = graph(data['inputs'], mode='predict')
    assert [len(sample.pred_label) for sample in unlabelled] == [L] * 3
    assert 'node_log_probabilities' not in unlabelled[0]


def test_accumulation_is_one_batch():
    whole, parts = build(), build()
    data = batch(rows=4)
    whole.train_step(data, wrapper_of(whole))
    wrapper = wrapper_of(parts, accumulative_counts=2)
    wrapper.initialize_count_status(parts, 0, 2)
    for part in (slice(0, 2), slice(2, 4)):
        parts.train_step({name: value[part] for name, value in data.items()}, wrapper)
    torch.testing.assert_close(parts.state_dict(), whole.state_dict(), **EXACT)


@pytest.mark.parametrize('mode', ['train', 'predict'])
def test_another_length_than_the_labels(mode):
    graph = build(dict(net1=node(length=3)), {'label->net1': LABEL})
    line = r'^train_dataloader\.dataset\.length: the batch has labels of 12 tokens, but a network .* predicts 9; length'
    with pytest.raises(ConfigError, match=line):
        graph.train_step(batch(), wrapper_of(graph)) if mode == 'train' else graph.val_step(batch())


def test_a_teacher_of_another_length_than_the_labels():
    nodes = dict(net1=node(), old=node(length=3, allow_random=True))
    graph = build(nodes, {'label->net1': LABEL, 'old->net1': dict(loss=dict(type='KLDivergence'))})
    with pytest.raises(ConfigError, match=r'^train_dataloader\.dataset\.length: .* of 12 tokens, but .* predicts 9; '):
        graph.train_step(batch(), wrapper_of(graph))


def test_vocabularies_that_differ():
    other = node()
    other['network']['vocab_size'] = V + 1
    with pytest.raises(ConfigError, match=r'^model\.nodes\.net2\.network\.vocab_size: is 8, but .*vocab_size is 7; '):
        build(dict(net1=node(), net2=other))
