"""What follows from a graph's config."""

import copy

import pytest

import ktg_mm.models  # noqa: F401  registers
from ktg_mm.config import GraphConfig
from ktg_mm.config.without_node import without_node
from ktg_mm.errors import ConfigError

NODE = dict(type='NetworkNode', network=dict(type='ImageClassifier', backbone=dict(type='LeNet5')))
TEACHER = dict(NODE, checkpoint='teacher.pth')
CE = dict(loss=dict(type='CrossEntropy'))
KL = dict(loss=dict(type='KLDivergence'))
CUT = dict(KL, gate=dict(type='CutoffGate'))
MODEL = dict(
    type='KnowledgeTransferGraph',
    target='vote',
    nodes=dict(
        a=NODE,
        b=NODE,
        teacher=TEACHER,
        mean=NODE,
        vote=dict(type='EnsembleNode', members=['a', 'mean']),
        both=dict(type='EnsembleNode', members=['vote', 'b']),
    ),
    edges={
        'label->a': CE,
        'teacher->a': KL,
        'a->b': KL,
        'a->teacher': CUT,
        'b->mean': dict(type='EMAEdge'),
        'label->mean': CE,
        'vote->b': KL,
        'b->a:second': CUT,
    },
)


@pytest.fixture
def graph():
    return GraphConfig(MODEL).check()


def test_whom_each_edge_teaches(graph):
    """An average learns nothing but its source's weights, and what is cut off teaches nobody."""
    taught = {'label->a': ('a',), 'teacher->a': ('a',), 'a->b': ('b',), 'vote->b': ('b',)}
    assert graph.teaches() == dict.fromkeys(MODEL['edges'], ()) | taught
    assert graph.learning_edges == list(taught) and graph.trained == ['a', 'b']


def test_edges_of_a_node(graph):
    assert [edge.key for edge in graph.incoming('a')] == ['label->a', 'teacher->a', 'b->a:second']
    assert [edge.key for edge in graph.outgoing('b')] == ['b->mean', 'b->a:second']
    assert [edge.key for edge in graph.outgoing('label')] == ['label->a', 'label->mean']


def test_networks_and_what_nodes_are_made_of(graph):
    assert graph.networks == ('a', 'b', 'teacher', 'mean')
    assert graph.members('vote') == ['a', 'mean'] and not graph.members('a')
    for wrong in (None, 3, 'ab'):
        assert not GraphConfig(dict(nodes=dict(e=dict(members=wrong)))).members('e')
    assert graph.made_of(['both']) == {'both', 'vote', 'a', 'mean', 'b'} and graph.made_of(['a']) == {'a'}


def test_a_graph_is_reduced_to_what_a_node_hears(graph):
    before = copy.deepcopy(MODEL)
    reduced = graph.reduced(['a'])
    assert (set(reduced['nodes']), list(reduced['edges'])) == ({'a', 'teacher'}, ['label->a', 'teacher->a'])
    assert reduced['type'] == MODEL['type'] and before == MODEL
    whole = GraphConfig(graph.reduced(['vote'])).check()
    assert set(whole.nodes) == {'a', 'b', 'teacher', 'mean', 'vote'} and whole.learning_edges == graph.learning_edges
    assert list(whole.edges) == ['label->a', 'teacher->a', 'a->b', 'b->mean', 'vote->b']


def test_a_graph_can_be_asked_before_it_is_checked():
    graph = GraphConfig(dict(nodes=dict(a={}, b=dict(type='NoSuchNode')), edges={'a->b': dict(gate={}, loss={})}))
    assert graph.networks == ('a', 'b') and graph.roles == dict(a='frozen', b='trained') and graph.target == ''


@pytest.mark.parametrize('edges', [{'a-b': KL}, {'a->b->c': KL}, {3: KL}])
def test_a_key_that_is_none(edges):
    with pytest.raises(ConfigError, match="an edge's key must read 'source->target'"):
        GraphConfig(dict(nodes=dict(a=NODE, b=NODE), edges=edges))


def test_a_node_is_taken_out():
    model = copy.deepcopy(MODEL)
    without_node(model, 'a')
    assert list(model['edges']) == ['b->mean', 'label->mean', 'vote->b']
    assert 'a' not in model['nodes'] and model['nodes']['vote']['members'] == ['mean']


def test_an_owner_that_only_owns_is_left_out():
    """Of the branches that remain the first owns what they share; where the owner has weights to give, it stays."""
    share = dict(share=dict(node='a', until='stem'))
    nodes = dict(a=NODE, b=dict(NODE, **share), c=dict(NODE, **share))
    model = dict(nodes=nodes, edges={'label->b': CE, 'label->c': CE, 'b->c': KL}, target='c')
    reduced = GraphConfig(model).reduced(['c'])
    assert reduced['nodes'] == dict(b=NODE, c=dict(NODE, share=dict(node='b', until='stem')))
    assert set(reduced['edges']) == set(model['edges']) and nodes['c'] == dict(NODE, **share)
    for change in (
        dict(nodes=nodes | dict(a=dict(NODE, checkpoint='a.pth'))),
        dict(edges={**model['edges'], 'label->a': CE}),
    ):
        assert set(GraphConfig({**model, **change}).reduced(['c'])['nodes']) == {'a', 'b', 'c'}
