"""Which networks begin with weights of others: one rule, for the graph, the search and the baselines."""

import copy

import pytest
from mmengine.model import PretrainedInit

import ktg_mm.models  # noqa: F401  registers
from ktg_mm.config import GraphConfig, deep_mutual_learning, independent, is_pretrained, without_weights
from ktg_mm.errors import UntaughtError

BACKBONE = dict(type='LeNet5')
KAIMING = dict(type='Kaiming', layer='Conv2d')
PRETRAINED = dict(type='Pretrained', checkpoint='x.pth')


def node(network=(), **entries):
    return dict(type='NetworkNode', network=dict(type='ImageClassifier', backbone=BACKBONE, **dict(network)), **entries)


WITH_WEIGHTS = [
    node(checkpoint='x.pth', prefix='nodes.a.'),
    node(dict(pretrained='x.pth')),
    node(dict(init_cfg=PRETRAINED)),
    node(dict(init_cfg=[KAIMING, PRETRAINED])),
    node(dict(init_cfg=(KAIMING, PRETRAINED))),
    node(dict(init_cfg=dict(PRETRAINED, type='mmengine.Pretrained'))),
    node(dict(init_cfg=dict(PRETRAINED, type=PretrainedInit))),
]
WITHOUT = [node(), node(dict(init_cfg=KAIMING)), node(dict(init_cfg=[KAIMING])), node(dict(pretrained=None))]


def graph(teacher):
    edges = {'label->a': dict(loss=dict(type='CrossEntropy')), 't->a': dict(loss=dict(type='KLDivergence'))}
    return GraphConfig(dict(nodes=dict(a=node(), t=teacher), edges=edges, target='a'))


@pytest.mark.parametrize('teacher', WITH_WEIGHTS)
def test_a_frozen_teacher_with_weights(teacher):
    before = copy.deepcopy(teacher)
    assert is_pretrained(teacher) and graph(teacher).check().without_weights == []
    assert not is_pretrained(without_weights(teacher)) and teacher == before


@pytest.mark.parametrize('teacher', WITHOUT)
def test_a_frozen_network_without_weights(teacher):
    assert not is_pretrained(teacher) and graph(teacher).without_weights == ['t']
    assert without_weights(teacher) == teacher
    with pytest.raises(UntaughtError, match='nobody teaches this network and it has no checkpoint'):
        graph(teacher).check()


def test_a_network_that_may_stay_random():
    random = node(allow_random=True)
    assert not is_pretrained(random) and graph(random).check().without_weights == []


def test_other_initialisations_stay():
    kept = without_weights(node(dict(init_cfg=[KAIMING, PRETRAINED])))
    assert kept['network']['init_cfg'] == [KAIMING]
    assert without_weights(node(dict(pretrained='x.pth'))) == without_weights(node(dict(init_cfg=PRETRAINED))) == node()


@pytest.mark.parametrize('teacher', WITH_WEIGHTS)
def test_a_baseline_trains_the_network_of_a_teacher_from_the_beginning(teacher):
    edges = {'label->a': dict(loss=dict(type='CrossEntropy')), 't->a': dict(loss=dict(type='KLDivergence'))}
    nodes = dict(a=node(), t=teacher, e=dict(type='EnsembleNode', members=['a', 't']))
    for make in (independent, deep_mutual_learning):
        assert not is_pretrained(make(dict(nodes=nodes, edges=edges, target='e'))['nodes']['t'])
