import copy
import math

import pytest
from mmpretrain.models import CrossEntropyLoss

import ktg_mm.models  # noqa: F401  registers
from ktg_mm.config import GraphConfig
from ktg_mm.errors import ConfigError, UntaughtError
from ktg_mm.models.gates import CutoffGate
from ktg_mm.models.nodes import EnsembleNode, NetworkNode

NETWORK = dict(type='ImageClassifier', backbone=dict(type='LeNet5', num_classes=10), head=dict(type='ClsHead'))
NODE = dict(type='NetworkNode', network=NETWORK)
TEACHER = dict(NODE, checkpoint='teacher.pth')
CE = dict(loss=dict(type='CrossEntropy'))
KL = dict(loss=dict(type='KLDivergence'))
CUT = dict(KL, gate=dict(type='CutoffGate'))
TAUGHT = {'label->a': CE, 'label->b': CE}
PAIR = dict(a=NODE, b=NODE)


def read_graph(nodes, edges, target):
    return GraphConfig(dict(nodes=nodes, edges=edges, target=target)).check()


def with_edge(key, edge, nodes=PAIR, target='a'):
    return dict(nodes=nodes, edges={**TAUGHT, key: edge}, target=target)


def with_node(name, node, target='a'):
    return dict(nodes={**PAIR, name: node}, edges=TAUGHT, target=target)


def with_network(**entries):
    return with_node('c', dict(type='NetworkNode', network=dict(NETWORK, **{'head': None, **entries})))


def test_roles_follow_from_the_edges():
    nodes = dict(
        a=NODE,
        b=NODE,
        teacher=TEACHER,
        random=dict(NODE, allow_random=True),
        mean=NODE,
        vote=dict(type='EnsembleNode', members=['a', 'mean']),
    )
    edges = {
        'label->a': CE,
        'teacher->a': KL,
        'a->b': KL,
        'a->teacher': CUT,
        'b->mean': dict(type='EMAEdge'),
        'label->mean': CE,
        'vote->b': KL,
        'b->a': CUT,
    }
    spec = read_graph(nodes, edges, 'vote')
    assert spec.roles == dict(a='trained', b='trained', teacher='frozen', random='frozen', mean='ema')
    assert spec.learning_edges == ['label->a', 'teacher->a', 'a->b', 'vote->b']
    assert [edge.key for edge in spec.averages] == ['b->mean']


def test_nodes_come_after_what_they_read():
    nodes = dict(
        outer=dict(type='EnsembleNode', members=['inner', 'b']),
        inner=dict(type='EnsembleNode', members=['b', 'a']),
        a=NODE,
        b=NODE,
    )
    order = read_graph(nodes, TAUGHT, 'outer').order
    assert sorted(order) == ['a', 'b', 'inner', 'outer']
    assert order.index('outer') > order.index('inner') > max(order.index('a'), order.index('b'))


@pytest.mark.parametrize('order', [('b->c', 'a->b', 'c->d'), ('c->d', 'b->c', 'a->b'), ('a->b', 'b->c', 'c->d')])
def test_averages_of_averages_in_order(order):
    nodes = dict(a=NODE, b=NODE, c=NODE, d=NODE)
    edges = {'label->a': CE} | {key: dict(type='EMAEdge') for key in order}
    spec = read_graph(nodes, edges, 'd')
    assert [edge.key for edge in spec.averages] == ['a->b', 'b->c', 'c->d']
    assert spec.roles == dict(a='trained', b='ema', c='ema', d='ema')


@pytest.mark.parametrize(
    'network',
    [
        dict(NETWORK, init_cfg=dict(type='Pretrained', checkpoint='x.pth')),
        dict(NETWORK, init_cfg=[dict(type='Constant', layer='Conv2d'), dict(type='Pretrained', checkpoint='x.pth')]),
        dict(NETWORK, pretrained='x.pth'),
    ],
)
def test_a_frozen_teacher_may_have_its_weights_from_its_own_config(network):
    nodes = dict(a=NODE, t=dict(type='NetworkNode', network=network))
    assert read_graph(nodes, {'label->a': CE, 't->a': KL}, 'a').roles['t'] == 'frozen'


def test_types_may_be_classes():
    nodes = dict(a=dict(NODE, type=NetworkNode), b=NODE, e=dict(type=EnsembleNode, members=['a']))
    edges = {'label->a': CE, 'label->b': CE, 'b->a': dict(KL, gate=dict(type=CutoffGate))}
    assert read_graph(nodes, edges, 'e').learning_edges == ['label->a', 'label->b']


def test_the_config_is_not_changed():
    config = with_edge('a->b', dict(KL, gate=dict(type='SineGate', frequency=0, phase=0), weight=2))
    before = copy.deepcopy(config)
    read_graph(**config)
    assert config == before


UNREAD = (
    'nobody reads it in a graph, whose edges say what a network learns: leave it out, and write '
    "model.edges['label->net1'].loss=dict(type='CrossEntropy', label_smoothing=0.1) or the like"
)
MISTAKES = [
    # nodes
    (dict(nodes={}, edges=TAUGHT, target='a'), 'model.nodes: must be a dict of at least one node'),
    (dict(nodes=[NODE], edges=TAUGHT, target='a'), 'model.nodes: must be a dict of at least one node'),
    (
        with_node('c', dict(NODE, type='NetwrkNode')),
        "model.nodes.c.type: unknown node 'NetwrkNode'; did you mean 'NetworkNode'?",
    ),
    (
        with_node('c', dict(NODE, type=5)),
        'model.nodes.c.type: unknown node 5; known: AttentionEnsembleNode, EnsembleNode, FusionClassifierNode',
    ),
    (with_node('c', 'LeNet5'), "model.nodes.c: must be the dict of one node with a 'type', got 'LeNet5'"),
    (with_node('c', dict(network=NETWORK)), "model.nodes.c: must be the dict of one node with a 'type', got "),
    (
        with_node('c', dict(NODE, chekpoint='x')),
        "model.nodes.c: NetworkNode has no argument 'chekpoint'; did you mean 'checkpoint'?",
    ),
    (
        with_node('c', dict(type='NetworkNode', network=dict(NETWORK, backbone=dict(type='LeNet6')))),
        "model.nodes.c.network.backbone.type: unknown backbone 'LeNet6'; did you mean 'LeNet5'?",
    ),
    (
        with_node('c', dict(type='NetworkNode', network=dict(NETWORK, head=dict(type='LinearHead')))),
        "model.nodes.c.network.head.type: unknown head 'LinearHead'; did you mean",
    ),
    (
        with_node('c', dict(type='NetworkNode', network=dict(NETWORK, neck=[dict(type='GlobalAvgPooling')]))),
        "model.nodes.c.network.neck.type: unknown neck 'GlobalAvgPooling'; did you mean 'GlobalAveragePooling'?",
    ),
    (
        with_node('c', dict(type='NetworkNode', network=dict(type='Classifier'))),
        "model.nodes.c.network.type: unknown network 'Classifier'; did you mean",
    ),
    (
        with_node('c', dict(type='NetworkNode', network='resnet32')),
        "model.nodes.c.network: must be the dict of one network with a 'type', got 'resnet32'",
    ),
    (
        with_network(train_cfg=dict(augments=[])),
        'model.nodes.c.network.train_cfg: nobody reads it in a graph; images are',
    ),
    (
        with_network(data_preprocessor=dict(mean=[1], std=[1])),
        'model.nodes.c.network.data_preprocessor: nobody reads it in a graph; all nodes share',
    ),
    *(
        (with_network(**entries(loss)), f'model.nodes.c.network.{key}: {UNREAD}')
        for key, entries in (
            ('loss', lambda loss: dict(type='TimmClassifier', loss=loss)),
            ('head.loss', lambda loss: dict(head=dict(type='ClsHead', loss=loss))),
        )
        for loss in (
            dict(type='LabelSmoothLoss', label_smooth_val=0.1),
            dict(type='CrossEntropyLoss', loss_weight=0.5),
            dict(type='CrossEntropyLoss', use_soft=True),
            dict(type='mmpretrain.CrossEntropyLoss', class_weight=[1.0, 2.0]),
            dict(loss_weight=1.0),
        )
    ),
    (
        with_node('c', dict(NODE, prefix='nodes.a.')),
        'model.nodes.c.prefix: has no checkpoint to take a part of; give one, or leave the prefix out',
    ),
    (with_node('c', dict(type='EnsembleNode', members=['a', 3])), 'model.nodes.c.members: no node is named 3; known'),
    (with_node('c', dict(type='EnsembleNode', members=['a', ['b']])), "model.nodes.c.members: no node is named ['b']"),
    (with_node('c d', NODE), "model.nodes.c d: a node's name must be letters, digits and _, and not 'label'"),
    (with_node('label', NODE), "model.nodes.label: a node's name must be letters, digits and _, and not 'label'"),
    (with_node(3, NODE), "model.nodes.3: a node's name must be letters, digits and _, and not 'label'"),
    (
        with_node('train', NODE),
        "model.nodes.train: 'train' is a word of torch; give the node another name, such as 'train1'",
    ),
    (
        with_node('c', NODE),
        'model.nodes.c: nobody teaches this network and it has no checkpoint; give it an edge such as '
        "'label->c', a checkpoint, or allow_random=True",
    ),
    (
        dict(nodes=PAIR, edges={'label->a': CE, 'label->b': dict(CE, gate=dict(type='CutoffGate'))}, target='a'),
        'model.nodes.b: nobody teaches this network and it has no checkpoint; give it an edge',
    ),
    # ensembles
    (
        with_node('c', dict(type='EnsembleNode', members=['a', 'bb'])),
        "model.nodes.c.members: no node is named 'bb'; did you mean 'b'?",
    ),
    (with_node('c', dict(type='EnsembleNode', members='a')), "model.nodes.c.members: must be a list of nodes, got 'a'"),
    (with_node('c', dict(type='EnsembleNode', members=['a', 'c'])), 'model.nodes.c: reads its own output: c <- c'),
    (
        dict(
            nodes=dict(
                PAIR,
                c=dict(type='EnsembleNode', members=['a', 'd']),
                d=dict(type='EnsembleNode', members=['c']),
            ),
            edges=TAUGHT,
            target='d',
        ),
        'model.nodes.c: reads its own output: c <- d <- c',
    ),
    (
        with_edge('a->c', KL, dict(PAIR, c=dict(type='EnsembleNode', members=['a', 'b']))),
        "model.edges['a->c']: node 'c' has no parameters, so it cannot learn; give model.nodes.c detach=False, so that "
        'what it reads learns, or remove the edge',
    ),
    # edges
    (dict(nodes=PAIR, edges=['label->a'], target='a'), 'model.edges: must be a dict of edges with keys such as '),
    (with_edge('c->b', KL), "model.edges['c->b']: no node is named 'c'; known: a, b, label"),
    (with_edge('lable->b', CE), "model.edges['lable->b']: no node is named 'lable'; did you mean 'label'?"),
    (with_edge('a->c', KL), "model.edges['a->c']: no node is named 'c'; known: a, b"),
    (with_edge('a->label', KL), "model.edges['a->label']: no node is named 'label'; known: a, b"),
    (
        with_edge('a->b', 'KLDivergence'),
        'model.edges[\'a->b\']: must be a dict with a loss such as dict(loss=dict(type="KLDivergence")), got',
    ),
    (with_edge('a->b', None), "model.edges['a->b']: must be a dict with a loss such as"),
    (
        with_edge('a->b', dict(KL, type='EmaEdge')),
        "model.edges['a->b'].type: unknown edge 'EmaEdge'; did you mean 'EMAEdge'?",
    ),
    (with_edge('a->b', dict(KL, gates={})), "model.edges['a->b']: unknown entry 'gates'; did you mean 'gate'?"),
    (
        with_edge('a->b', dict(type='EMAEdge', momentum=0.1)),
        "model.edges['a->b']: unknown entry 'momentum'; known: decay, mode, type",
    ),
    (with_edge('a->b', {}), 'model.edges[\'a->b\'].loss: is missing; give a loss such as dict(type="KLDivergence")'),
    (with_edge('a->b', dict(loss=[])), "model.edges['a->b'].loss: is missing; give a loss such as"),
    (
        with_edge('a->b', dict(loss='KLDivergence')),
        "model.edges['a->b'].loss: must be the dict of one loss with a 'type', got 'KLDivergence'",
    ),
    (
        with_edge('a->b', dict(loss=[dict(type='KLDivergence'), dict(type='KLDivergance')])),
        "model.edges['a->b'].loss.type: unknown loss 'KLDivergance'; did you mean 'KLDivergence'?",
    ),
    (
        with_edge('a->b', dict(loss=dict(type='KLDivergence', temp=4))),
        "model.edges['a->b'].loss: KLDivergence has no argument 'temp'; known: sharpening, standardize, temperature",
    ),
    (
        with_edge('a->b', dict(KL, gate=dict(type='CorectGate'))),
        "model.edges['a->b'].gate.type: unknown gate 'CorectGate'; did you mean 'CorrectGate'?",
    ),
    (
        with_edge('a->b', dict(KL, gate='CorrectGate')),
        "model.edges['a->b'].gate: must be the dict of one gate with a 'type', got 'CorrectGate'",
    ),
    (
        with_edge('a->b', dict(KL, gate=dict(type='CorrectGate', threshold=0.5))),
        "model.edges['a->b'].gate: CorrectGate has no argument 'threshold'; it takes none",
    ),
    (
        with_edge('a->b', dict(KL, gate=dict(type='SineGate', frequenzy=0.5, phase=0))),
        "model.edges['a->b'].gate: SineGate has no argument 'frequenzy'; did you mean 'frequency'?",
    ),
    (with_edge('a->b', dict(KL, weight='1')), "model.edges['a->b'].weight: must be a number above 0, got '1'"),
    (with_edge('a->b', dict(KL, weight=0)), "model.edges['a->b'].weight: must be a number above 0, got 0"),
    (with_edge('a->b', dict(KL, weight=math.nan)), "model.edges['a->b'].weight: must be a number above 0, got nan"),
    (with_edge('a->b', CE), "model.edges['a->b'].loss: CrossEntropy learns from the label, not from 'a'"),
    (with_edge('label->b', KL), "model.edges['label->b'].loss: KLDivergence learns from a node, not from 'label'"),
    (
        with_edge('a->a', KL),
        "model.edges['a->a']: a self edge needs two different views, views=dict(source=..., target=...)",
    ),
    (
        with_edge('a->a', dict(KL, views=dict(source='weak', target='weak'))),
        "model.edges['a->a']: a self edge needs two different views, views=dict(source=..., target=...)",
    ),
    (with_edge('a->b', dict(KL, views='weak')), "model.edges['a->b'].views: must be a dict with the views' names"),
    (
        with_edge('a->b', dict(KL, views=dict(from_='weak'))),
        "model.edges['a->b'].views: must be a dict with the views' names, dict(source=..., target=...)",
    ),
    # moving averages
    (
        dict(
            nodes=dict(PAIR, c=NODE),
            edges={'label->a': CE, 'b->c': dict(type='EMAEdge'), 'c->b': dict(type='EMAEdge')},
            target='a',
        ),
        "model.edges['b->c']: the moving averages form a cycle, b->c, c->b; remove one of them",
    ),
    (
        dict(
            nodes=dict(PAIR, c=NODE),
            edges={**TAUGHT, 'a->c': dict(type='EMAEdge'), 'b->c': dict(type='EMAEdge')},
            target='a',
        ),
        "model.edges['b->c']: 'c' is a moving average already ('a->c'); remove one of the two",
    ),
    (
        with_edge('a->a', dict(type='EMAEdge')),
        "model.edges['a->a']: a moving average needs another network as its source",
    ),
    (
        with_edge(
            'd->c',
            dict(type='EMAEdge'),
            dict(
                PAIR,
                c=dict(type='FusionClassifierNode', members=['a', 'b']),
                d=dict(type='FusionClassifierNode', members=['a', 'b']),
            ),
        ),
        "model.edges['d->c']: a moving average needs another network as its source",
    ),
    (with_edge('label->b', dict(type='EMAEdge')), "model.edges['label->b']: a moving average needs another network"),
    (
        with_edge('c->b', dict(type='EMAEdge'), dict(PAIR, c=dict(type='EnsembleNode', members=['a']))),
        "model.edges['c->b']: a moving average needs another network as its source",
    ),
    (
        with_edge('a->b', dict(type='EMAEdge', mode='test')),
        "model.edges['a->b'].mode: must be 'train' or 'eval', got 'test'",
    ),
    (with_edge('a->b', dict(type='EMAEdge', decay=1)), "model.edges['a->b'].decay: must be in [0, 1), got 1"),
    (with_edge('a->b', dict(type='EMAEdge', decay=False)), "model.edges['a->b'].decay: must be in [0, 1), got False"),
    (with_edge('a->b', dict(type=['EMAEdge'])), "model.edges['a->b'].type: unknown edge ['EMAEdge']; did you mean"),
    (with_edge('a->b', dict(type='EMAEdge', decay='0.9')), "model.edges['a->b'].decay: must be in [0, 1), got '0.9'"),
    # target
    (dict(nodes=PAIR, edges=TAUGHT, target='aa'), "model.target: no node is named 'aa'; did you mean 'a'?"),
    (dict(nodes=PAIR, edges=TAUGHT, target='label'), "model.target: no node is named 'label'; known: a, b"),
    (
        dict(nodes=dict(a=NODE, b=TEACHER), edges={'label->a': CE}, target='b'),
        "model.target: 'b' never learns: no edge that is not cut off ends in it or in what it is made of; "
        "add one such as 'label->b'",
    ),
    (
        dict(
            nodes=dict(a=NODE, b=TEACHER, e=dict(type='EnsembleNode', members=['b'])),
            edges={'label->a': CE},
            target='e',
        ),
        "model.target: 'e' never learns: no edge that is not cut off ends in it or in what it is made of; "
        "add one such as 'label->b'",
    ),
    (
        dict(nodes=dict(a=NODE, b=TEACHER, c=NODE), edges={'label->a': CE, 'b->c': dict(type='EMAEdge')}, target='c'),
        "model.target: 'c' never learns: no edge that is not cut off ends in it or in what it is made of; "
        "add one such as 'label->b'",
    ),
]


@pytest.mark.parametrize(('config', 'message'), MISTAKES, ids=[message.split(':')[0] for _, message in MISTAKES])
def test_mistakes(config, message):
    with pytest.raises(ConfigError) as caught:
        read_graph(**config)
    assert str(caught.value).startswith(message) and '\n' not in str(caught.value)


@pytest.mark.parametrize(
    ('edges', 'target'),
    [
        ({'label->a': CE, 'a->b': dict(type='EMAEdge')}, 'b'),
        ({'label->a': CE, 'a->b': dict(type='EMAEdge')}, 'e'),
        ({'label->a': dict(CE, gate=dict(type='CutoffGate')), 'b->a': KL, 'label->b': CE}, 'a'),
    ],
)
def test_targets_that_learn(edges, target):
    nodes = dict(PAIR, e=dict(type='EnsembleNode', members=['b']))
    assert read_graph(nodes, edges, target).learning_edges


def test_self_edge_with_two_views():
    edge = dict(KL, views=dict(source='weak', target='strong'))
    assert read_graph(**with_edge('a->a', edge)).learning_edges == [*TAUGHT, 'a->a']


AVERAGE = dict(type='EMAEdge')
WIDE = dict(type='NetworkNode', network=dict(NETWORK, backbone=dict(type='CIFARWideResNet', depth=10)))
UNFIT_AVERAGES = {
    "model.edges['a->b']: the moving average needs the same network": with_edge('a->b', AVERAGE, dict(a=NODE, b=WIDE)),
    "model.edges['c->b']: 'b' is a moving average already ('a->b')": dict(
        nodes=dict(PAIR, c=NODE), edges={'label->a': CE, 'label->c': CE, 'a->b': AVERAGE, 'c->b': AVERAGE}, target='a'
    ),
    "model.edges['a->b']: the moving averages form a cycle": dict(
        nodes=PAIR, edges={'a->b': AVERAGE, 'b->a': AVERAGE}, target='a'
    ),
}


@pytest.mark.parametrize('message', UNFIT_AVERAGES)
def test_a_search_draws_again_where_averages_do_not_fit_together(message):
    with pytest.raises(UntaughtError) as caught:
        read_graph(**UNFIT_AVERAGES[message])
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    'head',
    [
        dict(type='LinearClsHead', num_classes=10, in_channels=84),
        dict(type='ClsHead', loss=dict(type='CrossEntropyLoss', loss_weight=1.0), topk=(1, 5), cal_acc=True),
        dict(type='ClsHead', loss=dict(type='mmpretrain.CrossEntropyLoss', loss_weight=1)),
        dict(type='ClsHead', loss=dict(type=CrossEntropyLoss, use_soft=False)),
    ],
)
def test_heads_that_change_nothing(head):
    network = dict(NETWORK, head=head, train_cfg=None, data_preprocessor=None)
    read_graph(dict(PAIR, c=dict(type='NetworkNode', network=network)), {**TAUGHT, 'label->c': CE}, 'a')


@pytest.mark.parametrize('value', ['yes', 1, None, [True]])
def test_joint_views_that_are_no_flag(value):
    with pytest.raises(ConfigError) as caught:
        GraphConfig(dict(nodes=PAIR, edges=TAUGHT, target='a', joint_views=value)).check()
    assert str(caught.value) == f'model.joint_views: must be True or False, got {value!r}'


@pytest.mark.parametrize('target', [['a'], 3, dict(a=1)])
def test_targets_that_are_no_names(target):
    with pytest.raises(ConfigError, match=r'^model\.target: no node is named'):
        read_graph(PAIR, TAUGHT, target)
