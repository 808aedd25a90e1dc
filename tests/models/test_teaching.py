"""Whom edges teach: what the config says of it against gradients, and what a reduced graph learns."""

import copy
import random

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from ktg_mm.config import GraphConfig
from ktg_mm.engine.optimizers import NodeOptimWrapperConstructor
from ktg_mm.errors import ConfigError
from ktg_mm.models.nodes import Node
from ktg_mm.models.nodes.ensemble import check_members
from ktg_mm.registry import NODES
from ktg_mm.structures import NodeOutput

PROPERTY = dict(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Weighted(Node):
    """A toy ensemble that learns how much it listens to each member."""

    def __init__(self, members, detach=True):
        super().__init__(inputs=check_members(members), detach=detach)
        self.weight = nn.Parameter(torch.linspace(1.0, 2.0, len(self.inputs)))

    def forward(self, inputs):
        return NodeOutput(sum(weight * output.logits for weight, output in zip(self.weight, inputs, strict=True)))


@pytest.fixture(autouse=True)
def scope(mmpretrain_scope):
    NODES.register_module(module=Weighted)
    yield
    NODES.module_dict.pop('Weighted')


UNTIL = ['backbone.conv1', 'backbone.layer1', 'backbone.layer2']


def random_graph(toys, seed):
    """Networks that share or do not, ensembles of both kinds, edges of all kinds; None if it is refused."""
    draw = random.Random(seed)
    names = [f'net{i}' for i in range(1, draw.randint(3, 5))]
    nodes = {name: toys.node(allow_random=True) for name in names}
    for i, name in enumerate(names[1:], 1):
        if draw.random() < 0.5:
            nodes[name]['share'] = dict(node=draw.choice(names[:i]), until=draw.choice(UNTIL))
    for name in ('vote', 'wise')[: draw.randint(0, 2)]:
        members = draw.sample(list(nodes), min(draw.randint(2, 3), len(nodes)))
        kind = draw.choice(['EnsembleNode', 'Weighted'])
        nodes[name] = dict(type=kind, members=members, detach=draw.random() < 0.5)
    edges = {}
    for target in nodes:
        if draw.random() < 0.6:
            edges[f'label->{target}'] = toys.label()
        for source in nodes:
            if source != target and draw.random() < 0.4:
                gate = draw.choice([None, None, None, dict(type='CutoffGate')])
                edges[f'{source}->{target}'] = toys.kl(gate, detach=draw.random() < 0.5)
    if draw.random() < 0.3:
        nodes['mean'] = toys.node()
        source = draw.choice(names)
        edges[f'{source}->mean'] = dict(type='EMAEdge', decay=0.5)
        edges[f'mean->{draw.choice(names)}:mean'] = toys.kl()
    shuffled = dict(draw.sample(list(nodes.items()), len(nodes)))
    for edge in list(edges):  # what would be refused; the rest is sound
        model = dict(nodes=shuffled, edges={edge: edges[edge]}, target=names[0])
        try:
            GraphConfig(model).check()
        except ConfigError as error:
            if '->' in error.key:
                del edges[edge]
    model = dict(nodes=shuffled, edges=edges, target='net1')
    try:
        GraphConfig(model).check()
    except ConfigError:
        return None
    return model


def test_most_random_graphs_are_sound(toys):
    models = [random_graph(toys, seed) for seed in range(60)]
    sound = [model for model in models if model]
    assert len(sound) >= 25
    assert sum(any('share' in node for node in model['nodes'].values()) for model in sound) >= 15
    assert sum(any(edge.get('detach') is False for edge in model['edges'].values()) for model in sound) >= 15
    assert sum(any(node.get('detach') is False for node in model['nodes'].values()) for model in sound) >= 10


@pytest.mark.slow
@settings(max_examples=25, **PROPERTY)
@given(st.integers(0, 10**6))
def test_gradients_reach_exactly_whom_the_config_says(toys, seed):
    """Edge by edge, on every parameter by name: those of a network that shares are only its own and its trunk's."""
    model = random_graph(toys, seed)
    if model is None:
        return
    graph = toys.build(**model)
    for average in graph.averages:  # which begins as its source, from which nothing is to be learnt as yet
        with torch.no_grad():
            for parameter in average.target.parameters():
                parameter.mul_(1.5)
    config = GraphConfig(model)
    parameters = [parameter for parameter in graph.nodes.parameters() if parameter.requires_grad]
    owner = {parameter: name for name, node in graph.nodes.items() for parameter in node.own_parameters()}
    values = graph(**toys.batch(4, side=8), mode='loss', targets=list(graph.nodes))
    assert set(values) == set(config.learning_edges)
    for key, value in values.items():
        found = torch.autograd.grad(value.loss, parameters, allow_unused=True, retain_graph=True)
        reached = {p for p, gradient in zip(parameters, found, strict=True) if gradient is not None and gradient.any()}
        edge = config.edges[key]
        ends = config.attached([edge.target] if edge.detach else [edge.target, edge.source])
        # All that stands in a network whose output gets a gradient, and nothing else; no average.
        whole = {p for name in ends for p in graph.nodes[name].parameters() if p.requires_grad}
        assert reached <= whole, key
        assert {owner[p] for p in reached} == {owner[p] for p in whole}, key
        taught, chain = set(config.teaches()[key]), any(len(config.owners(name)) > 1 for name in ends)
        found = {owner[p] for p in reached}
        # The config does not know which of several owners in a row the modules are of.
        assert found <= taught if chain else found == taught, key


def trained(toys, model, weights=None, steps=2, **arguments):
    graph = toys.build(**model, **arguments)
    if weights is not None:
        for name, node in graph.nodes.items():
            node.load_state_dict(weights[name])
    for average in graph.averages:
        average.copy()
    first = {name: toys.state(node) for name, node in graph.nodes.items()}
    wrapper = toys.sgd(graph)
    for seed in range(steps):
        graph.train_step(toys.batch(4, side=8, seed=seed), wrapper)
    return first, {name: node.state_dict() for name, node in graph.nodes.items()}


@pytest.mark.slow
@settings(max_examples=20, **PROPERTY)
@given(st.integers(0, 10**6), st.sampled_from(['SimultaneousUpdate', 'SequentialUpdate', 'PCGradUpdate']))
def test_the_reduced_graph_trains_scored_nodes_alike(toys, seed, update):
    """Weights, batch statistics, and those of all that is left in it."""
    model = random_graph(toys, seed)
    if model is None:
        return
    # Not an average: its batch statistics move whenever it teaches, also somebody who is not heard.
    scored = random.Random(seed).choice([name for name in GraphConfig(model).networks if name != 'mean'])
    reduced = GraphConfig(dict(model, target=scored)).reduced([scored])
    try:
        GraphConfig(reduced).check()
    except ConfigError:  # nobody teaches it
        return
    first, whole = trained(toys, model, update=dict(type=update))
    _, part = trained(toys, reduced, first, update=dict(type=update))
    assert set(part) <= set(whole)
    for name in part:
        # In a sequential update a node runs, and moves its batch statistics, before each that listens to it learns.
        compared = [key for key in part[name] if update != 'SequentialUpdate' or 'bn' not in key or 'weight' in key]
        found, expected = ({key: state[name][key] for key in compared} for state in (part, whole))
        torch.testing.assert_close(found, expected, rtol=0, atol=0)


@pytest.mark.slow
@settings(max_examples=20, **PROPERTY)
@given(st.integers(0, 10**6))
def test_phases_of_plain_gradient_descent_are_the_simultaneous_update(toys, seed):
    """A phase's optimiser has all that its edges reach: on a trunk, by undetached edges, by ensembles that learn."""
    model = random_graph(toys, seed)
    if model is None:
        return
    keys, draw = GraphConfig(model).learning_edges, random.Random(seed)
    of = {key: draw.choice('abc') for key in keys}
    names = sorted(set(of.values()))
    phases = [dict(name=name, edges=[key for key in keys if of[key] == name]) for name in names]
    states = []
    for update in (None, dict(type='SuccessiveUpdate', phases=phases)):
        graph = toys.build(**model, update=update)
        plain = dict(optimizer=dict(type='SGD', lr=0.1))
        wrapper = NodeOptimWrapperConstructor(plain if update is None else dict.fromkeys(names, plain))(graph)
        for step in range(2):
            graph.train_step(toys.batch(4, side=8, seed=step), wrapper)
        states.append(toys.state(graph))
    torch.testing.assert_close(states[1], states[0], rtol=1e-9, atol=1e-9)


def test_nothing_flows_through_an_ensemble_that_detaches_into_one_that_does_not(toys):
    nodes = {name: toys.node(allow_random=True) for name in ('net1', 'net2', 'net3')}
    nodes['vote'] = dict(type='EnsembleNode', members=['net1', 'net2'])
    nodes['wise'] = dict(type='Weighted', members=['vote', 'net3'], detach=False)
    graph = toys.build(nodes, {'label->wise': toys.label()}, target='wise')
    assert graph.teaches == {'label->wise': ('net3', 'wise')}
    graph(**toys.batch(), mode='loss', targets=['wise'])['label->wise'].loss.backward()
    assert {name.split('.')[0] for name in toys.gradients(graph.nodes)} == {'net3', 'wise'}


def test_a_gate_does_not_teach_the_source(toys):
    """It weighs by the source's confidence, which the source must not lower to be rid of the loss."""
    edges = {
        'label->net1': toys.label(),
        'net2->net1': toys.kl(dict(type='SoftMatchGate'), detach=False, samples='all'),
    }
    graph = toys.build(dict(net1=toys.node(), net2=toys.node()), edges)
    gate, seen = graph.edges['net2->net1'].gate, []
    weigh = gate.weight
    gate.weight = lambda loss, target, source, context: seen.append(source) or weigh(loss, target, source, context)
    graph(**toys.batch(), mode='loss', targets=['net1'])['net2->net1'].loss.backward()
    assert not seen[0].logits.requires_grad and not seen[0].probabilities().requires_grad
    assert 'net2.network.head.fc.weight' in toys.gradients(graph.nodes)


def test_an_undetached_edge_equals_the_same_written_directly(toys):
    """KL(source || target) teaches both ends; float64, all gradients."""
    nodes = dict(net1=toys.node(), net2=toys.node())
    graph = toys.build(nodes, {'net2->net1': toys.kl(temperature=2.0, detach=False)})
    twin = copy.deepcopy(graph)
    data = toys.batch()
    graph(**data, mode='loss', targets=['net1'])['net2->net1'].loss.backward()
    one, two = ((node.network(data['inputs'], mode='tensor') / 2).log_softmax(1) for node in twin.nodes.values())
    (4 * (two.exp() * (two - one)).sum(1).mean()).backward()
    found, expected = toys.gradients(graph), toys.gradients(twin)
    assert set(found) == set(expected) == {name for name, _ in graph.nodes.named_parameters('nodes')}
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


def test_the_same_first_weights_with_and_without_what_edges_learn(toys):
    nodes = dict(net1=toys.node(), net2=toys.node())
    plain = {'label->net1': toys.label(), 'label->net2': toys.label(), 'net1->net2': toys.kl(detach=False)}
    learnt = plain | {'net1->net2:again': toys.kl()}
    graphs = [toys.build(nodes, edges) for edges in (plain, learnt)]
    torch.testing.assert_close(graphs[0].nodes.state_dict(), graphs[1].nodes.state_dict(), rtol=0, atol=0)
