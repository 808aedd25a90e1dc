"""Mistakes in what nodes share and in which gradients are let through: one line each, with the key."""

import copy

import pytest

import ktg_mm.models  # noqa: F401  registers
from ktg_mm.config import GraphConfig
from ktg_mm.config.check_share import check_share_form
from ktg_mm.errors import ConfigError, UntaughtError

NODE = dict(type='NetworkNode', network=dict(type='ImageClassifier', backbone=dict(type='LeNet5')))
CE, KL = dict(loss=dict(type='CrossEntropy')), dict(loss=dict(type='KLDivergence'))
EXAMPLE = (
    r"must be dict\(node=\.\.\., until='backbone\.layer1'\) or dict\(node=\.\.\., modules=\['backbone\.conv1'\]\), got "
)


def share(node='net1', until='backbone.features', **arguments):
    return dict(NODE, share=dict(node=node, until=until), **arguments)


def model(edges=None, **nodes):
    """Two networks, the second of which shares with the first, and what else is said."""
    nodes = dict(net1=NODE, net2=share()) | nodes
    labels = {f'label->{name}': CE for name, node in nodes.items() if 'members' not in node and name != 'mean'}
    return dict(nodes=nodes, edges=labels | (edges or {}), target='net1')


def test_sound_graphs():
    for sound in (
        model(),
        model(net3=share('net2')),
        model(net3=dict(NODE, share=dict(node='net1', modules=['backbone.features.0', 'backbone.classifier']))),
        model(net2=dict(NODE, share=None)),
        model(dict({'net2->net1': dict(KL, detach=False)})),
        model(vote=dict(type='EnsembleNode', members=['net1', 'net2'], detach=False), edges={'label->vote': CE}),
        model(mean=NODE, edges={'net2->mean': dict(type='EMAEdge')}),
        dict(
            model(net1=dict(NODE, checkpoint='a.pth'), edges={'label->net1': dict(CE, gate=dict(type='CutoffGate'))}),
            target='net2',
        ),
    ):
        GraphConfig(copy.deepcopy(sound)).check()


@pytest.mark.parametrize(
    ('wrong', 'says'),
    [
        (model(net2=share('net3')), r"net2\.share\.node: no other network is named 'net3'; did you mean 'net1'\?"),
        (model(net2=share('net2')), r"net2\.share\.node: no other network is named 'net2'; did you mean 'net1'\?"),
        (
            model(net2=share('vote'), vote=dict(type='EnsembleNode', members=['net1', 'net2'])),
            r"net2\.share\.node: no other network is named 'vote'; ",
        ),
        (model(net1=share('net2')), r'net1\.share\.node: shares modules in a circle: net1 <- net2 <- net1'),
        (
            model(net1=share('net3'), net3=share('net2')),
            r'net1\.share\.node: shares modules in a circle: net1 <- net3 <- net2 <- net1',
        ),
        *(
            (model(net2=dict(NODE, share=wrong)), rf'net2\.share: {EXAMPLE}')
            for wrong in (
                'net1',
                {},
                dict(node='net1'),
                dict(until='backbone'),
                dict(node='net1', until=''),
                dict(node='net1', until=['backbone']),
                dict(node=['net1'], until='backbone'),
                dict(node='net1', modules=[]),
                dict(node='net1', modules='backbone'),
                dict(node='net1', modules=['backbone', 3]),
                dict(node='net1', until='backbone', modules=['backbone']),
                dict(node='net1', until='backbone', depth=2),
            )
        ),
        (
            model(mean=share(), edges={'net1->mean': dict(type='EMAEdge')}),
            r"mean\.share: 'mean' is a moving average \('net1->mean'\), whose modules cannot be shared",
        ),
        (
            model(net2=share('mean'), mean=NODE, edges={'net1->mean': dict(type='EMAEdge')}),
            r"net2\.share: 'mean' is a moving average \('net1->mean'\), whose modules cannot be shared",
        ),
        (
            model(net0=share('net2'), net2=share('mean'), mean=NODE, edges={'net1->mean': dict(type='EMAEdge')}),
            r"net2\.share: 'mean' is a moving average",
        ),
    ],
)
def test_what_cannot_be_shared(wrong, says):
    with pytest.raises(ConfigError, match=rf'^model\.nodes\.{says}[^\n]*$') as caught:
        GraphConfig(wrong).check()
    assert not isinstance(caught.value, UntaughtError)


def test_a_frozen_teacher_keeps_its_weights():
    """That nobody teaches it may be how a search has drawn its edges; then the graph cannot do its work."""
    graph = model(net2=share(checkpoint='a.pth'), edges={'label->net2': dict(CE, gate=dict(type='CutoffGate'))})
    with pytest.raises(UntaughtError) as caught:
        GraphConfig(graph).check()
    assert str(caught.value) == (
        "model.nodes.net2.share: 'net2' is a frozen teacher, of which 'net1' would train something; leave share out"
    )


def test_an_owner_of_which_others_train_the_trunk_alone():
    graph = model(edges={'label->net1': dict(CE, gate=dict(type='CutoffGate'))})
    with pytest.raises(UntaughtError, match=r'^model\.nodes\.net1: nobody teaches this network and it has no checkpoi'):
        GraphConfig(dict(graph, target='net2')).check()
    allowed = dict(graph['nodes'], net1=dict(NODE, allow_random=True))
    assert GraphConfig(dict(graph, nodes=allowed, target='net2')).check().trained == ['net1', 'net2']


VOTE = dict(type='EnsembleNode', members=['net1', 'net2'])


@pytest.mark.parametrize(
    ('edges', 'nodes', 'says'),
    [
        ({'label->net1': dict(CE, detach=False)}, {}, r"'label->net1'\]\.detach: is not read: a label learns nothing"),
        ({'label->net1': dict(CE, detach=True)}, {}, r"'label->net1'\]\.detach: is not read: a label learns nothing"),
        ({'net2->net1': dict(KL, detach='no')}, {}, r"'net2->net1'\]\.detach: must be True or False, got 'no'"),
        (
            {'vote->net1': dict(KL, detach=False)},
            dict(vote=VOTE),
            r"'vote->net1'\]\.detach: node 'vote' has no parameters, so it cannot learn; give model\.nodes\.vote "
            'detach=False, so that what it reads learns, or leave detach out',
        ),
        (
            {'label->vote': CE},
            dict(vote=VOTE),
            r"'label->vote'\]: node 'vote' has no parameters, so it cannot learn; give model\.nodes\.vote "
            'detach=False, so that what it reads learns, or remove the edge',
        ),
        (
            {'label->both': CE},
            dict(vote=VOTE, both=dict(type='EnsembleNode', members=['vote', 'vote'], detach=False)),
            r"'label->both'\]: node 'both' has no parameters",
        ),
        (
            {'mean->net1': dict(KL, detach=False), 'net2->mean': dict(type='EMAEdge')},
            dict(mean=NODE),
            r"'mean->net1'\]\.detach: 'mean' is a moving average, which learns from no edge; must be True",
        ),
        (
            {'net2->mean': dict(type='EMAEdge', detach=False)},
            dict(mean=NODE),
            r"'net2->mean'\]: unknown entry 'detach'; ",
        ),
        (
            {'net2->net1': dict(KL, detahc=False)},
            {},
            r"'net2->net1'\]: unknown entry 'detahc'; did you mean 'detach'\?",
        ),
    ],
)
def test_gradients_that_would_end_nowhere(edges, nodes, says):
    with pytest.raises(ConfigError, match=rf'^model\.edges\[{says}[^\n]*$'):
        GraphConfig(model(edges, **nodes)).check()


def test_what_is_malformed_can_be_asked():
    for wrong in (3, 'net1', dict(node=['net1']), dict(node=3), dict(until='x')):
        graph = GraphConfig(model(net2=dict(NODE, share=wrong)))
        assert graph.owner('net2') is None and graph.order == ['net1', 'net2'] and graph.roles['net2'] == 'trained'
    assert check_share_form(None) is None
