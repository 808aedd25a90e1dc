"""Reduced graphs and their keys against brute force."""

import collections
import copy
import itertools
import random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mmpretrain.structures import DataSample

from ktg_mm.config import GraphConfig, graph_key
from ktg_mm.models import KnowledgeTransferGraph

KL, CE = dict(loss=dict(type='KLDivergence')), dict(loss=dict(type='CrossEntropy'))
GATES = [None, *(dict(type=f'{name}Gate') for name in ('Through', 'Cutoff', 'Linear', 'Correct'))]


def edge(loss, gate):
    return dict(loss, gate=dict(gate)) if gate else dict(loss)


@st.composite
def graphs(draw):
    """Three or four nodes of two kinds, edges of five gates, second edges, averages, perhaps an ensemble."""
    generator = random.Random(draw(st.integers(0, 10**9)))
    names = 'abcd'[: generator.choice([3, 3, 4])]
    nodes = {name: dict(type='NetworkNode', network=generator.choice(['small', 'small', 'large'])) for name in names}
    if generator.random() < 0.5:
        members = generator.sample(names, generator.randint(1, len(names)))
        nodes['ens'] = dict(type='EnsembleNode', members=members)
    gates = generator.sample(GATES, 2)  # few kinds of edges make for many symmetric graphs
    edges = {}
    for source, target in itertools.product(['label', *nodes], names):
        if source != target and generator.random() < 0.5:
            edges[f'{source}->{target}'] = edge(CE if source == 'label' else KL, generator.choice(gates))
        if source in names and source != target and generator.random() < 0.1:
            edges[f'{source}->{target}:{generator.choice("xy")}'] = edge(KL, generator.choice(gates))
    for name in names:
        if generator.random() < 0.1:
            other = generator.choice([other for other in names if other != name])
            edges[f'{other}->{name}:ema'] = dict(type='EMAEdge', decay=generator.choice([0.9, 0.99]))
    target = generator.choice(list(nodes))
    return dict(type='KnowledgeTransferGraph', nodes=nodes, edges=edges, target=target), generator.randrange(10**9)


def renamed(model, seed, keep):
    """The graph with its nodes' names exchanged and everything in another order."""
    generator = random.Random(seed)
    free = [name for name in model['nodes'] if name not in keep]
    names = dict(zip(free, generator.sample(free, len(free)), strict=True)) | {name: name for name in keep}
    names['label'] = 'label'
    nodes = {names[name]: dict(node) for name, node in model['nodes'].items()}
    for node in nodes.values():
        if 'members' in node:
            node['members'] = generator.sample([names[name] for name in node['members']], len(node['members']))
    edges = {}
    for key, value in model['edges'].items():
        ends, colon, suffix = key.partition(':')
        source, target = ends.split('->')
        edges[f'{names[source]}->{names[target]}{colon}{suffix and suffix + "2"}'] = value
    shuffled = [dict(generator.sample(list(part.items()), len(part))) for part in (nodes, edges)]
    return dict(model, nodes=shuffled[0], edges=shuffled[1], target=names[model['target']])


def spoilt(model, seed):
    """The graph with one edge's gate or one node's network changed."""
    generator = random.Random(seed)
    model = copy.deepcopy(model)
    if generator.random() < 0.5 and model['edges']:
        key = generator.choice(list(model['edges']))
        if 'decay' in model['edges'][key]:
            model['edges'][key]['decay'] = 0.5
        else:
            model['edges'][key] = edge(dict(loss=model['edges'][key]['loss']), generator.choice(GATES))
    else:
        name = generator.choice([name for name in model['nodes'] if name != 'ens'])
        model['nodes'][name]['network'] = 'large'
    return model


def passing(model):
    """What each edge passes: (source, target, text), by rules of its own; edges that pass nothing are left out."""
    averages = {key.split(':')[0].split('->')[1] for key, value in model['edges'].items() if 'decay' in value}
    found = []
    for key, value in model['edges'].items():
        source, target = key.split(':')[0].split('->')
        gate = (value.get('gate') or dict(type='ThroughGate'))['type']
        if 'decay' in value:
            found.append((source, target, f'average {value["decay"]}'))
        elif gate != 'CutoffGate' and target not in averages:
            always = gate == 'ThroughGate' or (gate == 'CorrectGate' and source == 'label')
            found.append((source, target, f'{value["loss"]["type"]} {"" if always else gate}'))
    return found


def heard_by(model, scored):
    """The nodes from which a way leads to a scored one."""
    hears = collections.defaultdict(set)
    for source, target, _ in passing(model):
        hears[target].add(source)
    for name, node in model['nodes'].items():
        hears[name] |= set(node.get('members', ()))
    heard = set(scored)
    while any(hears[name] - heard for name in heard):
        heard |= {other for name in heard for other in hears[name]}
    return heard - {'label'}


def same(one, two, named):
    """Whether some exchange of the nodes without names makes one graph the other."""
    if len(one['nodes']) != len(two['nodes']) or set(one['nodes']) & named != set(two['nodes']) & named:
        return False
    free_one, free_two = ([name for name in graph['nodes'] if name not in named] for graph in (one, two))
    edges_two = collections.Counter(passing(two))
    for order in itertools.permutations(free_two):
        names = dict(zip(free_one, order, strict=True)) | {name: name for name in (*named, 'label')}
        if any(kind(one['nodes'][name], names) != kind(two['nodes'][names[name]], {}) for name in one['nodes']):
            continue
        if collections.Counter((names[s], names[t], text) for s, t, text in passing(one)) == edges_two:
            return True
    return False


def kind(node, names):
    return node.get('network'), {names.get(member, member) for member in node.get('members', ())}


@settings(max_examples=250, deadline=None)
@given(graphs(), st.sampled_from(['same', 'spoilt', 'other']), st.booleans(), st.data())
def test_keys_are_equal_exactly_for_graphs_that_an_exchange_of_nodes_makes_equal(graph, how, name_two, data):
    model, seed = graph
    named = {model['target']} | ({'a'} if name_two else set())
    other = data.draw(graphs())[0] if how == 'other' else renamed(model, seed, named)
    if how == 'spoilt':
        other = spoilt(other, seed)
    if model['target'] != other['target']:
        named |= {other['target']}
    one, two = (GraphConfig(each).reduced([each['target']]) for each in (model, other))
    equal = model['target'] == other['target'] and same(one, two, named)
    assert (graph_key(one, named) == graph_key(two, named)) == equal
    assert how != 'same' or equal


@settings(max_examples=200, deadline=None)
@given(graphs(), st.integers(1, 2))
def test_what_is_removed_is_exactly_what_no_scored_node_hears(graph, scored_count):
    model, seed = graph
    scored = random.Random(seed).sample(list(model['nodes']), scored_count)
    untouched = copy.deepcopy(model)
    reduced = GraphConfig(model).reduced(scored)
    assert model == untouched
    heard = heard_by(model, scored)
    assert set(reduced['nodes']) == heard
    assert sorted(passing(reduced)) == sorted(each for each in passing(model) if each[1] in heard)
    assert len(reduced['edges']) == len(passing(reduced))  # none is left that passes nothing
    assert {key: model['edges'][key] for key in reduced['edges']} == reduced['edges']
    assert GraphConfig(reduced).reduced(scored) == reduced


def two_nodes(gates):
    keys = ['label->a', 'label->b', 'a->b', 'b->a']
    return graph_of(['a', 'b'], dict(zip(keys, gates, strict=True)))


def graph_of(names, gates):
    edges = {key: edge(CE if key.startswith('label') else KL, gate) for key, gate in gates.items()}
    return dict(nodes={name: dict(type='NetworkNode', network='x') for name in names}, edges=edges, target=names[0])


def test_the_number_of_different_graphs_of_two_nodes():
    """Two nodes, four gates an edge.

    a's label edge: cut, linear, or open in two guises: 3. b->a: 4, one of them cut, and then b counts for nothing: 3.
    Else b's label edge is one of 3 and a->b one of 4: 3 * 3 * 3 * 4 = 108. Together 3 + 108.
    """
    keys = {
        graph_key(GraphConfig(two_nodes(gates)).reduced(['a']), {'a'})
        for gates in itertools.product(GATES[1:], repeat=4)
    }
    assert len(keys) == 111


def test_the_number_of_different_graphs_of_three_nodes():
    """All edges but those from a, two gates: counted by Burnside's lemma over the exchange of b and c.

    Edges: three label edges, b->a, c->a, b->c, c->b; each through or cut off. Both heard: b->a and c->a open (one
    way each), or one open and its node hears the other.
    """
    gates = [dict(type='ThroughGate'), dict(type='CutoffGate')]
    edges = ['label->a', 'label->b', 'label->c', 'b->a', 'c->a', 'b->c', 'c->b']
    keys, graphs_seen = set(), set()
    for chosen in itertools.product(gates, repeat=len(edges)):
        drawn = dict(zip(edges, chosen, strict=True))
        keys.add(graph_key(GraphConfig(graph_of('abc', drawn)).reduced(['a']), {'a'}))
        graphs_seen.add(frozenset(passing(GraphConfig(graph_of('abc', drawn)).reduced(['a']))))
    # label->a is free: 2 ways. None heard: 1.
    # One heard, say b: b->a open, c->a cut, c->b cut: label->b free, 2; exchanging b and c makes both cases one.
    # Both heard: label->b, label->c free, 4 ways, with (b->a, c->a, b->c, c->b) in
    #   both open: 2 * 2 = 4 ways of b->c, c->b: 16 draws, exchanged in pairs but for those with equal labels and equal
    #   b->c, c->b: 2 * 2 = 4 fixed: (16 + 4) / 2 = 10;
    #   one open, say b->a, with c->b open and b->c free: 4 * 2 = 8 draws, the other case is its exchange: 8.
    assert len(keys) == 2 * (1 + 2 + 10 + 8)
    assert len(graphs_seen) == 2 * (1 + 2 * 2 + 16 + 2 * 8)


@pytest.mark.parametrize(
    ('one', 'two', 'equal'),
    [
        ({'label->a': GATES[4]}, {'label->a': GATES[1]}, True),
        ({'label->a': GATES[4]}, {'label->a': None}, True),
        ({'label->a': None, 'b->a': GATES[4]}, {'label->a': None, 'b->a': GATES[1]}, False),
        ({'label->a': None, 'b->a': GATES[2]}, {'label->a': None}, True),
        ({'label->a': GATES[3]}, {'label->a': None}, False),
    ],
)
def test_gates(one, two, equal):
    keys = [graph_key(GraphConfig(graph_of('ab', each)).reduced(['a']), {'a'}) for each in (one, two)]
    assert (keys[0] == keys[1]) == equal


def test_what_else_a_key_tells_apart():
    model = GraphConfig(graph_of('ab', {'label->a': None, 'b->a': None})).reduced(['a'])
    keys = [
        graph_key(model, {'a'}),
        graph_key(model, {'a'}, dict(lr=0.1)),
        graph_key(model, {'a'}, dict(lr=0.2)),
        graph_key(dict(model, update=dict(type='SequentialUpdate')), {'a'}),
        graph_key(dict(model, edges={**model['edges'], 'b->a': dict(KL, weight=2.0)}), {'a'}),
        graph_key(dict(model, edges={**model['edges'], 'b->a:again': dict(KL)}), {'a'}),
    ]
    assert len(set(keys)) == len(keys)


def test_a_phase_by_an_edges_suffix_or_its_nodes_tells_graphs_apart():
    phases = [dict(name='logits', edges='*'), dict(name='features', edges=['*:features', 'b->c'])]
    update = dict(type='SuccessiveUpdate', phases=phases)

    def key(*edges, update=update):
        model = graph_of('abc', dict.fromkeys(['label->a', 'label->b', 'label->c', *edges]))
        return graph_key(dict(model, update=update) if update else model, {'a'})

    assert key('b->a') != key('b->a:features') == key('c->a:features')
    assert key('b->a') == key('b->a:other')
    assert key('b->c', 'b->a', 'c->a') != key('c->b', 'b->a', 'c->a')
    assert key('b->a', update=None) == key('b->a:features', update=None)
    assert key('b->c', 'b->a', 'c->a', update=None) == key('c->b', 'b->a', 'c->a', update=None)


def test_two_losses_on_one_edge_are_not_two_edges_of_one_gate_each():
    """With a gate that looks at the source they might be, but a key that says so would have to know all gates."""
    both = graph_of('ab', {'label->a': None})
    both['edges']['b->a'] = dict(loss=[dict(type='KLDivergence'), dict(type='AttentionMSE')])
    apart = copy.deepcopy(both)
    apart['edges'] |= {'b->a': dict(KL), 'b->a:attention': dict(loss=dict(type='AttentionMSE'))}
    assert graph_key(both, {'a'}) != graph_key(apart, {'a'})


NETWORK = dict(
    type='ImageClassifier',
    backbone=dict(type='CIFARResNet', depth=8, in_channels=1),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', num_classes=3, in_channels=64),
)


def train(model, weights, steps=3):
    """Weights of all nodes after a few steps in float64."""
    torch.manual_seed(0)
    graph = KnowledgeTransferGraph(nodes=model['nodes'], edges=model['edges'], target=model['target']).double()
    graph.init_weights()
    for name, node in graph.nodes.items():
        if hasattr(node, 'network'):
            node.network.load_state_dict(weights.setdefault(name, copy.deepcopy(node.network.state_dict())))
    for average in graph.averages:
        average.copy()
    optimizer = torch.optim.SGD(graph.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-3)
    generator = torch.Generator().manual_seed(1)
    for step in range(steps):
        graph.progress = (step + 1) / steps
        images = torch.randn(6, 1, 8, 8, dtype=torch.float64, generator=generator)
        samples = [DataSample().set_gt_label(label) for label in torch.randint(3, (6,), generator=generator)]
        optimizer.zero_grad()
        sum(
            value.loss for value in graph.edge_values(images, graph.samples_of(samples), graph.trained_nodes).values()
        ).backward()
        optimizer.step()
        for average in graph.averages:
            average.step()
    return {name: node.state_dict() for name, node in graph.nodes.items()}


@pytest.mark.parametrize('seed', range(4))
def test_the_scored_node_learns_the_same_in_the_reduced_graph(mmpretrain_scope, seed):
    generator = random.Random(seed)
    names = 'abcd'
    nodes = {name: dict(type='NetworkNode', network=NETWORK, allow_random=True) for name in names}
    nodes['ens'] = dict(type='EnsembleNode', members=['b', 'c'])
    gates = {'label->a': None, 'a->d': None, 'label->d': None}  # whatever is drawn, d hears a, and a may hear d
    for source, target in itertools.product(['label', *names, 'ens'], names):
        if source != target and source != 'd':
            gates.setdefault(f'{source}->{target}', generator.choice(GATES))
    model = dict(graph_of(names, gates), nodes=nodes)
    if seed == 3:  # b is the average of c, so what else it is taught is not computed
        model['edges'] = {key: value for key, value in model['edges'].items() if not key.endswith('c->b')}
        model['edges'] |= {'c->b:ema': dict(type='EMAEdge', decay=0.5), 'b->a': dict(KL)}
    reduced = GraphConfig(model).reduced(['a'])
    assert 'd' not in reduced['nodes'] and len(reduced['edges']) < len(model['edges'])
    weights = {}
    whole, part = train(model, weights), train(reduced, weights)
    assert any((value != weights['a'][name[8:]]).any() for name, value in whole['a'].items())
    for node in reduced['nodes']:
        for name, value in part[node].items():
            torch.testing.assert_close(value, whole[node][name], rtol=1e-9, atol=1e-12)


def rings(*sizes, seed=0):
    """A target that hears six nodes, which hear one another in rings; the nodes' names are shuffled."""
    names = random.Random(seed).sample('bcdefg', 6)
    gates, start = {'label->a': None} | {f'{name}->a': None for name in names}, 0
    for size in sizes:
        ring = names[start : start + size]
        gates |= {f'{one}->{other}': None for one, other in zip(ring, [*ring[1:], ring[0]], strict=True)}
        start += size
    return GraphConfig(graph_of('abcdefg', gates)).reduced(['a'])


def test_nodes_that_only_all_orders_tell_apart():
    """Each hears one and is heard by two, whichever the rings, so looking at neighbours cannot tell a 6-ring from two
    3-rings.
    """
    keys = [{graph_key(rings(*sizes, seed=seed), {'a'}) for seed in range(6)} for sizes in ((6,), (3, 3), (2, 4))]
    assert [len(each) for each in keys] == [1, 1, 1]
    assert len(set.union(*keys)) == 3


SELF = dict(KL, views=dict(source='weak2', target='weak'))


def test_self_edges_count_and_stay():
    """A self edge is neither lost nor taken for an edge of an equal node, nor does it make its node heard."""
    model = graph_of('abc', {'label->a': None, 'label->b': None, 'label->c': None, 'b->a': None, 'c->a': None})
    own = dict(model, edges={**model['edges'], 'b->b': SELF})
    assert GraphConfig(own).reduced(['a'])['edges']['b->b'] == SELF
    alone = dict(model, edges={'label->a': CE, 'a->a': SELF, 'b->b': SELF, 'label->b': CE})
    assert set(GraphConfig(alone).reduced(['a'])['edges']) == {'label->a', 'a->a'}
    exchanged = dict(model, edges={**model['edges'], 'c->c': SELF})
    both = dict(model, edges={**model['edges'], 'b->b': SELF, 'c->c': SELF})
    other = dict(model, edges={**model['edges'], 'b->c': SELF})
    keys = [graph_key(GraphConfig(each).reduced(['a']), {'a'}) for each in (model, own, exchanged, both, other)]
    assert keys[1] == keys[2] and len(set(keys)) == 4
    cut = dict(own, edges={**own['edges'], 'b->b': dict(SELF, gate=dict(type='CutoffGate'))})
    assert graph_key(GraphConfig(cut).reduced(['a']), {'a'}) == keys[0]


def test_what_an_average_is_taught_does_not_count():
    average = {'label->a': CE, 'a->b': dict(type='EMAEdge', decay=0.999), 'b->a': dict(KL, samples='unlabeled')}
    model = dict(graph_of('ab', {}), edges=average)
    taught = dict(model, edges={**average, 'label->b': CE, 'b->b': SELF})
    one, two = (GraphConfig(each).reduced(['a']) for each in (model, taught))
    assert set(one['edges']) == set(average) and graph_key(one, {'a'}) == graph_key(two, {'a'})
    # Its own score may count though nobody hears it.
    unheard = dict(model, edges={key: edge for key, edge in average.items() if key != 'b->a'})
    assert set(GraphConfig(unheard).reduced(['a'])['nodes']) == {'a'}
    assert set(GraphConfig(unheard).reduced(['a', 'b'])['edges']) == {'label->a', 'a->b'}


@pytest.mark.parametrize(
    ('key', 'gate', 'samples', 'equal'),
    [
        ('label->a', None, 'labeled', True),
        ('b->a', None, 'all', True),
        ('b->a', None, 'unlabeled', False),
        ('b->a', None, 'labeled', False),
        ('b->a', GATES[4], 'labeled', True),  # CorrectGate needs labels
        ('a->a', None, 'all', True),
    ],
)
def test_samples_that_are_the_default_need_not_be_said(key, gate, samples, equal):
    unsaid = graph_of('ab', {'label->a': None, 'label->b': None, 'b->a': None, 'a->a': None, key: gate})
    said = copy.deepcopy(unsaid)
    said['edges'][key]['samples'] = samples
    assert (graph_key(unsaid, {'a'}) == graph_key(said, {'a'})) == equal


def branches(owner, names='abc', until='stem', **more):
    """Nodes alike, of which one owns what all share, and edges that tell them apart."""
    share = dict(node=owner, until=until)
    nodes = {name: dict(type='NetworkNode', **({} if name == owner else dict(share=share))) for name in names}
    edges = {f'label->{name}': dict(CE) for name in names} | {'b->a': dict(KL), 'c->b': dict(KL)}
    return dict(type='KnowledgeTransferGraph', nodes=nodes, edges=edges, target='a', **more)


def test_any_branch_may_own_the_trunk():
    keys = {graph_key(branches(owner), ['a']) for owner in 'abc'}
    assert len(keys) == 1
    assert graph_key(branches('a', until='layer1'), ['a']) not in keys
    apart = branches('a')
    apart['nodes']['c'].pop('share')
    assert graph_key(apart, ['a']) not in keys


def test_an_owner_of_another_kind_is_told_apart():
    """Its weights are those that all begin with."""
    found = []
    for owner in 'ab':
        model = branches(owner)
        model['nodes']['a']['checkpoint'] = 'a.pth'
        found.append(graph_key(model, ['a']))
    assert found[0] != found[1]
