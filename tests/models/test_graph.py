"""The graph against training steps that are written down directly, and against its own promises."""

import copy
import math

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mmpretrain.models import LeNet5, LinearClsHead
from mmpretrain.structures import DataSample
from torch.utils._python_dispatch import TorchDispatchMode

from ktg_mm.errors import ConfigError, UserError
from ktg_mm.models import KnowledgeTransferGraph

EXACT = dict(rtol=1e-9, atol=1e-9)


def forward(network, images):
    """What a network computes, layer by layer: logits, attention map, the attention branch's logits."""
    backbone, branch_logits = network.backbone, None
    x = torch.relu(backbone.bn1(backbone.conv1(images)))
    x = backbone.layer2(backbone.layer1(x))
    if hasattr(backbone, 'attention_branch'):
        attention, branch_logits = backbone.attention_branch(x)
        x = backbone.layer3(x * attention[:, None])
    else:
        x = backbone.layer3(x)
        attention = (x**2).sum(1)
    logits = x.mean(dim=(2, 3)) @ network.head.fc.weight.T + network.head.fc.bias
    return logits, attention, branch_logits


def copies(graph):
    """Copies of the graph's networks, which learn nothing from the graph."""
    networks = {name: copy.deepcopy(node.network) for name, node in graph.nodes.items() if hasattr(node, 'network')}
    return {name: network.requires_grad_(graph.roles[name] == 'trained') for name, network in networks.items()}


def cross_entropy(logits, labels):
    return torch.stack([-(row.exp() / row.exp().sum())[y].log() for row, y in zip(logits, labels, strict=True)])


def kl_divergence(target, source, temperature=1.0):
    values = []
    for t, s in zip(target, source.detach(), strict=True):
        p_t, p_s = ((row / temperature).exp() / (row / temperature).exp().sum() for row in (t, s))
        values.append(temperature**2 * (p_s * (p_s / p_t).log()).sum())
    return torch.stack(values)


def crop_pairs(target, source, sizes):
    """For each sample the normalised crops of both maps, around the source's highest place."""
    source = source.detach()
    for t, s in zip(target, source, strict=True):
        row, column = divmod(int(s.argmax()), s.shape[1])
        pairs = []
        for size in sizes:
            top = min(max(row - size // 2, 0), s.shape[0] - size)
            left = min(max(column - size // 2, 0), s.shape[1] - size)
            a, b = (m[top : top + size, left : left + size].flatten() for m in (t, s))
            pairs.append((a / (a * a).sum().sqrt(), b / (b * b).sum().sqrt()))
        yield pairs


def attention_mse(target, source, sizes):
    return torch.stack(
        [
            sum(((a - b) ** 2).sum() / len(a) for a, b in pairs) / len(sizes)
            for pairs in crop_pairs(target, source, sizes)
        ]
    )


def attention_cosine(target, source, sizes):
    return torch.stack([sum(a @ b for a, b in pairs) / len(sizes) for pairs in crop_pairs(target, source, sizes)])


def correct(source, labels):
    return torch.tensor([float(row.argmax() == y) for row, y in zip(source, labels, strict=True)], dtype=torch.float64)


def assert_same_gradients(graph, networks):
    """After a backward pass of both: the same gradients, running statistics and no gradient elsewhere."""
    for name, network in networks.items():
        for key, parameter in network.named_parameters():
            found = graph.nodes[name].network.get_parameter(key).grad
            assert (found is None) == (parameter.grad is None), (name, key)
            if found is not None:
                torch.testing.assert_close(found, parameter.grad, **EXACT)
        for key, buffer in network.named_buffers():
            torch.testing.assert_close(graph.nodes[name].network.get_buffer(key), buffer, **EXACT)


def run(graph, data):
    """One forward and backward pass of the graph."""
    values = graph(**data, mode='loss')
    sum(value.loss for value in values.values()).backward()
    return values


# Against training steps written directly


def test_knowledge_distillation(toys):
    graph = toys.build(
        dict(net1=toys.node(), teacher=toys.node(allow_random=True)),
        {'label->net1': toys.label(), 'teacher->net1': toys.kl(temperature=4.0)},
    )
    data, networks = toys.batch(), copies(graph)
    labels = toys.labels_of(data)
    student, teacher = networks['net1'].train(), networks['teacher'].eval()
    values = run(graph, data)
    logits, _, _ = forward(student, data['inputs'])
    label = cross_entropy(logits, labels).mean()
    distil = kl_divergence(logits, forward(teacher, data['inputs'])[0], 4.0).mean()
    (label + distil).backward()
    torch.testing.assert_close(values['label->net1'].loss, label, **EXACT)
    torch.testing.assert_close(values['teacher->net1'].loss, distil, **EXACT)
    assert_same_gradients(graph, networks)
    assert all(p.grad is not None for p in graph.nodes['net1'].parameters())


def test_deep_mutual_learning(toys):
    graph = toys.build(
        dict(net1=toys.node(), net2=toys.node()),
        {
            'label->net1': toys.label(),
            'label->net2': toys.label(),
            'net2->net1': toys.kl(),
            'net1->net2': toys.kl(),
        },
    )
    data, networks = toys.batch(), copies(graph)
    labels = toys.labels_of(data)
    run(graph, data)
    logits = {name: forward(network.train(), data['inputs'])[0] for name, network in networks.items()}
    for own, other in (('net1', 'net2'), ('net2', 'net1')):
        loss = cross_entropy(logits[own], labels).mean() + kl_divergence(logits[own], logits[other]).mean()
        loss.backward(retain_graph=True)
    assert_same_gradients(graph, networks)


def test_three_nodes_with_all_kinds_of_gates(toys):
    through, cutoff, linear, negative, right = (
        dict(type=f'{name}Gate') for name in ('Through', 'Cutoff', 'Linear', 'NegativeLinear', 'Correct')
    )
    graph = toys.build(
        {name: toys.node() for name in ('net1', 'net2', 'net3')},
        {
            'label->net1': toys.label(linear),
            'label->net2': toys.label(through),
            'label->net3': toys.label(cutoff),
            'net2->net1': toys.kl(right),
            'net3->net1': toys.kl(negative, temperature=2.0),
            'net1->net2': toys.kl(cutoff),
            'net3->net2': toys.kl(linear, weight=0.5),
            'net1->net3': toys.kl(through),
            'net2->net3': toys.kl(dict(type='SineGate', frequency=0.5, phase=1.5 * math.pi)),
        },
    )
    graph.progress = 0.3
    data, networks = toys.batch(), copies(graph)
    labels = toys.labels_of(data)
    values = run(graph, data)
    z = {name: forward(network.train(), data['inputs'])[0] for name, network in networks.items()}
    mask = correct(z['net2'], labels)
    assert 0 < mask.sum() < 6
    losses = [
        0.3 * cross_entropy(z['net1'], labels).sum() / 6
        + (mask * kl_divergence(z['net1'], z['net2'])).sum() / 6
        + 0.7 * kl_divergence(z['net1'], z['net3'], 2.0).sum() / 6,
        cross_entropy(z['net2'], labels).sum() / 6 + 0.3 * 0.5 * kl_divergence(z['net2'], z['net3']).sum() / 6,
        kl_divergence(z['net3'], z['net1']).sum() / 6
        + (0.5 + 0.5 * math.sin(2 * math.pi * 0.5 * 0.3 + 1.5 * math.pi))
        * kl_divergence(z['net3'], z['net2']).sum()
        / 6,
    ]
    for loss in losses:
        loss.backward(retain_graph=True)
    torch.testing.assert_close(sum(v.loss for v in values.values()), sum(losses), **EXACT)
    assert_same_gradients(graph, networks)
    assert set(values) == {
        'label->net1', 'label->net2', 'net2->net1', 'net3->net1', 'net3->net2', 'net1->net3', 'net2->net3'
    }  # fmt: skip


def test_attention_branch_networks(toys):
    """Both branches learn the label; attention attracts one way and repels the other."""
    graph = toys.build(
        dict(net1=toys.node('abn'), net2=toys.node('abn')),
        {
            'label->net1': toys.label(),
            'label->net2': toys.label(),
            'net2->net1': dict(
                loss=[dict(type='KLDivergence'), dict(type='AttentionMSE')], gate=dict(type='CorrectGate')
            ),
            'net1->net2': dict(loss=[dict(type='ProbabilityCosine'), dict(type='AttentionCosine', sizes=[3, 5])]),
        },
    )
    data, networks = toys.batch(12), copies(graph)
    labels = toys.labels_of(data)
    run(graph, data)
    out = {name: forward(network.train(), data['inputs']) for name, network in networks.items()}
    (z1, a1, b1), (z2, a2, b2) = out['net1'], out['net2']
    assert a1.shape == (12, 8, 8)
    mask = correct(z2, labels)
    assert 0 < mask.sum() < 12
    p1, p2 = z1.softmax(1).detach(), z2.softmax(1)
    cosine = (p1 * p2).sum(1) / (p1 * p1).sum(1).sqrt() / (p2 * p2).sum(1).sqrt()
    losses = [
        (cross_entropy(z1, labels) + cross_entropy(b1, labels)).mean()
        + (mask * (kl_divergence(z1, z2) + attention_mse(a1, a2, (3, 5, 7)))).mean(),
        (cross_entropy(z2, labels) + cross_entropy(b2, labels)).mean()
        + (cosine + attention_cosine(a2, a1, (3, 5))).mean(),
    ]
    for loss in losses:
        loss.backward(retain_graph=True)
    assert_same_gradients(graph, networks)


def test_attention_of_plain_networks(toys):
    graph = toys.build(
        dict(net1=toys.node(), net2=toys.node()),
        {
            'label->net2': toys.label(),
            'net2->net1': dict(loss=dict(type='AttentionMSE', sizes=[2, 3], reduction='mean')),
        },
    )
    data, networks = toys.batch(), copies(graph)
    run(graph, data)
    out = {name: forward(network.train(), data['inputs']) for name, network in networks.items()}
    cross_entropy(out['net2'][0], toys.labels_of(data)).mean().backward()
    attention_mse(out['net1'][1], out['net2'][1], (2, 3)).mean().backward()
    assert_same_gradients(graph, networks)


def test_an_ensemble_teaches(toys):
    graph = toys.build(
        {name: toys.node() for name in ('net1', 'net2', 'net3')}
        | dict(vote=dict(type='EnsembleNode', members=['net2', 'net3'])),
        {
            'label->net2': toys.label(),
            'label->net3': toys.label(),
            'vote->net1': toys.kl(),
        },
    )
    data, networks = toys.batch(), copies(graph)
    run(graph, data)
    z = {name: forward(network.train(), data['inputs'])[0] for name, network in networks.items()}
    labels = toys.labels_of(data)
    kl_divergence(z['net1'], (z['net2'] + z['net3']) / 2).mean().backward()
    for name in ('net2', 'net3'):
        cross_entropy(z[name], labels).mean().backward()
    assert_same_gradients(graph, networks)


def test_two_views_and_a_self_edge(toys):
    graph = toys.build(
        dict(net1=toys.node()),
        {
            'label->net1': toys.label(views=dict(target='weak')),
            'net1->net1': toys.kl(views=dict(source='weak', target='strong')),
        },
    )
    data, networks = toys.batch(), copies(graph)
    views = dict(weak=data['inputs'], strong=toys.batch(seed=1)['inputs'])
    count = count_forwards(graph)
    run(graph, dict(data, inputs=views))
    assert count == dict(net1=2)
    network = networks['net1'].train()
    strong, weak = forward(network, views['strong'])[0], forward(network, views['weak'])[0]
    (cross_entropy(weak, toys.labels_of(data)).mean() + kl_divergence(strong, weak).mean()).backward()
    assert_same_gradients(graph, networks)


# What is computed


def count_forwards(graph):
    """The number of forward passes of each node that ran, which grows as they run."""
    count = {}
    for name, node in graph.nodes.items():
        node.register_forward_hook(lambda *_, name=name: count.update({name: count.get(name, 0) + 1}))
    return count


def test_one_forward_for_each_node_and_view(toys):
    nodes = {name: toys.node() for name in ('net1', 'net2', 'net3')} | dict(
        vote=dict(type='EnsembleNode', members=['net1', 'net2'])
    )
    graph = toys.build(
        nodes,
        {
            'label->net1': toys.label(views=dict(target='a')),
            'label->net2': toys.label(views=dict(target='b')),
            'label->net3': toys.label(views=dict(target='a')),
            'net2->net1': toys.kl(views=dict(source='a', target='b')),
            'net3->net1:again': toys.kl(views=dict(source='a', target='a')),
            'vote->net2': toys.kl(views=dict(source='b', target='b')),
        },
    )
    count = count_forwards(graph)
    views = dict(a=toys.batch()['inputs'], b=toys.batch(seed=1)['inputs'], unused=None)
    graph(**dict(toys.batch(), inputs=views), mode='loss')
    assert count == dict(net1=2, net2=2, net3=1, vote=1)


def test_nothing_runs_that_nobody_hears(toys):
    nodes = {name: toys.node(allow_random=True) for name in ('net1', 'heard', 'unheard', 'cut', 'mean')} | dict(
        vote=dict(type='EnsembleNode', members=['net1', 'unheard'])
    )
    graph = toys.build(
        nodes,
        {
            'label->net1': toys.label(),
            'heard->net1': toys.kl(),
            'cut->net1': toys.kl(dict(type='CutoffGate')),
            'heard->cut': toys.kl(dict(type='CutoffGate')),
            'vote->net1': toys.kl(dict(type='CutoffGate')),
            'net1->mean': dict(type='EMAEdge'),
        },
    )
    count = count_forwards(graph)
    graph(**toys.batch(), mode='loss')
    assert count == dict(net1=1, heard=1)
    count.clear()
    graph(toys.batch()['inputs'])
    assert count == dict(net1=1)


NODE_LOSSES = [
    dict(type='KLDivergence'),
    dict(type='KLDivergence', temperature=3.0),
    dict(type='ProbabilityCosine'),
    dict(type='AttentionMSE', sizes=[3]),
    dict(type='AttentionCosine', sizes=[3]),
]
RANDOM_GATES = [None, dict(type='SineGate', frequency=0.7, phase=1.0)] + [
    dict(type=f'{name}Gate') for name in ('Through', 'Cutoff', 'Linear', 'NegativeLinear', 'Correct')
]
gates = st.sampled_from(RANDOM_GATES)


@st.composite
def random_graphs(draw):
    """Edges of a graph of 2 to 4 nodes; net1 always learns something."""
    names = [f'net{i}' for i in range(1, draw(st.integers(2, 4)) + 1)]
    edges = {}
    for target in names:
        for source in ['label', *names]:
            if source == target or draw(st.integers(0, 2)) == 0:
                continue
            losses = (
                [dict(type='CrossEntropy')]
                if source == 'label'
                else draw(st.lists(st.sampled_from(NODE_LOSSES), min_size=1, max_size=2))
            )
            edge = dict(loss=losses if len(losses) > 1 else losses[0])
            if (gate := draw(gates)) is not None:
                edge['gate'] = gate
            edges[f'{source}->{target}'] = edge
    edges['label->net1'] = dict(loss=dict(type='CrossEntropy'))
    return names, edges


def is_live(edge):
    return edge.get('gate', {}).get('type') != 'CutoffGate'


@settings(max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(drawn=random_graphs(), progress=st.sampled_from([0.1, 0.5, 1.0]))
def test_random_graphs(drawn, progress, toys):
    names, edges = drawn
    config = dict(nodes={name: toys.node('resnet', allow_random=True) for name in names}, edges=edges, target='net1')
    given_config = copy.deepcopy(config)
    graph = toys.build(**config)
    assert config == given_config
    graph.progress = progress
    live = {key: key.split('->') for key, edge in edges.items() if is_live(edge)}
    learning = {target for _, target in live.values()}
    needed = (learning | {source for source, _ in live.values()}) - {'label'}
    assert graph.roles == {name: 'trained' if name in learning else 'frozen' for name in names}

    data, count = toys.batch(4), count_forwards(graph)
    values = graph(**data, mode='loss')
    assert count == {name: 1 for name in needed}
    assert set(values) == set(live)

    for name in learning:
        own = [values[key].loss for key, (_, target) in live.items() if target == name]
        others = [p for other in names if other != name for p in graph.nodes[other].parameters() if p.requires_grad]
        if others:
            assert set(torch.autograd.grad(sum(own), others, retain_graph=True, allow_unused=True)) == {None}
        parameters = list(graph.nodes[name].parameters())
        alone = torch.autograd.grad(sum(own), parameters, retain_graph=True, allow_unused=True)
        total = sum(value.loss for value in values.values())
        together = torch.autograd.grad(total, parameters, retain_graph=True, allow_unused=True)
        for a, b in zip(alone, together, strict=True):
            assert a is b is None or torch.allclose(a, b, **EXACT)

    before = {name: toys.state(graph.nodes[name]) for name in names}
    log = graph.train_step(data, toys.sgd(graph))
    assert log['loss'].item() == pytest.approx(sum(log[f'edge/{key}'].item() for key in live), rel=1e-12)
    assert set(log) == {'loss'} | {f'{kind}/{key}' for kind in ('edge', 'gate') for key in live}
    for name in names:
        same = [torch.equal(value, before[name][key]) for key, value in graph.nodes[name].state_dict().items()]
        assert all(same) if name not in learning else not any(same[:1])
    assert config == given_config


@pytest.mark.parametrize(
    'loss', [*NODE_LOSSES, [dict(type='KLDivergence'), dict(type='AttentionMSE')]], ids=lambda loss: str(loss)[:40]
)
@pytest.mark.parametrize('kind', ['resnet', 'abn'])
def test_gradients_flow_into_the_target_alone(loss, kind, toys):
    others = ('net1', 'net3')
    graph = toys.build(
        {name: toys.node(kind) for name in ('net1', 'net2', 'net3')},
        {f'label->{name}': toys.label() for name in others} | {'net1->net2': dict(loss=loss)},
    )
    values = graph(**toys.batch(), mode='loss')
    values['net1->net2'].loss.backward()
    assert not any(toys.gradients(graph.nodes[name]) for name in others)
    gradients = toys.gradients(graph.nodes['net2'])
    assert gradients and any(gradient.any() for gradient in gradients.values())


def test_the_gradient_of_a_label_edge_stays_in_its_target(toys):
    graph = toys.build(
        {name: toys.node() for name in ('net1', 'net2')},
        {'label->net1': toys.label(), 'label->net2': toys.label(), 'net1->net2': toys.kl()},
    )
    graph(**toys.batch(), mode='loss')['label->net1'].loss.backward()
    assert toys.gradients(graph.nodes['net1']) and not toys.gradients(graph.nodes['net2'])


class Calls(TorchDispatchMode):
    """Counts the operators that run."""

    def __init__(self):
        super().__init__()
        self.count = {}

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = function.name()
        self.count[name] = self.count.get(name, 0) + 1
        return function(*args, **(kwargs or {}))

    def softmaxes(self):
        return sum(number for name, number in self.count.items() if 'softmax' in name and 'backward' not in name)


@pytest.mark.parametrize(('temperatures', 'expected'), [((1.0,), 3), ((2.0,), 6), ((1.0, 2.0, 5), 9)])
def test_one_softmax_for_each_node_and_temperature(temperatures, expected, toys):
    names = ('net1', 'net2', 'net3')
    edges = {f'label->{name}': toys.label() for name in names}
    for i, temperature in enumerate(temperatures):
        edges |= {f'{s}->{t}:{i}': toys.kl(temperature=temperature) for s in names for t in names if s != t}
    graph = toys.build({name: toys.node() for name in names}, edges)
    with Calls() as calls:
        graph(**toys.batch(), mode='loss')
    assert calls.softmaxes() == expected
    assert calls.count['aten::_log_softmax'] == expected


# Frozen nodes and moving averages


def test_frozen_teacher(toys):
    graph = toys.build(
        dict(net1=toys.node(), teacher=toys.node(allow_random=True)),
        {'label->net1': toys.label(), 'teacher->net1': toys.kl(temperature=4.0)},
    )
    outputs = []
    graph.nodes['teacher'].register_forward_hook(lambda module, args, output: outputs.append(output))
    before, optimizer = toys.state(graph.nodes['teacher']), toys.sgd(graph)
    for _ in range(2):
        assert graph.train() is graph
        assert not any(module.training for module in graph.nodes['teacher'].modules())
        assert all(module.training for module in graph.nodes['net1'].modules())
        graph.train_step(toys.batch(), optimizer)
    assert not any(output.logits.requires_grad for output in outputs) and len(outputs) == 2
    assert all(torch.equal(value, before[key]) for key, value in graph.nodes['teacher'].state_dict().items())
    assert [name for name, _ in graph.parameter_groups()] == ['net1']
    assert not graph.eval().nodes['net1'].training


def test_parameter_groups_hold_each_parameter_that_learns_once(toys):
    graph = toys.build(
        {name: toys.node('abn', allow_random=True) for name in ('net1', 'net2', 'mean', 'frozen')},
        {'label->net1': toys.label(), 'net1->net2': toys.kl(), 'net1->mean': dict(type='EMAEdge')},
    )
    groups = dict(graph.parameter_groups())
    assert list(groups) == ['net1', 'net2']
    for name, parameters in groups.items():
        assert {id(p) for p in parameters} == {id(p) for p in graph.nodes[name].parameters()}
    assert {id(p) for p in graph.parameters() if p.requires_grad} == {id(p) for g in groups.values() for p in g}


def average(old, new, decay):
    """The formula; counters are copied."""
    return {
        key: decay * old[key] + (1 - decay) * value if value.is_floating_point() else value.clone()
        for key, value in new.items()
    }


def assert_same_state(node, expected):
    assert node.state_dict().keys() == expected.keys()
    for key, value in node.state_dict().items():
        torch.testing.assert_close(value, expected[key], rtol=1e-12, atol=1e-12)


def test_moving_average_after_some_steps(toys):
    graph = toys.build(
        dict(net1=toys.node(), mean=toys.node()),
        {'label->net1': toys.label(), 'net1->mean': dict(type='EMAEdge', decay=0.7)},
    )
    expected, optimizer = toys.state(graph.nodes['net1']), toys.sgd(graph)
    assert_same_state(graph.nodes['mean'], expected)
    for seed in range(4):
        graph.train_step(toys.batch(seed=seed), optimizer)
        expected = average(expected, graph.nodes['net1'].state_dict(), 0.7)
    assert_same_state(graph.nodes['mean'], expected)
    assert not torch.allclose(
        expected['network.head.fc.weight'], graph.nodes['net1'].state_dict()['network.head.fc.weight']
    )
    counters = [key for key, value in expected.items() if not value.is_floating_point()]
    assert counters and all(expected[key] == 4 for key in counters)


def test_the_average_of_an_average_sees_its_newest_source(toys):
    graph = toys.build(
        {name: toys.node() for name in ('slow', 'fast', 'net1')},
        {
            'fast->slow': dict(type='EMAEdge', decay=0.9),
            'net1->fast': dict(type='EMAEdge', decay=0.5),
            'label->net1': toys.label(),
        },
    )
    optimizer = toys.sgd(graph)
    fast = slow = toys.state(graph.nodes['net1'])
    assert_same_state(graph.nodes['slow'], slow)
    for seed in range(3):
        graph.train_step(toys.batch(seed=seed), optimizer)
        fast = average(fast, graph.nodes['net1'].state_dict(), 0.5)
        slow = average(slow, fast, 0.9)
    assert_same_state(graph.nodes['fast'], fast)
    assert_same_state(graph.nodes['slow'], slow)


def test_the_default_decay(toys):
    graph = toys.build(
        dict(net1=toys.node(), mean=toys.node()), {'label->net1': toys.label(), 'net1->mean': dict(type='EMAEdge')}
    )
    start = toys.state(graph.nodes['net1'])
    graph.train_step(toys.batch(), toys.sgd(graph))
    assert_same_state(graph.nodes['mean'], average(start, graph.nodes['net1'].state_dict(), 0.999))


def test_the_average_starts_as_its_source_though_both_were_initialised(toys, tmp_path):
    teacher = toys.build(dict(net1=toys.node()), {'label->net1': toys.label()}, seed=5, double=False)
    path = str(tmp_path / 'teacher.pth')
    torch.save(teacher.nodes['net1'].network.state_dict(), path)
    nodes = dict(mean=toys.node(), net1=toys.node(checkpoint=path))
    edges = {'label->net1': toys.label(), 'net1->mean': dict(type='EMAEdge')}
    torch.manual_seed(0)
    graph = KnowledgeTransferGraph(nodes, edges, 'net1')
    for expected in (graph.nodes['net1'].state_dict(), teacher.nodes['net1'].state_dict()):
        assert all(torch.equal(value, expected[key]) for key, value in graph.nodes['mean'].state_dict().items())
        graph.init_weights()


@pytest.mark.parametrize('mode', ['train', 'eval'])
def test_a_moving_average_as_teacher(mode, toys):
    graph = toys.build(
        dict(net1=toys.node(), mean=toys.node()),
        {
            'label->net1': toys.label(),
            'mean->net1': toys.kl(),
            'net1->mean': dict(type='EMAEdge', decay=0.7, mode=mode),
        },
    )
    outputs = []
    graph.nodes['mean'].register_forward_hook(lambda module, args, output: outputs.append(output.logits))
    optimizer = toys.sgd(graph)
    assert graph.train().nodes['mean'].training == (mode == 'train')
    graph.train_step(toys.batch(), optimizer)
    data, teacher = toys.batch(seed=1), copy.deepcopy(graph.nodes['mean'].network)
    assert graph.train().nodes['mean'].training == (mode == 'train')
    graph.train_step(data, optimizer)
    expected = forward(teacher.train(mode == 'train'), data['inputs'])[0]
    torch.testing.assert_close(outputs[1], expected, **EXACT)
    assert not outputs[1].requires_grad and not any(p.requires_grad for p in graph.nodes['mean'].parameters())
    assert not toys.gradients(graph.nodes['mean'])


def test_the_average_follows_the_optimisers_steps_when_gradients_accumulate(toys):
    graph = toys.build(
        dict(net1=toys.node(), mean=toys.node()),
        {'label->net1': toys.label(), 'net1->mean': dict(type='EMAEdge', decay=0.7)},
    )
    optimizer = toys.sgd(graph, accumulative_counts=2)
    expected = toys.state(graph.nodes['mean'])
    graph.train_step(toys.batch(seed=0), optimizer)
    assert_same_state(graph.nodes['mean'], expected)
    graph.train_step(toys.batch(seed=1), optimizer)
    assert_same_state(graph.nodes['mean'], average(expected, graph.nodes['net1'].state_dict(), 0.7))


# Prediction


def make_ensemble(toys, target='vote'):
    return toys.build(
        {name: toys.node() for name in ('net1', 'net2', 'net3')}
        | dict(vote=dict(type='EnsembleNode', members=['net1', 'net3'])),
        {f'label->net{i}': toys.label() for i in (1, 2, 3)},
        target,
    ).eval()


@pytest.mark.parametrize('target', ['vote', 'net2'])
def test_predict(target, toys):
    graph, data = make_ensemble(toys, target), toys.batch()
    with torch.no_grad():
        z = {name: forward(network.eval(), data['inputs'])[0] for name, network in copies(graph).items()}
        samples = graph(**data, mode='predict')
    z['vote'] = (z['net1'] + z['net3']) / 2
    assert samples[0] is data['data_samples'][0] and len(samples) == 6
    for i, sample in enumerate(samples):
        assert sample.node_names == tuple(graph.nodes)
        assert sample.network_names == ('net1', 'net2', 'net3')
        assert sample.node_scores.shape == (4, 5) and sample.node_scores.dtype == torch.float32
        for name, score in zip(sample.node_names, sample.node_scores, strict=True):
            expected = (z[name][i].exp() / z[name][i].exp().sum()).float()
            torch.testing.assert_close(score, expected, rtol=1e-5, atol=1e-6)
        assert torch.equal(sample.pred_score, sample.node_scores[sample.node_names.index(target)])
        assert sample.pred_label.item() == z[target][i].argmax().item()
        assert sample.gt_label.shape == (1,)


def test_predict_without_data_samples(toys):
    samples = make_ensemble(toys)(toys.batch()['inputs'], mode='predict')
    assert len(samples) == 6 and all(isinstance(sample, DataSample) for sample in samples)


@pytest.mark.parametrize('target', ['vote', 'net2'])
def test_tensor_mode_gives_the_targets_logits(target, toys):
    graph, data = make_ensemble(toys, target), toys.batch()
    z = {name: forward(network.eval(), data['inputs'])[0] for name, network in copies(graph).items()}
    z['vote'] = (z['net1'] + z['net3']) / 2
    torch.testing.assert_close(graph(data['inputs']), z[target], **EXACT)
    torch.testing.assert_close(graph(data['inputs'], mode='tensor'), z[target], **EXACT)


def test_val_step_uses_eval_mode_of_all_nodes(toys):
    graph = make_ensemble(toys)
    before = toys.state(graph)
    graph.val_step(toys.batch())
    assert all(torch.equal(value, before[key]) for key, value in graph.state_dict().items())


# The whole


@pytest.mark.parametrize('kind', ['lenet', 'resnet', 'abn'])
def test_a_few_steps_lower_the_loss(kind, toys):
    graph = toys.build(
        dict(net1=toys.node(kind), net2=toys.node(kind)),
        {
            'label->net1': toys.label(),
            'label->net2': toys.label(),
            'net2->net1': toys.kl(dict(type='CorrectGate')),
            'net1->net2': toys.kl(dict(type='LinearGate')),
        },
        double=False,
    )
    side = 32 if kind == 'lenet' else 16
    data, optimizer = toys.batch(8, side, double=False), toys.sgd(graph, lr=0.05)
    losses = [graph.train_step(data, optimizer)['loss'].item() for _ in range(15)]
    assert losses[-1] < 0.7 * losses[0]


def test_images_of_bytes_go_through_the_data_preprocessor(toys):
    graph = toys.build(
        dict(net1=toys.node()),
        {'label->net1': toys.label()},
        double=False,
        data_preprocessor=dict(num_classes=5, mean=[10.0], std=[50.0]),
    )
    images = torch.randint(256, (4, 1, 16, 16), dtype=torch.uint8)
    data = dict(inputs=list(images), data_samples=toys.batch(4)['data_samples'])
    seen = []
    graph.nodes['net1'].register_forward_hook(lambda module, args, output: seen.append(args[0]))
    graph.train_step(data, toys.sgd(graph))
    torch.testing.assert_close(seen[0], (images.float() - 10) / 50)


@pytest.mark.parametrize('kind', ['lenet', 'resnet', 'abn'])
def test_the_graph_knows_its_number_of_classes(kind, toys):
    graph = toys.build({'net1': toys.node(kind, classes=7)}, {'label->net1': toys.label()}, double=False)
    assert graph.num_classes == 7


def test_the_number_of_classes_may_be_unknown(toys):
    network = toys.network('lenet')
    network['backbone']['type'] = SilentLeNet5
    graph = toys.build({'net1': dict(type='NetworkNode', network=network)}, {'label->net1': toys.label()}, double=False)
    assert graph.num_classes is None
    assert graph(**toys.batch(side=32, double=False), mode='loss')['label->net1'].loss.isfinite()


class SilentLeNet5(LeNet5):
    """A network that does not tell its number of classes."""

    def __init__(self, num_classes):
        super().__init__(num_classes)
        del self.num_classes

    def forward(self, x):
        return (self.classifier(self.features(x).flatten(1)),)


def test_state_comes_back_from_a_checkpoint(toys):
    config = (
        dict(net1=toys.node(), mean=toys.node()),
        {'label->net1': toys.label(), 'mean->net1': toys.kl(), 'net1->mean': dict(type='EMAEdge', decay=0.5)},
    )
    first, second = toys.build(*config), toys.build(*config, seed=1)
    optimizer = toys.sgd(first)
    first.train_step(toys.batch(), optimizer)
    second.load_state_dict(first.state_dict())
    logs = [graph.train_step(toys.batch(seed=1), toys.sgd(graph, momentum=0)) for graph in (first, second)]
    assert logs[0]['loss'] == logs[1]['loss']
    assert_same_state(second, first.state_dict())


def test_a_copy_learns_on_its_own(toys):
    graph = toys.build(
        dict(net1=toys.node('abn'), mean=toys.node('abn')),
        {'label->net1': toys.label(), 'net1->mean': dict(type='EMAEdge', decay=0.5)},
    )
    graph.train_step(toys.batch(), toys.sgd(graph))
    before, copied = toys.state(graph), copy.deepcopy(graph)
    copied.train_step(toys.batch(seed=1), toys.sgd(copied))
    assert all(torch.equal(value, before[key]) for key, value in graph.state_dict().items())
    changed = [key for key, value in copied.state_dict().items() if not torch.equal(value, before[key])]
    assert any(key.startswith('nodes.net1') for key in changed) and any(key.startswith('nodes.mean') for key in changed)


# Errors


def build_with(toys, nodes=None, edges=None, **arguments):
    nodes = dict(net1=toys.node(), net2=toys.node()) | (nodes or {})
    edges = {'label->net1': toys.label(), 'label->net2': toys.label()} | (edges or {})
    return toys.build(nodes, edges, **arguments)


def abn(toys, branch_classes):
    node = toys.node('abn')
    node['network']['backbone']['num_classes'] = branch_classes
    return node


MISTAKES = {
    'a gate out of range': (
        lambda toys: dict(edges={'net1->net2': toys.kl(dict(type='SineGate', frequency=2, phase=0))}),
        "model.edges['net1->net2'].gate.frequency: must be in [0, 1], got 2",
    ),
    'a phase in degrees': (
        lambda toys: dict(edges={'net1->net2': toys.kl(dict(type='SineGate', frequency=0, phase=90))}),
        "model.edges['net1->net2'].gate.phase: must be in [0, 2 pi] (radians), got 90",
    ),
    'a gate that lacks an argument': (
        lambda toys: dict(edges={'net1->net2': toys.kl(dict(type='SineGate', frequency=0))}),
        "model.edges['net1->net2'].gate: SineGate.__init__() missing 1 required positional argument: 'phase'",
    ),
    'no temperature': (
        lambda toys: dict(edges={'net1->net2': toys.kl(temperature=0)}),
        "model.edges['net1->net2'].loss.temperature: must be above 0, got 0",
    ),
    'wrong sizes': (
        lambda toys: dict(edges={'net1->net2': dict(loss=dict(type='AttentionMSE', sizes=5))}),
        "model.edges['net1->net2'].loss.sizes: must be a list of positive whole numbers, got 5",
    ),
    'another number of classes': (
        lambda toys: dict(nodes=dict(net2=toys.node(classes=7))),
        'model.nodes.net2.network.head.num_classes: is 7, but model.nodes.net1.network.head.num_classes is 5; '
        'they must be the same',
    ),
    'another number of classes of a network without a head': (
        lambda toys: dict(nodes=dict(net2=toys.node('lenet', classes=7))),
        'model.nodes.net2.network.backbone.num_classes: is 7, but model.nodes.net1.network.head.num_classes is 5; ',
    ),
    'another number of classes in the attention branch': (
        lambda toys: dict(nodes=dict(net2=abn(toys, 100))),
        'model.nodes.net2.network.backbone.num_classes: is 100, but model.nodes.net1.network.head.num_classes is 5; ',
    ),
    'another number of classes in the data': (
        lambda toys: dict(data_preprocessor=dict(num_classes=10)),
        'model.nodes.net1.network.head.num_classes: is 5, but data_preprocessor.num_classes is 10; they must be the',
    ),
    'attention from an ensemble': (
        lambda toys: dict(
            nodes=dict(vote=dict(type='EnsembleNode', members=['net1', 'net2'])),
            edges={'vote->net2': dict(loss=dict(type='AttentionMSE'))},
        ),
        "model.edges['vote->net2'].loss: node 'vote': has no attention map, as it is of type EnsembleNode",
    ),
    'averages of different networks': (
        lambda toys: dict(nodes=dict(mean=toys.node('abn')), edges={'net1->mean': dict(type='EMAEdge')}),
        "model.edges['net1->mean']: the moving average needs the same network at both ends",
    ),
    'no members': (
        lambda toys: dict(nodes=dict(vote=dict(type='EnsembleNode', members=[]))),
        'model.nodes.vote.members: must be a list of at least two different nodes, got []',
    ),
    'a wrong argument of a backbone': (
        lambda toys: dict(
            nodes=dict(net2=dict(type='NetworkNode', network=toys.network(depth=9))),
        ),
        'model.nodes.net2.network.backbone.depth: 9 is not 6n+2 (20, 32, 44, 56, 110, ... up to 1202)',
    ),
    'an unknown argument of a backbone': (
        lambda toys: dict(nodes=dict(net2=dict(type='NetworkNode', network=toys.network(depht=8)))),
        "model.nodes.net2.network.backbone.depht: ResNet.__init__() got an unexpected keyword argument 'depht'",
    ),
    'no network': (
        lambda toys: dict(nodes=dict(net2=dict(type='NetworkNode'))),
        "model.nodes.net2: NetworkNode.__init__() missing 1 required positional argument: 'network'",
    ),
    'an unknown update': (
        lambda toys: dict(update=dict(type='SequentalUpdate')),
        "model.update.type: unknown update 'SequentalUpdate'; did you mean 'SequentialUpdate'?",
    ),
    'an argument of an update that has none': (
        lambda toys: dict(update=dict(type='SequentialUpdate', order=[1])),
        "model.update: SequentialUpdate has no argument 'order'; it takes none",
    ),
    'an update without its type': (
        lambda toys: dict(update='SequentialUpdate'),
        "model.update: must be the dict of one update with a 'type', got 'SequentialUpdate'",
    ),
    'an unknown data preprocessor': (
        lambda toys: dict(data_preprocessor=dict(type='ClsPreprocessor')),
        "data_preprocessor.type: unknown data preprocessor 'ClsPreprocessor'; did you mean 'ClsDataPreprocessor'?",
    ),
    'no data preprocessor': (lambda toys: dict(data_preprocessor=5), 'data_preprocessor: must be a dict, got 5'),
    'an unknown argument of the data preprocessor': (
        lambda toys: dict(data_preprocessor=dict(scale=255)),
        "data_preprocessor: GraphDataPreprocessor has no argument 'scale'; ",
    ),
    'a mistake in the edges': (
        lambda toys: dict(edges={'net1->net2': dict(loss=dict(type='CrossEntropy'))}),
        "model.edges['net1->net2'].loss: CrossEntropy learns from the label, not from 'net1'",
    ),
}


@pytest.mark.parametrize('case', MISTAKES)
def test_mistakes_when_the_graph_is_built(case, toys):
    arguments, message = MISTAKES[case]
    with pytest.raises(ConfigError) as caught:
        build_with(toys, **arguments(toys))
    assert str(caught.value).startswith(message) and '\n' not in str(caught.value)


ATTENTION = dict(loss=dict(type='AttentionMSE'))
MISTAKES_IN_A_STEP = {
    'a crop that is too large': (
        lambda toys: dict(edges={'net1->net2': dict(loss=dict(type='AttentionCosine', sizes=[3, 5]))}),
        "model.edges['net1->net2'].loss: a crop of 5 is larger than the attention map, 4 x 4; sizes must fit into it",
    ),
    'maps of different size': (
        lambda toys: dict(nodes=dict(net1=toys.node('abn')), edges={'net1->net2': ATTENTION}),
        "model.edges['net1->net2'].loss: the target's attention map is 4 x 4, the source's 8 x 8; both must have the",
    ),
    'a view that is not there': (
        lambda toys: dict(edges={'net1->net2': toys.kl(views=dict(source='weak'))}),
        "model.edges['net1->net2'].views: asks for the view 'weak', but the data pipeline makes one view",
    ),
}


@pytest.mark.parametrize('case', MISTAKES_IN_A_STEP)
def test_mistakes_in_the_first_step(case, toys):
    arguments, message = MISTAKES_IN_A_STEP[case]
    graph = build_with(toys, **arguments(toys))
    with pytest.raises(ConfigError) as caught:
        graph.train_step(toys.batch(), toys.sgd(graph))
    assert str(caught.value).startswith(message) and '\n' not in str(caught.value)


@pytest.mark.parametrize(
    ('views', 'message'),
    [
        (dict(source='weka', target='strong'), "asks for the view 'weka', but the data pipeline makes strong, weak;"),
        (None, 'names no view, but the data pipeline makes strong, weak; name one of these'),
        (dict(source='weak'), 'names no view, but the data pipeline makes strong, weak; name one of these'),
    ],
)
def test_views_that_the_data_do_not_have(views, message, toys):
    graph = toys.build(
        dict(net1=toys.node(), net2=toys.node()),
        {f'label->net{i}': toys.label(views=dict(target='weak')) for i in (1, 2)}
        | {'net2->net1': toys.kl(**(dict(views=views) if views else {}))},
    )
    data = toys.batch()
    data['inputs'] = dict(weak=data['inputs'], strong=data['inputs'])
    with pytest.raises(ConfigError) as caught:
        graph.train_step(data, toys.sgd(graph))
    assert str(caught.value).startswith(f"model.edges['net2->net1'].views: {message}")
    assert '\n' not in str(caught.value)


def test_attention_without_a_feature_map(toys):
    graph = toys.build(
        dict(net1=toys.node('lenet'), net2=toys.node('lenet')),
        {'label->net1': toys.label(), 'label->net2': toys.label(), 'net1->net2': ATTENTION},
    )
    with pytest.raises(ConfigError) as caught:
        graph.train_step(toys.batch(side=32), toys.sgd(graph))
    assert str(caught.value).startswith("model.edges['net1->net2'].loss: the target has no attention map: it needs an")


def test_prediction_from_several_views(toys):
    graph = toys.build({'net1': toys.node()}, {'label->net1': toys.label(views=dict(target='a'))})
    images = toys.batch()['inputs']
    for mode in ('tensor', 'predict'):
        with pytest.raises(UserError) as caught:
            graph(dict(a=images, b=images), mode=mode)
        assert str(caught.value) == 'the data pipeline makes the views a, b; a prediction needs plain images'


def test_the_config_of_a_network_that_fills_in_defaults_is_not_changed(toys):
    class FillingHead(LinearClsHead):
        def __init__(self, loss, **arguments):
            loss.setdefault('loss_weight', 1.0)
            super().__init__(loss=loss, **arguments)

    network = toys.network()
    network['head'] |= dict(type=FillingHead, loss=dict(type='CrossEntropyLoss'))
    config = dict(
        nodes=dict(net1=dict(type='NetworkNode', network=network)),
        edges={'label->net1': toys.label(dict(type='SineGate', frequency=0, phase=0), weight=0.5)},
        update=dict(type='SequentialUpdate'),
        data_preprocessor=dict(num_classes=5),
    )
    before = copy.deepcopy(config)
    toys.build(**config, double=False)
    assert config == before


def test_unknown_mode(toys):
    graph = toys.build({'net1': toys.node()}, {'label->net1': toys.label()})
    with pytest.raises(ValueError, match="mode must be 'tensor', 'loss' or 'predict', got 'train'"):
        graph(toys.batch()['inputs'], mode='train')
