import pytest

from ktg_mm.errors import ConfigError
from ktg_mm.visualization.graph_content import node_lines, parts_of, read_links, read_nodes

KL = dict(type='KLDivergence')


@pytest.mark.parametrize(
    ('model', 'message'),
    [
        ({}, 'config has no model.nodes'),
        (dict(nodes={}), 'config has no model.nodes'),
        (dict(nodes=['net1']), 'config has no model.nodes'),
        (dict(nodes=dict(net1='ResNet')), "model.nodes.net1: a node is a dict, not 'ResNet'"),
        (dict(nodes=dict(net1={}), target='net2'), "model.target: no node is named 'net2'; did you mean 'net1'?"),
    ],
)
def test_mistakes_in_nodes(model, message):
    with pytest.raises(ConfigError) as caught:
        read_nodes(model)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ('edges', 'message'),
    [
        (['label->a'], 'model.edges: '),
        ({'lable->a': dict(loss=KL)}, "did you mean 'label'?"),
        ({'a->b': dict(loss=KL)}, "no node is named 'b'"),
        ({'a->label': dict(loss=KL)}, "no node is named 'label'"),
        ({'label->a': 'KLDivergence'}, "an edge is a dict, not 'KLDivergence'"),
        ({'label->a': dict(loss='KLDivergence')}, "losses and gates are dicts, not 'KLDivergence'"),
        ({'label->a': dict(loss=KL, gate='LinearGate')}, "losses and gates are dicts, not 'LinearGate'"),
        ({'label-a': dict(loss=KL)}, 'label-a'),
    ],
)
def test_mistakes_in_edges(edges, message):
    with pytest.raises(ConfigError) as caught:
        read_links(dict(edges=edges), dict(a={}))
    assert message in str(caught.value) and '\n' not in str(caught.value)


def test_links_without_cutoff_and_with_suffix():
    edges = {
        'label->a': dict(loss=KL, gate=dict(type='CutoffGate')),
        'b->a:attention': dict(loss=dict(type='AttentionMSE')),
        'a->b': dict(type='EMAEdge', decay=0.9),
    }
    links = read_links(dict(edges=edges), dict(a={}, b={}))
    assert [(link.source, link.target, link.text, link.gate) for link in links] == [
        ('b', 'a', 'A+ · Through', 'Through'),
        ('a', 'b', 'EMA 0.9', 'EMA'),
    ]
    assert read_links({}, dict(a={})) == []


def test_roles():
    nodes = {name: dict(type='NetworkNode') for name in ('student', 'teacher', 'average')}
    edges = {
        'teacher->student': dict(loss=KL),
        'student->teacher': dict(loss=KL, gate=dict(type='CutoffGate')),
        'student->average': dict(type='EMAEdge', decay=0.9),
    }
    links = read_links(dict(edges=edges), nodes)
    roles = {name: node_lines(name, node, links, 'student')[1] for name, node in nodes.items()}
    assert roles == dict(student=['target'], teacher=['frozen'], average=['moving average'])


def test_an_ensemble_has_no_role_and_its_type_is_not_said_twice():
    node = dict(type='EnsembleNode', members=['a', 'b'])
    assert node_lines('ensemble', node, [], None) == (['ensemble'], [])
    assert node_lines('all', node, [], 'all') == (['all', 'Ensemble'], ['target'])


def test_long_names_take_two_lines():
    node = dict(type='NetworkNode', network=dict(type='TimmClassifier', model_name='vit_tiny_patch16_224'))
    assert node_lines('a', node, [], None)[0] == ['a', 'TimmClassifier', 'vit_tiny_patch16_224']


def test_parts():
    assert parts_of(dict(members=('a', 'b'))) == ['a', 'b']
    assert parts_of(dict(inputs='trunk')) == ['trunk']
    assert parts_of({}) == []
