import copy
from typing import Any

import pytest
import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

import ktg_mm.models  # noqa: F401  registers
from ktg_mm.config import GraphConfig, deep_mutual_learning, independent

KL, CE = dict(loss=dict(type='KLDivergence')), dict(loss=dict(type='CrossEntropy'))
CUT = dict(KL, gate=dict(type='CutoffGate'))


def network(depth: int) -> dict[str, Any]:
    backbone = dict(type='CIFARResNet', depth=depth)
    return dict(type='NetworkNode', network=dict(type='ImageClassifier', backbone=backbone))


def graph(target: str, edges: dict[str, Any], **nodes: Any) -> dict[str, Any]:
    model = dict(type='KnowledgeTransferGraph', target=target, nodes=nodes, edges=edges, update=dict(type='X'))
    GraphConfig(model).check()
    return model


TEACHER = dict(network(110), checkpoint='teacher.pth', prefix='nodes.net1.')
ENSEMBLE = dict(type='EnsembleNode', members=['a', 't'])
# A graph, the networks of deep mutual learning, those of independent training.
GRAPHS = {
    'one target': (
        graph('a', {'label->a': CE, 'b->a': KL, 'a->b': CUT, 'label->b': KL | CE}, a=network(8), b=network(14)),
        'ab',
        'a',
    ),
    'target taught by nodes alone': (graph('a', {'b->a': KL, 'label->b': CE}, a=network(8), b=network(14)), 'ab', 'a'),
    'frozen teacher': (graph('a', {'t->a': KL, 'label->a': CE}, a=network(8), t=TEACHER), 'a', 'a'),
    'ensemble with a frozen member': (
        graph(
            'e', {'label->a': CE, 't->b': KL, 'b->a': KL}, a=network(8), b=network(14), t=TEACHER, e=ENSEMBLE
        ),
        'abt',
        'at',
    ),
    'ensemble of ensembles': (
        graph(
            'f',
            {'label->a': CE, 'label->t': CE, 'label->b': CE},
            a=network(8), b=network(14), t=network(20), e=ENSEMBLE, f=dict(type='EnsembleNode', members=['e', 'b']),
        ),
        'abt',
        'abt',
    ),
    'moving average': (
        graph('m', {'label->a': CE, 'a->m': dict(type='EMAEdge')}, a=network(8), m=network(8)), 'am', 'm'
    ),
}  # fmt: skip


@pytest.mark.parametrize('name', GRAPHS)
def test_baselines(name: str) -> None:
    model, mutual, alone = GRAPHS[name]
    before = copy.deepcopy(model)
    for made, networks in ((deep_mutual_learning(model), mutual), (independent(model), alone)):
        labels = {f'label->{node}' for node in networks}
        pairs = {f'{a}->{b}' for a in networks for b in networks if a != b} if networks == mutual else set()
        if made == independent(model):
            pairs = set()
        assert made['edges'].keys() == labels | pairs
        assert all(made['edges'][key] == CE for key in labels)
        assert all(made['edges'][key] == KL | dict(gate=dict(type='ThroughGate')) for key in pairs)
        assert {node for node in made['nodes'] if 'network' in made['nodes'][node]} == set(networks)
        for node in networks:  # none begins with a teacher's weights
            assert made['nodes'][node] == dict(type='NetworkNode', network=model['nodes'][node]['network'])
        assert {key: made[key] for key in ('type', 'target', 'update')} == {
            key: model[key] for key in ('type', 'target', 'update')
        }
        assert len(GraphConfig(made).check().networks) == len(networks)
    assert model == before


def test_ensembles_stay() -> None:
    for make in (deep_mutual_learning, independent):
        assert make(GRAPHS['ensemble with a frozen member'][0])['nodes']['e'] == ENSEMBLE
        assert make(GRAPHS['ensemble of ensembles'][0])['nodes']['f']['members'] == ['e', 'b']


def test_weights_to_begin_with_stay() -> None:
    """A network that the found graph trains begins everywhere as it does there."""
    model = graph('t', {'label->t': CE}, t=TEACHER)
    assert independent(model)['nodes']['t'] == deep_mutual_learning(model)['nodes']['t'] == TEACHER


LABEL = dict(CE, views=dict(target='weak'))
SELF = dict(KL, views=dict(source='weak2', target='weak'), samples='unlabeled')


def test_views_stay(mmpretrain_scope: None) -> None:
    """Where the data pipeline makes several views, an edge must name one of them: the labels' view at both ends."""
    networks = dict(a=network(8), b=network(14), c=network(20))
    edges = {'label->a': LABEL, 'a->a': SELF, 'label->b': LABEL, 'b->a': SELF, 'b->c': SELF, 'c->a': SELF}
    model = graph('a', edges, **networks)
    before = copy.deepcopy(model)
    mutual, alone = deep_mutual_learning(model), independent(model)
    assert model == before
    assert alone['edges'] == {'label->a': LABEL}
    kl = dict(KL, gate=dict(type='ThroughGate'), views=dict(source='weak', target='weak'))
    pairs = {f'{one}->{other}': kl for one in 'abc' for other in 'abc' if one != other}
    assert mutual['edges'] == {f'label->{name}': LABEL for name in 'abc'} | pairs
    samples = [DataSample().set_gt_label(label) for label in (0, 1, -1, -1)]
    inputs = {view: torch.rand(4, 3, 8, 8) for view in ('weak', 'weak2')}
    for made in (mutual, alone):
        for node in made['nodes'].values():
            node['network'] |= dict(
                neck=dict(type='GlobalAveragePooling'), head=dict(type='LinearClsHead', num_classes=3, in_channels=64)
            )
        built = MODELS.build({key: value for key, value in made.items() if key != 'update'})
        values = built(inputs, samples, mode='loss')
        assert set(values) == set(made['edges']) and all(torch.isfinite(value.loss) for value in values.values())


def test_a_moving_average_is_trained_in_its_own_right() -> None:
    """FixMatch's target is an average; without the graph's teaching it learns the labels, of the same view."""
    edges = {'label->a': LABEL, 'a->a': SELF, 'a->m': dict(type='EMAEdge', decay=0.99)}
    model = graph('m', edges, a=network(8), m=network(8))
    assert independent(model)['edges'] == {'label->m': LABEL}
    assert set(deep_mutual_learning(model)['edges']) == {'label->a', 'label->m', 'a->m', 'm->a'}
    assert all(edge['views']['target'] == 'weak' for edge in deep_mutual_learning(model)['edges'].values())
