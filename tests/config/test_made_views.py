"""Views that a graph makes: mistakes, and what becomes of them where a graph gets smaller or another name."""

import copy
import re

import pytest

import ktg_mm.datasets
import ktg_mm.models  # noqa: F401  registers
from ktg_mm.config import GraphConfig, deep_mutual_learning, graph_key, independent, without_absent
from ktg_mm.config.check_views import check_views
from ktg_mm.config.made_views import check_lookers, check_made_views, sources_of
from ktg_mm.config.without_node import without_node
from ktg_mm.errors import ConfigError
from ktg_mm.search.worker.pretrained import _label_edge

NETWORK = dict(type='ImageClassifier', backbone=dict(type='LeNet5', num_classes=10), head=dict(type='ClsHead'))
CE, KL = dict(loss=dict(type='CrossEntropy')), dict(loss=dict(type='KLDivergence'))
PIPELINE = [dict(type='Views', weak=[], strong=[]), dict(type='PackViews')]
LOADER = dict(dataset=dict(type='Wrapper', dataset=dict(pipeline=PIPELINE)))


def model(maker='a', names='ab', view=None, edges=None, looking='a->a:vat', **more):
    """Networks that learn labels, one of which learns on a view that one of them makes."""
    label = dict(CE, views=dict(target='weak'))
    looks = {looking: dict(KL, views=dict(source='weak', target='moved'), samples='unlabeled')} if looking else {}
    return dict(
        type='KnowledgeTransferGraph',
        nodes={name: dict(type='NetworkNode', network=NETWORK) for name in names},
        edges={f'label->{name}': label for name in names} | looks | (edges or {}),
        views=dict(moved=dict(type='AdversarialView', node=maker, of='weak', eps=1.0) | (view or {})),
        target='a',
        **more,
    )


def check(model, loader=LOADER):
    graph = GraphConfig(model).check()
    check_views(graph, loader)
    return graph


def test_a_sound_graph():
    graph = check(model())
    assert set(graph.made_views) == {'moved'}
    assert graph.makers(graph.edges['a->a:vat']) == {'a'} and graph.makers(graph.edges['label->a']) == set()
    for none in ({}, None):
        assert check(model(looking=None) | dict(views=none)).made_views == {}


def test_a_view_that_nobody_is_said_to_make():
    """A graph that is not checked yet can be read; that the entry is missing is for the check to say."""
    unsound = model()
    del unsound['views']['moved']['node']
    graph = GraphConfig(unsound)
    assert graph.makers(graph.edges['a->a:vat']) == set()
    assert graph_key(unsound, ['a']) != graph_key(model(), ['a'])


def named(name):
    changed = model()
    changed['views'] = {name: changed['views']['moved']}
    changed['edges']['a->a:vat']['views']['target'] = name
    return changed


NOT_READ = dict(
    model(looking=None),
    edges={'label->a': dict(CE, views=dict(target='weak')), 'label->b': dict(CE, views=dict(target='weak'))},
)
CHECKPOINTS = model()
CHECKPOINTS['nodes']['a'] = dict(
    type='NetworkNode',
    network=dict(type='ImageClassifier', backbone=dict(type='CIFARResNet', depth=8, with_cp=True)),
)
MISTAKES = [
    (model() | dict(views=[]), 'model.views: must be a dict of the views that the graph makes, got []'),
    (model() | dict(views=['moved']), "model.views: must be a dict of the views that the graph makes, got ['moved']"),
    (model() | dict(views=dict(moved=None)), "model.views.moved: must be the dict of one made view with a 'type'"),
    (model(view=dict(type='Adversarial')), "model.views.moved.type: unknown made view 'Adversarial'; did you mean"),
    (model(view=dict(epsilon=1)), "model.views.moved: AdversarialView has no argument 'epsilon'; did you mean 'eps'"),
    (model(view=dict(node='c')), "model.views.moved.node: no node is named 'c'; known: a, b"),
    (model(view=dict(node=None)), 'model.views.moved.node: is missing; '),
    (model(view=dict(node=['a'])), "model.views.moved.node: no node is named ['a']"),
    (model(view=dict(of='moved')), "model.views.moved.of: 'moved' is made by the graph; name a view of the data"),
    (model(view=dict(of=['weak'])), "model.views.moved.of: must be a view's name"),
    (model(view=dict(of='week')), "model.views.moved.of: asks for the view 'week', but the data pipeline makes strong"),
    (model(view=dict(of=None)), 'model.views.moved.of: names no view, but the data pipeline makes strong, weak'),
    (named('a view'), "model.views.a view: a view's name must be letters, digits and _"),
    (named('keys'), "model.views.keys: 'keys' is a word of torch; give the view another name, such as 'keys1'"),
    (named('strong'), 'model.views.strong: the data pipeline makes a view of this name; take another name'),
    (NOT_READ, "model.views.moved: no edge looks at it; name it in an edge's views, views=dict(target='moved')"),
    (CHECKPOINTS, 'model.nodes.a.network.backbone.with_cp: must be False'),
    (
        model(edges={'a->b': dict(KL, views=dict(source='weak', target='mover'))}),
        "model.edges['a->b'].views: asks for the view 'mover', but the data pipeline makes strong, weak, and the graph "
        'makes moved; name one of these',
    ),
]  # fmt: skip


@pytest.mark.parametrize(('wrong', 'message'), MISTAKES, ids=[message for _, message in MISTAKES])
def test_mistakes(wrong, message):
    with pytest.raises(ConfigError, match=f'^{re.escape(message)}') as caught:
        check(wrong)
    assert '\n' not in str(caught.value)


def test_a_pipeline_of_one_view_without_a_name():
    loader = dict(dataset=dict(pipeline=[dict(type='PackInputs')]))
    plain = model(view=dict(of=None), looking=None)
    plain['edges'] = {'label->a': CE, 'label->b': CE, 'b->a': dict(KL, views=dict(target='moved'))}
    check(plain, loader)
    plain['views']['moved']['of'] = 'weak'
    with pytest.raises(ConfigError, match=r'^model.views.moved.of: asks for the view .weak., but the data pipeline'):
        check(plain, loader)


def test_a_view_stays_as_long_as_somebody_looks_at_it_and_so_does_who_makes_it():
    # Nobody hears b but through the view.
    assert sorted(GraphConfig(model('b')).reduced(['a'])['nodes']) == ['a', 'b']
    assert sorted(GraphConfig(model('a')).reduced(['a'])['nodes']) == ['a']
    for maker in 'ab':
        before = model(maker)
        kept = copy.deepcopy(before)
        reduced = GraphConfig(before).reduced(['a'])
        assert before == kept and reduced['views'] == before['views']
        check(reduced)
    cut = model()
    cut['edges']['a->a:vat']['gate'] = dict(type='CutoffGate')
    check(cut)  # an edge that is cut off looks at it
    assert 'views' not in GraphConfig(cut).reduced(['a'])


def test_a_node_goes_with_the_views_that_it_makes_and_those_who_look_at_them():
    changed = model('b')
    without_node(changed, 'b')
    assert changed['views'] == {} and sorted(changed['edges']) == ['label->a']
    check(changed)
    changed = model('a')
    without_node(changed, 'b')
    assert list(changed['views']) == ['moved'] and sorted(changed['edges']) == ['a->a:vat', 'label->a']


def test_a_config_of_another_graph_has_no_view_that_nobody_looks_at():
    config = dict(model=model(looking=None), train_cfg={})
    assert 'views' not in without_absent(config, config['model'])['model'] and 'views' in config['model']
    config = dict(model=model(), train_cfg={})
    assert without_absent(config, config['model']) == config


@pytest.mark.parametrize('baseline', [independent, deep_mutual_learning])
def test_baselines_make_no_views(baseline):
    found = baseline(model('b', edges={'b->a': dict(KL, views=dict(source='weak', target='weak'))}))
    assert 'views' not in found
    check(found)
    adversarial = model(looking=None, names='a')
    adversarial['edges'] = {
        'label->a': dict(CE, views=dict(target='moved')),
        'label->a:plain': adversarial['edges']['label->a'],
    }
    found = baseline(adversarial)
    assert {edge['views']['target'] for edge in found['edges'].values()} == {'weak'}
    check(found)


def test_a_teacher_learns_from_images_that_nobody_moves():
    adversarial = model(looking=None, names='a')
    plain = adversarial['edges']['label->a']
    adversarial['edges'] = {'label->a': dict(CE, views=dict(target='moved')), 'label->a:plain': plain}
    assert _label_edge(dict(model=adversarial)) == plain
    del adversarial['edges']['label->a:plain']
    assert _label_edge(dict(model=adversarial)) == plain


def test_who_makes_a_view_has_no_name_in_a_graphs_key():
    keys = {maker: graph_key(model(maker, 'abc'), ['a']) for maker in 'abc'}
    assert keys['b'] == keys['c'] != keys['a']
    assert graph_key(model('b', 'abc', view=dict(eps=2.0)), ['a']) != keys['b']
    without = {key: value for key, value in model(names='abc', looking=None).items() if key != 'views'}
    assert graph_key(without, ['a']) == graph_key(without | dict(views={}), ['a'])


ROTATION = dict(loss=dict(type='Rotation'), views=dict(source='turned', target='turned'))


@pytest.mark.parametrize(
    ('views', 'found'),
    [
        (None, 'turned'),
        (dict(turned=dict(type='AdversarialView', node='net1', eps=1.0)), 'turned'),
        (dict(other=dict(type='RotatedView', node='net1')), 'turned'),
        (dict(turned=dict(type='RotatedView', node='net1')), None),
    ],
)
def test_a_loss_about_views_of_one_type(views, found):
    model = dict(nodes=dict(net1=dict(type='NetworkNode')), edges={'net1->net1': ROTATION}, views=views)
    if found is None:
        check_lookers(GraphConfig(model))
        return
    with pytest.raises(ConfigError) as caught:
        check_lookers(GraphConfig(model))
    assert str(caught.value) == (
        "model.edges['net1->net1'].views: must name a RotatedView of model.views, which Rotation is about, got 'turned'"
    )


def test_a_view_without_gradients_leaves_parts_that_are_computed_again():
    network = dict(type='ImageClassifier', backbone=dict(type='ResNet', with_cp=True))
    nodes = dict(net1=dict(type='NetworkNode', network=network))
    check_made_views(GraphConfig(dict(nodes=nodes, edges={}, views=dict(a=dict(type='RotatedView', node='net1')))))
    adversarial = dict(a=dict(type='AdversarialView', node='net1', eps=1.0))
    with pytest.raises(ConfigError, match='with_cp'):
        check_made_views(GraphConfig(dict(nodes=nodes, edges={}, views=adversarial)))


def mixed_model(**looking):
    """A network that learns mixed images alone, whose labels it guesses itself; or another edge that looks at these."""
    views = dict(mixed=dict(type='MixedView', node='a', of=['weak', 'strong']))
    target = dict(views=dict(target='mixed'))
    edges = {
        'label->a:guessed': dict(target, loss=dict(type='ProbabilityMSE'), samples='unlabeled'),
        'label->a': dict(CE, **target),
    }
    return model(names='ab', looking=None) | dict(views=views, edges=edges | {'label->b': CE | target} | looking)


def test_labels_of_mixed_images():
    assert check(mixed_model()).trained == ['a', 'b']
    plain = model(looking=None) | dict(edges={'label->a': CE | dict(views=dict(target='weak'), samples='unlabeled')})
    mistakes = [
        (
            plain | dict(views={}),
            "model.edges['label->a'].samples: must be 'labeled', got 'unlabeled': the label teaches samples that have "
            'one',
        ),
        (
            mixed_model(**{'b->a': KL | dict(views=dict(source='weak', target='mixed'))}),
            "model.edges['b->a'].views: 'mixed' has images and labels of its own, which the label alone teaches with; "
            "let the edge be 'label->a', or name another view",
        ),
        (
            mixed_model(**{'label->b': dict(CE, views=dict(target='mixed'), gate=dict(type='CorrectGate'))}),
            "model.edges['label->b'].gate: CorrectGate asks for the one true class of a sample, which images of "
            "'mixed' do not have; take another",
        ),
    ]
    for wrong, message in mistakes:
        with pytest.raises(ConfigError) as caught:
            check(wrong)
        assert str(caught.value) == message


def test_a_list_is_for_views_that_are_made_of_several():
    assert sources_of(dict(type='AdversarialView', of=['weak'])) == [['weak']]
    assert sources_of(dict(type='MixedView', of=['weak', 'strong'])) == ['weak', 'strong']
    assert sources_of(dict(type='MixedView', of='weak')) == ['weak'] and sources_of(dict(type='MixedView')) == [None]
    wrong = mixed_model()
    wrong['views']['mixed']['of'] = ['weak', 'week']
    with pytest.raises(ConfigError, match=r"^model\.views\.mixed\.of: asks for the view 'week'"):
        check(wrong)


@pytest.mark.parametrize('baseline', [independent, deep_mutual_learning])
def test_baselines_of_mixed_images_learn_labelled_ones_as_they_are(baseline):
    found = baseline(mixed_model())
    check(found)
    assert found['edges']['label->a'] == CE | dict(views=dict(target='weak'))
    assert all('mixed' not in edge['views'].values() for edge in found['edges'].values())


def test_a_teacher_learns_labelled_images_that_are_not_mixed():
    assert _label_edge(dict(model=mixed_model())) == CE | dict(views=dict(target='weak'))
