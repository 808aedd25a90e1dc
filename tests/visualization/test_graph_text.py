import pytest

from ktg_mm.config import EdgeConfig
from ktg_mm.errors import ConfigError
from ktg_mm.models.losses import FeatureLoss
from ktg_mm.models.nodes import Node
from ktg_mm.visualization.graph_text import (
    edge_text,
    gate_name,
    model_name,
    node_lines,
    read_graph,
    shared_text,
    short_number,
    shown_edges,
    taught_members,
    type_name,
)

KL = dict(type='KLDivergence')


class Hint(FeatureLoss):
    learns = True

    def __init__(self, layers='backbone.layer2'):
        super().__init__(layers)


class GatedEnsembleNode(Node):
    def __init__(self, members, layer='map', detach=False):
        super().__init__(members, detach=detach)


def classifier(**backbone):
    return dict(type='NetworkNode', network=dict(type='ImageClassifier', backbone=backbone))


@pytest.mark.parametrize(
    ('node', 'name'),
    [
        (classifier(type='CIFARResNet', depth=32), 'ResNet-32'),
        (classifier(type='CIFARWideResNet', depth=28, widen_factor=2.0), 'WRN-28-2'),
        (classifier(type='ABNCIFARResNet', depth=20), 'ABN ResNet-20'),
        (classifier(type='ABNResNet', depth=18), 'ABN ResNet-18'),
        (classifier(type='mmpretrain.ResNet', depth=18), 'ResNet-18'),
        (classifier(type='ResNet_CIFAR', depth=18), 'ResNet-18'),
        (classifier(type='VisionTransformer', arch='b'), 'VisionTransformer-b'),
        (classifier(type='VisionTransformer', arch=dict(layers=2)), 'VisionTransformer'),
        (classifier(type='LeNet5'), 'LeNet5'),
        (dict(type='NetworkNode', network=dict(type='TimmClassifier', model_name='deit')), 'TimmClassifier deit'),
        (dict(type='NetworkNode', network=dict(type='Word')), 'Word'),
        (dict(type='EnsembleNode', members=['a', 'b']), 'Ensemble'),
    ],
)
def test_model_name(node, name):
    assert model_name(node) == name


@pytest.mark.parametrize(
    ('edge', 'text'),
    [
        (dict(loss=dict(type='CrossEntropy')), 'CE · Through'),
        (dict(loss=dict(type='KLDivergence', temperature=1.0), gate=None), 'KL · Through'),
        (dict(loss=dict(type='KLDivergence', temperature=2.0), gate=dict(type='CorrectGate')), 'KL T=2 · Correct'),
        (dict(loss=[dict(type='ProbabilityCosine'), dict(type='AttentionCosine')]), 'P− + A− · Through'),  # noqa: RUF001
        (dict(loss=dict(type='AttentionMSE'), gate=dict(type='NegativeLinearGate')), 'A+ · NegativeLinear'),
        (dict(loss=dict(type='Huber', weight=0.5)), '0.5×Huber · Through'),  # noqa: RUF001
        (
            dict(weight=2, loss=[dict(type='CrossEntropy'), dict(type='AttentionMSE')]),
            '2×(CE + A+) · Through',  # noqa: RUF001
        ),
        (
            dict(loss=dict(type='KLDivergence'), gate=dict(type='SineGate', frequency=2, phase=0.5)),
            'KL · Sine(f=2, φ=0.5)',
        ),
        (
            dict(
                loss=dict(type='CrossEntropy'),
                gate=dict(type='ConfidenceGate', threshold=0.95),
                views=dict(source='weak', target='strong'),
                samples='unlabeled',
            ),
            'CE · Confidence(τ=0.95) · weak→strong · unlabelled',
        ),
        (dict(loss=dict(type='Negated', loss=dict(KL, temperature=2.0))), '−KL T=2 · Through'),  # noqa: RUF001
        (dict(loss=[KL, dict(type='Reciprocal', loss=KL, weight=0.5)]), 'KL + 0.5×1/KL · Through'),  # noqa: RUF001
        (dict(type='EMAEdge', decay=0.999), 'EMA 0.999'),
        (dict(type='EMAEdge'), 'EMA'),
        (dict(), 'no loss · Through'),
        (dict(loss=dict(type=Hint)), 'Hint layer2 ⊕ · Through'),
        (
            dict(loss=dict(type=Hint, layers=dict(source='backbone.layer3', target='backbone.layer2')), weight=100),
            '100×Hint layer3→layer2 ⊕ · Through',  # noqa: RUF001
        ),
        (
            dict(loss=[KL, dict(type=Hint, layers=dict(source=['map', 'a.b'], target=['map', 'embedding']))]),
            'KL + Hint map, a.b→embedding ⊕ · Through',
        ),
        (dict(loss=dict(type=Hint, layers=3)), 'Hint 3 ⊕ · Through'),
        (dict(loss=dict(type=FeatureLoss, layers='map')), 'FeatureLoss map · Through'),
    ],
)
def test_edge_text(edge, text):
    assert edge_text(EdgeConfig('a->b', edge)) == text


def test_gate_name():
    assert gate_name(EdgeConfig('a->b', dict(type='EMAEdge', decay=0.9))) == 'EMA'
    assert gate_name(EdgeConfig('a->b', dict(gate=dict(type='ktg_mm.CutoffGate')))) == 'Cutoff'


def test_small_helpers():
    assert type_name(dict(type=dict)) == 'dict'
    assert type_name({}) == '?'
    assert [short_number(value) for value in (0.10, 3, True, 'x')] == ['0.1', '3', 'True', 'x']


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
        read_graph(model)
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
        read_graph(dict(nodes=dict(a={}), edges=edges))
    assert message in str(caught.value) and '\n' not in str(caught.value)


def test_links_without_cutoff_and_with_suffix():
    edges = {
        'label->a': dict(loss=KL, gate=dict(type='CutoffGate')),
        'b->a:attention': dict(loss=dict(type='AttentionMSE')),
        'a->b': dict(type='EMAEdge', decay=0.9),
    }
    shown = shown_edges(read_graph(dict(nodes=dict(a={}, b={}), edges=edges)))
    assert [(edge.source, edge.target, edge_text(edge), gate_name(edge)) for edge in shown] == [
        ('b', 'a', 'A+ · Through', 'Through'),
        ('a', 'b', 'EMA 0.9', 'EMA'),
    ]
    assert shown_edges(read_graph(dict(nodes=dict(a={})))) == []


def test_roles():
    nodes = {name: dict(type='NetworkNode') for name in ('student', 'teacher', 'average')}
    edges = {
        'teacher->student': dict(loss=KL),
        'student->teacher': dict(loss=KL, gate=dict(type='CutoffGate')),
        'student->average': dict(type='EMAEdge', decay=0.9),
    }
    graph = read_graph(dict(nodes=nodes, edges=edges, target='student'))
    roles = {name: node_lines(graph, name)[1] for name in nodes}
    assert roles == dict(student=['target'], teacher=['frozen'], average=['moving average'])


def test_an_ensemble_has_no_role_and_its_type_is_not_said_twice():
    node = dict(type='EnsembleNode', members=['a', 'b'])
    graph = read_graph(dict(nodes=dict(ensemble=node, all=node), target='all'))
    assert node_lines(graph, 'ensemble') == (['ensemble'], [])
    assert node_lines(graph, 'all') == (['all', 'Ensemble'], ['target'])


def test_long_names_take_two_lines():
    node = dict(type='NetworkNode', network=dict(type='TimmClassifier', model_name='vit_tiny_patch16_224'))
    assert node_lines(read_graph(dict(nodes=dict(a=node))), 'a')[0] == ['a', 'TimmClassifier', 'vit_tiny_patch16_224']


@pytest.mark.parametrize(
    ('share', 'text'),
    [
        (dict(node='a', until='backbone.layer1'), 'until layer1'),
        (dict(node='a', modules=['backbone.conv1', 'head.fc']), 'conv1, head.fc'),
        (dict(node='a', modules=['backbone.conv1', 'b', 'c', 'd']), 'conv1, b, 2 more'),
        (None, ''),
    ],
)
def test_what_a_node_shares(share, text):
    graph = read_graph(dict(nodes=dict(a=dict(type='Word'), b=dict(type='Word', share=share))))
    assert shared_text(graph, 'b') == text
    assert node_lines(graph, 'b')[0] == ['b', 'Word', *([f'shares {text} with a'] if text else [])]


def test_an_ensemble_that_learns():
    nodes = dict(a=dict(type='NetworkNode'), b=dict(type='NetworkNode'), e=dict(type=GatedEnsembleNode))
    nodes['e'].update(members=['a', 'b'], layer='backbone.layer1')
    graph = read_graph(dict(nodes=nodes, edges={'label->e': dict(loss=dict(type='CrossEntropy'))}))
    assert node_lines(graph, 'e') == (['e', 'GatedEnsemble', 'reads layer1'], ['learns'])
    nodes['e'].pop('layer')  # the default is said as well
    assert node_lines(read_graph(dict(nodes=nodes)), 'e') == (['e', 'GatedEnsemble', 'reads map'], ['frozen'])


def test_who_makes_a_view():
    nodes = {name: dict(type='NetworkNode') for name in 'ab'}
    views = dict(adversarial=dict(type='AdversarialView', node='b', eps=1.0))
    graph = read_graph(dict(nodes=nodes, views=views))
    assert 'makes adversarial' in node_lines(graph, 'b')[0] and 'makes adversarial' not in node_lines(graph, 'a')[0]
    with pytest.raises(ConfigError, match=r'^model.views.adversarial: a view is a dict, not 3'):
        read_graph(dict(nodes=nodes, views=dict(adversarial=3)))


def test_members_that_are_taught():
    """Those of an ensemble that reads them undetached, if something teaches it, or another one that reads it so."""
    nodes = {name: dict(type='NetworkNode') for name in 'abc'} | dict(
        open=dict(type='EnsembleNode', members=['a', 'b'], detach=False),
        shut=dict(type='EnsembleNode', members=['a', 'b']),
        outer=dict(type=GatedEnsembleNode, members=['open', 'c', 'shut']),
    )
    graph = read_graph(dict(nodes=nodes, edges={'label->outer': dict(loss=KL)}))
    inner = {('open', 'a'), ('open', 'b')}
    assert taught_members(graph) == {('outer', 'open'), ('outer', 'c'), ('outer', 'shut')} | inner
    assert taught_members(read_graph(dict(nodes=nodes, edges={'outer->c': dict(loss=KL)}))) == set()
    frozen = dict(nodes, b=dict(type='NetworkNode', checkpoint='weights.pth'))
    graph = read_graph(dict(nodes=frozen, edges={'label->open': dict(loss=KL)}))
    assert taught_members(graph) == {('open', 'a')}
