"""What follows from a config whose networks share modules and whose edges teach more than their target."""

import copy
import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ktg_mm.config import GraphConfig, deep_mutual_learning, graph_key, independent
from ktg_mm.config.without_node import without_node
from ktg_mm.errors import UntaughtError
from ktg_mm.models.nodes import Node
from ktg_mm.registry import NODES

NODE = dict(type='NetworkNode', network=dict(type='ImageClassifier', backbone=dict(type='LeNet5')))
CE, KL = dict(loss=dict(type='CrossEntropy')), dict(loss=dict(type='KLDivergence'))
CUT = dict(gate=dict(type='CutoffGate'))
TEACHER = dict(NODE, checkpoint='teacher.pth')


class Learned(Node):
    """A toy ensemble with parameters; only its config is looked at."""

    ordered = True

    def __init__(self, members, detach=True):
        super().__init__(inputs=members, detach=detach)


class Attached(Node):
    """Another, which does not detach what it reads unless it is told to."""

    def __init__(self, members, detach=False):
        super().__init__(inputs=members, detach=detach)


@pytest.fixture(autouse=True, scope='module')
def ensembles():
    for kind in (Learned, Attached):
        NODES.register_module(module=kind)
    yield
    for kind in (Learned, Attached):
        NODES.module_dict.pop(kind.__name__)


def branch(owner='a', until='layer1', **arguments):
    return dict(NODE, share=dict(node=owner, until=until), **arguments)


def graph(edges, target='a', **nodes):
    return GraphConfig(dict(nodes=dict(a=NODE) | nodes, edges=edges, target=target))


def test_a_branch_teaches_its_trunk():
    found = graph({'label->a': CE, 'label->b': CE, 'label->c': CE, 'a->c': KL}, c=branch('b'), b=branch()).check()
    assert found.owner('c') == 'b' and found.owners('c') == ['b', 'a'] and found.owners('a') == []
    assert found.teaches() == {
        'label->a': ('a',),
        'label->b': ('a', 'b'),
        'label->c': ('a', 'c', 'b'),
        'a->c': ('a', 'c', 'b'),
    }
    assert found.order == ['a', 'b', 'c'] and found.networks == found.learners == ('a', 'c', 'b')


def test_whom_edges_teach_besides_their_target():
    members = dict(members=['a', 'b'])
    nodes = dict(
        b=branch(),
        c=NODE,
        vote=dict(type='EnsembleNode', **members),
        open=dict(type='EnsembleNode', detach=False, **members),
        wise=dict(type='Learned', **members),
        fused=dict(type='Attached', members=['open', 'c']),
        closed=dict(type='Attached', members=['vote', 'c']),
        teacher=TEACHER,
    )
    edges = {
        'b->c': dict(KL, detach=False),
        'label->open': CE,
        'label->wise': CE,
        'label->fused': CE,
        'label->closed': CE,
        'wise->c': dict(KL, detach=False),
        'vote->c': KL,
        'teacher->c': KL,
        'teacher->fused': dict(KL, **CUT),
    }
    found = graph(edges, target='c', **nodes).check()
    assert {key: set(names) for key, names in found.teaches().items()} == {
        'b->c': {'a', 'b', 'c'},
        'label->open': {'a', 'b'},
        'label->wise': {'wise'},
        'label->fused': {'fused', 'a', 'b', 'c'},
        'label->closed': {'closed', 'c'},
        'wise->c': {'wise', 'c'},
        'vote->c': {'c'},
        'teacher->c': {'c'},
        'teacher->fused': set(),
    }
    assert found.networks == ('a', 'b', 'c', 'teacher')
    assert found.learners == ('a', 'b', 'c', 'wise', 'fused', 'closed', 'teacher')
    assert found.roles['teacher'] == 'frozen' and found.trained == ['a', 'b', 'c', 'wise', 'fused', 'closed']
    assert found.without_weights == [] and found.order.index('open') < found.order.index('fused')
    assert found.attached(['fused']) == {'fused', 'open', 'a', 'b', 'c'} and found.attached(['wise']) == {'wise'}


def test_pretrained_networks_learn_from_edges_of_their_own_alone():
    """A frozen teacher in an ensemble that is taught, or whose trunk others share, stays as it was loaded."""
    vote = dict(type='EnsembleNode', members=['a', 'teacher'], detach=False)
    edges = {'label->a': CE, 'label->vote': CE, 'label->b': CE}
    found = graph(edges, vote=vote, teacher=TEACHER, b=branch('teacher')).check()
    assert found.roles == dict(a='trained', teacher='frozen', b='trained')
    assert found.teaches()['label->vote'] == ('a',) and found.teaches()['label->b'] == ('b',)
    for own in ({'label->teacher': CE}, {'teacher->a': dict(KL, detach=False)}):
        taught = graph(edges | own, vote=vote, teacher=TEACHER, b=branch('teacher')).check()
        assert taught.roles['teacher'] == 'trained' and taught.teaches()['label->b'] == ('teacher', 'b')
    cut = graph(edges | {'label->teacher': dict(CE, **CUT)}, vote=vote, teacher=TEACHER).roles
    assert cut['teacher'] == 'frozen'


def test_who_is_taught_by_nobody():
    edges = {'label->b': CE}
    found = graph(edges, target='b', b=branch(), wise=dict(type='Learned', members=['a', 'b']))
    assert found.without_weights == ['a', 'wise'] and found.trained == ['a', 'b']
    with pytest.raises(UntaughtError, match=r'^model\.nodes\.a: nobody teaches this network'):
        found.check()
    found = graph(edges | {'label->a': CE}, b=branch(), wise=dict(type='Learned', members=['a', 'b']))
    with pytest.raises(
        UntaughtError, match=r"^model\.nodes\.wise: nobody teaches what this node learns; .*'label->wise'"
    ):
        found.check()
    undetached = graph(
        edges | {'label->a': CE, 'wise->a': dict(KL, detach=False)},
        b=branch(), wise=dict(type='Learned', members=['a', 'b']),
    ).check()  # fmt: skip
    assert undetached.roles['wise'] == 'trained'


def test_a_branch_that_trains_the_trunk_stays():
    """And so does what teaches it; a network apart goes."""
    edges = {'label->a': CE, 'label->b': CE, 'c->b': KL, 'label->c': CE, 'a->d': KL, 'label->d': CE}
    found = graph(edges, b=branch(), c=NODE, d=NODE).check()
    reduced = found.reduced(['a'])
    assert set(reduced['nodes']) == {'a', 'b', 'c'} and set(reduced['edges']) == set(edges) - {'a->d', 'label->d'}
    assert reduced['nodes']['b']['share'] == dict(node='a', until='layer1')
    alone = graph(edges | {'label->b': dict(CE, **CUT), 'c->b': dict(KL, **CUT)}, b=branch(), c=NODE, d=NODE)
    assert set(alone.reduced(['a'])['nodes']) == {'a'}
    # The owner of a scored branch's trunk, and all that trains that.
    assert set(found.reduced(['b'])['nodes']) == {'a', 'b', 'c'} and 'label->a' in found.reduced(['b'])['edges']
    GraphConfig(dict(reduced, target='a')).check()


def test_what_reaches_a_scored_node_through_others_stays():
    nodes = dict(b=NODE, c=NODE, fused=dict(type='Attached', members=['a', 'b']))
    found = graph({'label->fused': CE, 'c->fused': KL, 'label->c': CE}, **nodes).check()
    assert set(found.reduced(['a'])['nodes']) == {'a', 'b', 'c', 'fused'}
    source = graph({'a->b': dict(KL, detach=False), 'label->b': CE}, b=NODE).check()
    assert set(source.reduced(['a'])['edges']) == {'a->b', 'label->b'}
    assert set(graph({'label->a': CE, 'a->b': KL}, b=NODE).reduced(['a'])['edges']) == {'label->a'}
    average = graph({'label->b': CE, 'label->a': CE, 'b->m': dict(type='EMAEdge')}, target='m', b=branch(), m=NODE)
    assert set(average.check().reduced(['m'])['nodes']) == {'a', 'b', 'm'}


def test_a_node_that_shares_is_taken_out():
    model = dict(graph({}, b=branch(), c=branch('b'), d=branch('b')).model)
    for gone, shares in {
        'a': {'c': 'b', 'd': 'b'},
        'b': {'c': 'a', 'd': 'a'},
        'c': {'b': 'a', 'd': 'b'},
    }.items():
        changed = copy.deepcopy(model)
        without_node(changed, gone)
        found = GraphConfig(changed)
        assert {name: found.owner(name) for name in found.nodes if found.owner(name)} == shares
        for name in shares:
            assert found.nodes[name]['share']['until'] == 'layer1'
    assert 'share' not in changed['nodes']['a']


def test_those_who_share_different_modules_cannot_do_without_the_owner():
    """A new owner's own modules would become the others'."""
    late = dict(branch(), share=dict(node='a', until='layer2'))
    model = dict(graph({'label->b': CE, 'label->c': CE}, b=branch(), c=late).model)
    with pytest.raises(UntaughtError, match=r'^model\.nodes\.a: cannot be left out: different modules of it'):
        without_node(copy.deepcopy(model), 'a')
    assert set(GraphConfig(model).reduced(['b', 'c'])['nodes']) == {'a', 'b', 'c'}
    alike = dict(model, nodes=dict(model['nodes'], c=branch()))
    reduced = GraphConfig(alike).reduced(['b', 'c'])
    assert reduced['nodes'].keys() == {'b', 'c'} and reduced['nodes']['c']['share']['node'] == 'b'
    chain = dict(graph({}, b=late, c=branch('b')).model)
    with pytest.raises(UntaughtError, match=r'^model\.nodes\.b: cannot be left out'):
        without_node(chain, 'b')


def renamed(model, seed, keep):
    """The graph with its nodes' names exchanged and everything in another order."""
    generator = random.Random(seed)
    free = [name for name in model['nodes'] if name not in keep]
    names = dict(zip(free, generator.sample(free, len(free)), strict=True)) | {name: name for name in (*keep, 'label')}
    nodes = {}
    for name, node in generator.sample(list(model['nodes'].items()), len(model['nodes'])):
        nodes[names[name]] = node = copy.deepcopy(node)
        if 'members' in node:
            node['members'] = [names[member] for member in node['members']]
        if 'share' in node:
            node['share']['node'] = names[node['share']['node']]
    edges = {}
    for key, value in generator.sample(list(model['edges'].items()), len(model['edges'])):
        source, target = key.split('->')
        edges[f'{names[source]}->{names[target]}'] = value
    return dict(model, nodes=nodes, edges=edges)


@st.composite
def models(draw):
    """Up to five networks that share with earlier ones, an ensemble, edges that detach their source or do not."""
    generator = random.Random(draw(st.integers(0, 10**9)))
    names = 'abcde'[: generator.randint(3, 5)]
    nodes = {name: dict(NODE) for name in names}
    for i, name in enumerate(names[1:], 1):
        if generator.random() < 0.6:
            nodes[name] = branch(generator.choice(names[:i]), generator.choice(['layer1', 'layer2']))
    if generator.random() < 0.6:
        kind = generator.choice(['EnsembleNode', 'Learned', 'Attached'])
        nodes['f'] = dict(type=kind, members=generator.sample(names, 2), detach=generator.random() < 0.5)
    edges = {f'label->{name}': CE for name in names if generator.random() < 0.7}
    for source, target in itertools.permutations(names, 2):
        if generator.random() < 0.3:
            edges[f'{source}->{target}'] = dict(KL, detach=generator.random() < 0.5)
    return dict(nodes=nodes, edges=edges, target='a'), generator.randrange(10**9)


@settings(max_examples=150, deadline=None)
@given(models())
def test_a_key_does_not_depend_on_names(drawn):
    model, seed = drawn
    assert graph_key(model, ['a']) == graph_key(renamed(model, seed, ['a']), ['a'])


@settings(max_examples=150, deadline=None)
@given(models())
def test_a_key_tells_apart_what_trains_otherwise(drawn):
    """One thing is changed: the branch point, the owner, what an edge or an ensemble detaches."""
    model, seed = drawn
    generator = random.Random(seed)
    other = copy.deepcopy(model)
    sharing = [node for node in other['nodes'].values() if 'share' in node]
    open_edges = [edge for key, edge in other['edges'].items() if not key.startswith('label')]
    kind = generator.choice(['until', 'share', 'detach', 'members'])
    if kind == 'until' and sharing:
        share = generator.choice(sharing)['share']
        share['until'] = dict(layer1='layer2', layer2='layer1')[share['until']]
    elif kind == 'share' and sharing:
        del generator.choice(sharing)['share']
    elif kind == 'detach' and open_edges:
        edge = generator.choice(open_edges)
        edge['detach'] = not edge['detach']
    elif kind == 'members' and 'f' in other['nodes']:
        other['nodes']['f']['detach'] = not other['nodes']['f']['detach']
    else:
        return
    named = list(model['nodes'])  # else the change may be an exchange of nodes
    assert graph_key(model, named) != graph_key(other, named)


@settings(max_examples=100, deadline=None)
@given(models())
def test_a_reduced_graph_is_closed(drawn):
    """Whoever teaches or shares with what is left is there, it is not reduced further, and teaches as before."""
    model, seed = drawn
    whole = GraphConfig(model)
    scored = random.Random(seed).choice(list(model['nodes']))
    reduced = GraphConfig(whole.reduced([scored]))
    kept = set(reduced.nodes)
    assert scored in kept and all({*reduced.members(name), *reduced.owners(name)} <= kept for name in kept)
    for key, names in whole.teaches().items():
        assert (key in reduced.edges) == bool(kept.intersection(names)), key
        if key in reduced.edges:
            taught = set(reduced.teaches()[key])
            assert taught >= kept.intersection(names)
            # An owner that nobody heard of has gone: one of those that shared its modules owns them now.
            assert set(names) - kept <= {owner for name in names for owner in whole.owners(name)}
            if kept.issuperset(names):
                assert taught == set(names)
    assert GraphConfig(reduced.model).reduced([scored]) == reduced.model


def test_a_default_that_is_said_makes_no_other_graph():
    vote = dict(type='EnsembleNode', members=['a', 'b'])
    for kind, default in (('EnsembleNode', True), ('Learned', True), ('Attached', False)):
        plain = graph({'label->a': CE, 'label->b': CE}, b=NODE, vote=dict(vote, type=kind)).model
        said = dict(plain, nodes=dict(plain['nodes'], vote=dict(vote, type=kind, detach=default)))
        other = dict(plain, nodes=dict(plain['nodes'], vote=dict(vote, type=kind, detach=not default)))
        assert graph_key(plain, ['a']) == graph_key(said, ['a']) != graph_key(other, ['a'])
    edges = {'label->a': CE, 'b->a': KL}
    keys = [
        graph_key(graph(dict(edges, **{'b->a': dict(KL, detach=detach)}), b=NODE).model, ['a'])
        for detach in (True, False)
    ]
    assert graph_key(graph(edges, b=NODE).model, ['a']) == keys[0] != keys[1]


def test_the_order_of_members_counts_where_the_node_says_so():
    def key(kind, members):
        nodes = dict(b=NODE, f=dict(type=kind, members=members))
        return graph_key(graph({'label->a': CE, 'label->b': CE}, **nodes).model, ['a', 'b'])

    assert key('Learned', ['a', 'b']) != key('Learned', ['b', 'a'])
    assert key('Attached', ['a', 'b']) == key('Attached', ['b', 'a'])


def test_baselines_share_nothing():
    """Independent training and deep mutual learning are those of whole networks; an ensemble that learns is a mean."""
    for kind in ('Learned', 'Attached', 'EnsembleNode'):
        wise = dict(type=kind, members=['a', 'b'], detach=False)
        model = graph({'label->a': CE, 'label->b': CE, 'label->wise': CE}, 'wise', b=branch(), wise=wise).model
        before = copy.deepcopy(model)
        for make in (independent, deep_mutual_learning):
            made = make(model)
            assert made['nodes']['a'] == made['nodes']['b'] == NODE
            assert made['nodes']['wise']['type'] == 'EnsembleNode' and made['nodes']['wise']['members'] == ['a', 'b']
            assert {key for key in made['edges'] if key.startswith('label')} == {'label->a', 'label->b'}
            assert GraphConfig(made).check().teaches() == {key: (key[-1],) for key in made['edges']}
        assert model == before
    only = independent(graph({'label->a': CE, 'label->b': CE}, 'b', b=branch()).model)
    assert only['nodes'] == dict(b=NODE) and list(only['edges']) == ['label->b']
    frozen = graph({'label->b': CE, 'a->b': KL}, 'b', a=TEACHER, b=branch()).model
    assert independent(frozen)['nodes'] == dict(b=NODE) and set(deep_mutual_learning(frozen)['nodes']) == {'b'}
