"""The search space against enumerations that are written down directly."""

import copy
import itertools
import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from ktg_mm.errors import ConfigError
from ktg_mm.search import SearchSpace

THROUGH, CUTOFF, SINE = dict(type='ThroughGate'), dict(type='CutoffGate'), dict(type='SineGate', frequency=0.5, phase=1)


def base():
    return dict(
        model=dict(
            target='a',
            nodes=dict(
                a=dict(type='NetworkNode'),
                b=dict(type='NetworkNode', network=dict(depth=8)),
                c=dict(type='NetworkNode'),
                ens=dict(type='EnsembleNode', members=['a', 'b', 'c']),
            ),
            edges={
                'label->a': dict(loss=dict(type='CrossEntropy'), gate=copy.deepcopy(SINE)),
                'label->b': dict(loss=dict(type='CrossEntropy')),
                'b->a': dict(loss=dict(type='KLDivergence')),
                'a->b': dict(loss=dict(type='KLDivergence')),
                'b->a:attention': dict(loss=dict(type='AttentionMSE')),
                'c->a': dict(loss=dict(type='KLDivergence')),
            },
        ),
        optimizer=dict(type='SGD', lr=0.1),
        hooks=[dict(type='A', momentum=0.1), dict(type='B', momentum=0.2)],
    )


def drawer(seed=0, **fixed):
    """Draws what is fixed by name, anything else at random."""
    generator = random.Random(seed)

    def ask(name, distribution):
        if name in fixed:
            return fixed[name]
        if isinstance(distribution, CategoricalDistribution):
            return generator.choice(distribution.choices)
        if isinstance(distribution, IntDistribution):
            return generator.randrange(distribution.low, distribution.high + 1, distribution.step)
        return generator.uniform(distribution.low, distribution.high)

    return ask


def names(space):
    return [parameter.name for parameter in SearchSpace(space, base()).parameters]


def draw(space, **fixed):
    return SearchSpace(space, base()).draw(drawer(**{name.replace('__', '.'): value for name, value in fixed.items()}))


@pytest.mark.parametrize(
    ('key', 'ends'),
    [
        ('model.edges.*.gate', ['label->a', 'label->b', 'b->a', 'a->b', 'b->a:attention', 'c->a']),
        ('model.edges.label->*.gate', ['label->a', 'label->b']),
        ('model.edges.[ab]->*.gate', ['b->a', 'a->b', 'b->a:attention']),
        ('model.edges.*:attention.gate', ['b->a:attention']),
        ('model.edges.?->a.gate', ['b->a', 'c->a']),
        ('model.edges.a->b.gate', ['a->b']),
    ],
)
def test_a_star_stands_for_any_name_and_within_one(key, ends):
    assert names({key: ['x', 'y']}) == [f'model.edges.{end}.gate' for end in ends]


def test_a_star_stands_for_places_of_a_list():
    assert names({'hooks.*.momentum': [0.1, 0.2]}) == ['hooks.0.momentum', 'hooks.1.momentum']
    _, config = draw({'hooks.1.momentum': dict(low=0.5, high=0.5)})
    assert config['hooks'] == [dict(type='A', momentum=0.1), dict(type='B', momentum=0.5)]


def test_places_that_one_of_several_nodes_has_not():
    """Only b has a network to look into; a comes first."""
    assert names({'model.nodes.*.network.depth': [8, 14]}) == ['model.nodes.b.network.depth']


@pytest.mark.parametrize('order', list(itertools.permutations(range(3))))
def test_the_most_specific_key_wins(order):
    space = {'model.edges.*.gate': ['one'], 'model.edges.b->*.gate': ['two'], 'model.edges.b->a.gate': ['three']}
    searched = SearchSpace({key: space[key] for key in [list(space)[i] for i in order]}, base())
    found = {parameter.name[12:-5]: list(parameter.choices) for parameter in searched.parameters}
    assert found.pop('b->a') == ['three'] and found.pop('b->a:attention') == ['two']
    assert found == {edge: ['one'] for edge in ('label->a', 'label->b', 'a->b', 'c->a')}


def test_a_choice_replaces_and_does_not_merge():
    values, config = draw({'model.edges.label->a.gate': dict(through=THROUGH)})
    assert values == {'model.edges.label->a.gate': 'through'}
    assert config['model']['edges']['label->a'] == dict(loss=dict(type='CrossEntropy'), gate=THROUGH)
    expected = base()
    expected['model']['edges']['label->a']['gate'] = THROUGH
    assert config == expected


def test_ranges():
    space = SearchSpace(
        {
            'optimizer.lr': dict(low=1e-3, high=1.0, log=True),
            'optimizer.nesterov': dict(low=0.0, high=1.0),
            'optimizer.batch': dict(low=16, high=64, step=16),
            'optimizer.power': dict(low=1, high=1024, log=True),
            'optimizer.decay': dict(low=0, high=0.5, step=0.25),
        },
        base(),
    )
    assert {parameter.path[1]: parameter.distribution for parameter in space.parameters} == dict(
        lr=FloatDistribution(1e-3, 1.0, log=True),
        nesterov=FloatDistribution(0.0, 1.0),
        batch=IntDistribution(16, 64, step=16),
        power=IntDistribution(1, 1024, log=True),
        decay=FloatDistribution(0.0, 0.5, step=0.25),
    )
    values, config = space.draw(drawer(seed=1))
    assert config['optimizer'] == dict(type='SGD', **{name.split('.')[1]: value for name, value in values.items()})
    assert space.size() == math.inf


def test_sizes_of_ranges_and_lists():
    space = {
        'optimizer.batch': dict(low=16, high=64, step=16),  # 16, 32, 48, 64
        'optimizer.decay': dict(low=0, high=0.5, step=0.25),  # 0, 0.25, 0.5
        'optimizer.lr': [0.1, 0.2, '0.2 at first'],
        'optimizer.fixed': dict(low=0.5, high=0.5),
    }
    assert SearchSpace(space, base()).size() == 4 * 3 * 3


def test_a_list_of_plain_choices_keeps_their_type():
    for name, value in {'8': 8, 'None': None, 'True': True, 'x': 'x'}.items():
        _, config = draw({'optimizer.entry': [8, None, True, 'x']}, optimizer__entry=name)
        assert config['optimizer'].get('entry') == value
        assert ('entry' in config['optimizer']) == (value is not None)


def test_none_removes_a_node_with_its_edges_and_its_place_in_ensembles():
    space = {'model.nodes.b': dict(keep=dict(type='NetworkNode'), gone=None), 'model.edges.*.gate': dict(x=THROUGH)}
    values, config = draw(space, model__nodes__b='gone')
    assert sorted(config['model']['nodes']) == ['a', 'c', 'ens']
    assert config['model']['nodes']['ens']['members'] == ['a', 'c']
    assert sorted(config['model']['edges']) == ['c->a', 'label->a']
    assert sorted(values) == ['model.edges.c->a.gate', 'model.edges.label->a.gate', 'model.nodes.b']
    values, config = draw(space, model__nodes__b='keep')
    assert len(values) == 7 and config['model']['nodes']['ens']['members'] == ['a', 'b', 'c']


def test_a_choice_of_members_does_not_bring_a_removed_node_back():
    space = {
        'model.nodes.b': dict(keep=dict(type='NetworkNode'), gone=None),
        'model.nodes.ens.members': dict(two=['a', 'b'], typo=['a', 'd']),
    }
    for choice, members in (('two', ['a']), ('typo', ['a', 'd'])):  # what was never there stays a mistake
        _, config = draw(space, model__nodes__b='gone', model__nodes__ens__members=choice)
        assert config['model']['nodes']['ens']['members'] == members


def test_none_removes_an_edge_and_what_would_be_drawn_of_it():
    space = {'model.edges.c->a': dict(keep=dict(loss=1), gone=None), 'model.edges.*.gate': dict(x=THROUGH, y=CUTOFF)}
    values, config = draw(space, **{'model__edges__c->a': 'gone'})
    assert 'c->a' not in config['model']['edges'] and 'model.edges.c->a.gate' not in values
    assert SearchSpace(space, base()).size() == 2**5 * (1 + 2)


def test_a_choice_may_bring_places_of_its_own():
    space = {
        'model.edges.*.gate': dict(sine=SINE, through=None),
        'model.edges.*.gate.frequency': [0.0, 0.5, 1.0],
    }
    searched = SearchSpace(space, base())
    assert searched.size() == (3 + 1) ** 6
    values, config = searched.draw(
        drawer(**{f'model.edges.{edge}.gate': 'sine' for edge in base()['model']['edges']}, seed=3)
    )
    for key, edge in config['model']['edges'].items():
        drawn = float(values[f'model.edges.{key}.gate.frequency'])
        assert edge['gate'] == dict(SINE, frequency=drawn)
    values, config = searched.draw(
        drawer(**{f'model.edges.{edge}.gate': 'through' for edge in base()['model']['edges']})
    )
    assert len(values) == 6 and not any('gate' in edge for edge in config['model']['edges'].values())


def test_a_condition_is_about_the_same_edge():
    space = {
        'model.edges.*.gate': dict(through=THROUGH, cutoff=CUTOFF),
        'model.edges.?->*.loss': dict(
            choices=dict(kl=dict(type='KLDivergence'), mse=dict(type='AttentionMSE')),
            when={'model.edges.*.gate': 'through'},
        ),
    }
    values, config = draw(space, **{'model__edges__b->a__gate': 'cutoff', 'model__edges__a->b__gate': 'through'})
    assert 'model.edges.b->a.loss' not in values and 'model.edges.a->b.loss' in values
    assert config['model']['edges']['b->a']['loss'] == base()['model']['edges']['b->a']['loss']
    assert SearchSpace(space, base()).size() == 2**2 * (1 + 2) ** 4


def test_a_condition_on_a_parameter_that_is_not_drawn_does_not_hold():
    space = {
        'optimizer.a': ['x', 'y'],
        'optimizer.b': dict(choices=['x', 'y'], when={'optimizer.a': ['x']}),
        'optimizer.c': dict(low=1, high=5, when={'optimizer.b': ['x', 'y']}),
    }
    assert list(draw(space, optimizer__a='y')[0]) == ['optimizer.a']
    assert list(draw(space, optimizer__a='x')[0]) == ['optimizer.a', 'optimizer.b', 'optimizer.c']
    assert SearchSpace(space, base()).size() == 1 + 2 * 5


def test_what_decides_comes_first():
    """The condition of a shallow path hangs on a deep one, which hangs on the shallow one above it."""
    space = {
        'optimizer': dict(choices=dict(a=dict(type='A'), b=dict(type='B')), when={'model.edges.b->a.gate': 'through'}),
        'model.edges.b->a': dict(there=dict(loss=dict(type='KLDivergence')), gone=None),
        'model.edges.b->a.gate': dict(through=THROUGH, cutoff=CUTOFF),
        'model.nodes.b': dict(there=dict(type='NetworkNode'), gone=None),
    }
    order = ['model.nodes.b', 'model.edges.b->a', 'model.edges.b->a.gate', 'optimizer']
    assert names(space) == order
    assert list(draw(space, model__nodes__b='gone')[0]) == order[:1]
    assert list(draw(space, model__nodes__b='there', **{'model__edges__b->a': 'gone'})[0]) == order[:2]
    assert SearchSpace(space, base()).size() == 1 + 1 + 1 + 2


def test_choices_of_the_same_draw_share_nothing():
    _, config = draw({'model.edges.*.gate': dict(sine=SINE)})
    config['model']['edges']['b->a']['gate']['frequency'] = 9
    assert config['model']['edges']['a->b']['gate'] == SINE and SINE['frequency'] == 0.5


@st.composite
def small_spaces(draw_):
    """A config of two to four nodes, and a space in which nodes and edges may go and entries hang on others."""
    count = draw_(st.integers(2, 4))
    nodes = 'abcd'[:count]
    pairs = [f'{source}->{target}' for source in ('label', *nodes) for target in nodes if source != target]
    edges = draw_(st.lists(st.sampled_from(pairs), unique=True, max_size=4))
    config = dict(
        model=dict(
            nodes={name: {} for name in nodes} | dict(ens=dict(members=list(nodes))), edges={key: {} for key in edges}
        ),
        lr=1,
    )
    space = {}
    for name in draw_(st.lists(st.sampled_from(nodes[1:]), unique=True)):
        space[f'model.nodes.{name}'] = dict(small={}, large={}, none=None)
    for key in edges:
        if draw_(st.booleans()):
            space[f'model.edges.{key}'] = dict(there={}, none=None)
        if draw_(st.booleans()):
            space[f'model.edges.{key}.gate'] = dict(open=1, cut=2, slow=3)
            if draw_(st.booleans()):
                kept = draw_(st.lists(st.sampled_from(['open', 'cut', 'slow']), unique=True, min_size=1))
                entry = dict(choices=['p', 'q']) if draw_(st.booleans()) else dict(low=1, high=3)
                space[f'model.edges.{key}.loss'] = entry | dict(when={f'model.edges.{key}.gate': kept})
    if draw_(st.booleans()):
        space['lr'] = dict(low=1, high=2)
        if edges and f'model.edges.{edges[0]}.gate' in space:
            space['lr'] |= dict(when={f'model.edges.{edges[0]}.gate': ['slow']})
    space = space or {'lr': dict(low=1, high=2)}
    return config, {key: space[key] for key in draw_(st.permutations(list(space)))}


def options(entry):
    if 'low' in entry:
        return list(range(entry['low'], entry['high'] + 1))
    return list(entry.get('choices', entry))


def distinct_draws(space):
    """Every full assignment, without what it makes pointless, by rules of its own."""
    found = set()
    for drawn in itertools.product(*map(options, space.values())):
        full = dict(zip(space, drawn, strict=True))
        gone = {key[12:] for key, value in full.items() if key.startswith('model.nodes.') and value == 'none'}

        def matters(key, full=full, gone=gone):
            conditions = space[key].get('when', {}) if isinstance(space[key], dict) else {}
            if not all(matters(other) and full[other] in wanted for other, wanted in conditions.items()):
                return False
            if key.startswith('model.edges.'):
                edge, _, entry = key[12:].partition('.')
                if gone & set(edge.split('->')):
                    return False
                if entry and full.get(f'model.edges.{edge}') == 'none':
                    return False
            return True

        found.add(frozenset((key, value) for key, value in full.items() if matters(key)))
    return found


@settings(max_examples=100, deadline=None)
@given(small_spaces(), st.integers(0, 10**6))
def test_size_and_draws_are_those_of_brute_force(config_and_space, seed):
    config, space = config_and_space
    untouched = copy.deepcopy(config)
    searched = SearchSpace(space, config)
    expected = distinct_draws(space)
    assert searched.size() == len(expected)
    for i in range(5):
        values, drawn = searched.draw(drawer(seed=seed + i))
        assert frozenset(values.items()) in expected
        assert searched.apply(values) == drawn
        kept = [name for name in 'abcd' if name in config['model']['nodes'] and name in drawn['model']['nodes']]
        assert drawn['model']['nodes']['ens']['members'] == kept
        ends = {end for key in drawn['model']['edges'] for end in key.split('->')}
        assert ends <= {'label', *kept}
    assert config == untouched


@settings(max_examples=60, deadline=None)
@given(small_spaces(), st.booleans())
def test_examples_have_the_one_choice(config_and_space, fill):
    config, space = config_and_space
    searched = SearchSpace(space, config)
    for parameter in searched.parameters:
        for name in parameter.choices or [parameter.distribution.low, parameter.distribution.high]:
            example = searched.example(parameter, name, fill=fill)
            here = example
            for step in parameter.path[:-1]:
                here = here[step]
            deeper = any(
                other is not parameter and other.path[: len(parameter.path)] == parameter.path
                for other in searched.parameters
            )
            assert here.get(parameter.path[-1]) == parameter.value(name) or deeper
            assert (parameter.path[-1] in here) == (parameter.value(name) is not None)


def test_which_nodes_there_are_may_itself_be_a_choice():
    space = {
        'model.nodes': dict(two=dict(a={}, b={}), all=base()['model']['nodes']),
        'model.edges.*.gate': ['x', 'y'],
    }
    assert SearchSpace(space, base()).size() == 2**5 + 2**6


def test_many_removable_nodes_are_counted_quickly():
    nodes = {f'net{i}': {} for i in range(1, 5)}
    edges = {f'{source}->{target}': {} for source in ('label', *nodes) for target in nodes if source != target}
    space = {'model.nodes.net[234]': dict(x={}, y={}, none=None), 'model.edges.*.gate': ['p', 'q', 'r', 's']}
    expected = sum(math.comb(3, kept) * 2**kept * 4 ** ((kept + 1) ** 2) for kept in range(4))
    assert SearchSpace(space, dict(model=dict(nodes=nodes, edges=edges))).size() == expected


def test_values_of_another_space():
    space = SearchSpace({'optimizer.lr': [1, 2], 'optimizer.decay': [1, 2]}, base())
    with pytest.raises(ConfigError) as caught:
        space.apply({'optimizer.lr': '1'})
    assert str(caught.value) == "search.space: the trial has no value for 'optimizer.decay'; it is of another space"


GATES = {'model.edges.*.gate': dict(through=THROUGH, cutoff=CUTOFF)}
KEY = 'model.edges.*.gate'
MISTAKES = {
    'no dict': ([1], 'search.space: must be a dict of at least one path of the config and its choices'),
    'none': (None, 'search.space: must be a dict of at least one path of the config and its choices'),
    'empty': ({}, 'search.space: must be a dict of at least one path of the config and its choices'),
    'no path': ({3: ['x']}, 'search.space: a key must be a path such as "model.edges.*.gate", got 3'),
    'beginning': (
        {'modle.edges.*.gate': ['x']},
        "search.space['modle.edges.*.gate']: 'modle' is not in the config; did you mean 'model'?",
    ),
    'middle': (
        {'model.edgs.*.gate': ['x']},
        "search.space['model.edgs.*.gate']: 'model.edgs' is not in the config; did you mean 'edges'?",
    ),
    'node': (
        {'model.nodes.d.network': ['x']},
        "search.space['model.nodes.d.network']: 'model.nodes.d' is not in the config; known: a, b, c, ens",
    ),
    'whole path': ({'lr': ['x']}, "search.space['lr']: 'lr' is not in the config; known: hooks, model, optimizer"),
    'star': (
        {'model.edges.lable->*.gate': ['x']},
        "search.space['model.edges.lable->*.gate']: 'model.edges.lable->*' is not in the config; "
        "did you mean 'label->b'?",
    ),
    'below a number': (
        {'optimizer.lr.value': ['x']},
        "search.space['optimizer.lr.value']: 'optimizer.lr' has no entries, in the config or by any choice",
    ),
    'below no choice': (
        {**GATES, 'model.edges.c->a.gate.sine.phase': [1]},
        "search.space['model.edges.c->a.gate.sine.phase']: 'model.edges.c->a.gate.sine' has no entries, in the config "
        'or by any choice',
    ),
    'place of a list': (
        {'hooks.2.momentum': [1]},
        "search.space['hooks.2.momentum']: 'hooks.2' is not in the config; known: 0, 1",
    ),
    'end of a list': ({'hooks.2': [1]}, "search.space['hooks.2']: 'hooks' has no place '2'; known: 0, 1"),
    'none in a list': (
        {'hooks.0': dict(off=None, on=1)},
        "search.space['hooks.0']: None cannot remove a place of a list; give whole lists to choose",
    ),
    'no choices': ({KEY: {}}, f"search.space['{KEY}']: there is nothing to choose from; give at least one choice"),
    'empty list': ({KEY: []}, f"search.space['{KEY}']: there is nothing to choose from; give at least one choice"),
    'empty with condition': (
        {KEY: dict(choices=[], when={})},
        f"search.space['{KEY}']: there is nothing to choose from; give at least one choice",
    ),
    'one value': (
        {KEY: 'x'},
        f"search.space['{KEY}']: must be a dict of choices, a list, or dict(low=..., high=...), got 'x'",
    ),
    'number as name': ({KEY: {1: 'x'}}, f"search.space['{KEY}']: a choice's name must be a string, got 1"),
    'same text': (
        {KEY: [1, '1']},
        f"search.space['{KEY}']: two choices of the list read the same; give them names: dict(name=choice, ...)",
    ),
    'low above high': (
        {'optimizer.lr': dict(low=2, high=1)},
        "search.space['optimizer.lr']: is no range: ",
    ),
    'log from zero': (
        {'optimizer.lr': dict(low=0.0, high=1.0, log=True)},
        "search.space['optimizer.lr']: is no range: ",
    ),
    'no number': ({'optimizer.lr': dict(low='a', high=1)}, "search.space['optimizer.lr']: is no range: "),
    'number as text': (
        {'optimizer.lr': dict(low='0.1', high=1)},
        "search.space['optimizer.lr']: is no range: low must be a finite number, got '0.1'",
    ),
    'endless range': (
        {'optimizer.lr': dict(low=0.1, high=float('inf'))},
        "search.space['optimizer.lr']: is no range: high must be a finite number, got inf",
    ),
    'truth as number': (
        {'optimizer.lr': dict(low=False, high=True)},
        "search.space['optimizer.lr']: is no range: low must be a finite number, got False",
    ),
    'log as text': (
        {'optimizer.lr': dict(low=0.1, high=1.0, log='yes')},
        "search.space['optimizer.lr']: is no range: log must be True or False, got 'yes'",
    ),
    'step beyond the range': (
        {'optimizer.lr': dict(low=0.1, high=1.0, step=2.0)},
        "search.space['optimizer.lr']: is no range: step 2.0 is larger than the range itself",
    ),
    'min and max': (
        {'optimizer.lr': dict(min=0.1, max=1.0)},
        "search.space['optimizer.lr']: has max, min, but neither choices nor both low and high; "
        'choices=dict(...) takes choices of such names',
    ),
    'values': (
        {'optimizer.lr': dict(values=[0.1, 1.0])},
        "search.space['optimizer.lr']: has values, but neither choices nor both low and high; "
        'choices=dict(...) takes choices of such names',
    ),
    'conditional on itself': (
        {'optimizer.lr': dict(choices=[0.1, 0.2], when={'optimizer.lr': '0.1'})},
        "search.space['optimizer.lr'].when: 'optimizer.lr' is conditional on itself; name another parameter",
    ),
    'condition without choices': (
        {'optimizer.lr': dict(choices=[0.1, 0.2], when={'optimizer.x': []})},
        "search.space['optimizer.lr'].when: must be a dict of a path and names of its choices, got {'optimizer.x': []}",
    ),
    'step': (
        {'optimizer.lr': dict(low=1, high=2, step=0)},
        "search.space['optimizer.lr']: is no range: step must be above 0, got 0",
    ),
    'entry of a range': (
        {'optimizer.lr': dict(low=1, high=2, lgo=True)},
        "search.space['optimizer.lr']: unknown entry 'lgo' beside low and high; did you mean 'low'?",
    ),
    'half a range': (
        {'optimizer.lr': dict(low=1, log=True)},
        "search.space['optimizer.lr']: has log, low, but neither choices nor both low and high",
    ),
    'entry beside choices': (
        {KEY: dict(choices=['x'], wehn={})},
        f"search.space['{KEY}']: unknown entry 'wehn' beside choices; did you mean 'when'?",
    ),
    'condition': (
        {**GATES, 'optimizer.lr': dict(low=1, high=2, when=['x'])},
        "search.space['optimizer.lr'].when: must be a dict of a path and names of its choices, got ['x']",
    ),
    'condition on nothing': (
        {**GATES, 'optimizer.lr': dict(low=1, high=2, when={'optimizer.lrr': 'x'})},
        "search.space['optimizer.lr'].when: 'optimizer.lrr' is no parameter of the space; did you mean 'optimizer.lr'?",
    ),
    'condition on no choice': (
        {**GATES, 'model.edges.*.weight': dict(low=1, high=2, when={KEY: 'trough'})},
        "search.space['model.edges.*.weight'].when: 'model.edges.label->a.gate' has no choice 'trough'; "
        "did you mean 'through'?",
    ),
    'condition on a range': (
        {'optimizer.lr': dict(low=1, high=2), 'optimizer.x': dict(choices=['x'], when={'optimizer.lr': 1})},
        "search.space['optimizer.x'].when: 'optimizer.lr' is a range; a condition needs a parameter with choices",
    ),
    'condition with more stars': (
        {**GATES, 'optimizer.lr': dict(low=1, high=2, when={KEY: 'through'})},
        f"search.space['optimizer.lr'].when: '{KEY}' has more * than the key itself",
    ),
    'cycle': (
        {
            'optimizer.a': dict(choices=['x'], when={'optimizer.b': 'x'}),
            'optimizer.b': dict(choices=['x'], when={'optimizer.c': 'x'}),
            'optimizer.c': dict(choices=['x'], when={'optimizer.a': 'x'}),
        },
        "search.space['optimizer.a'].when: the conditions form a cycle: "
        'optimizer.a <- optimizer.b <- optimizer.c <- optimizer.a',
    ),
    'equally specific': (
        {'model.edges.b->*.gate': ['x'], 'model.edges.*->a.gate': ['x']},
        "search.space['model.edges.*->a.gate']: fits 'model.edges.b->a.gate' as 'model.edges.b->*.gate' does, and "
        'neither is narrower; give that path a key of its own',
    ),
}


@pytest.mark.parametrize('case', MISTAKES)
def test_mistakes(case):
    space, message = MISTAKES[case]
    with pytest.raises(ConfigError) as caught:
        SearchSpace(space, base())
    found = str(caught.value)
    assert '\n' not in found
    assert found.startswith(message) if message.endswith(': ') else found == message
    assert len(found) > len(message) - 1


def test_equally_specific_keys_are_no_mistake_where_a_third_decides():
    space = {'model.edges.b->*.gate': ['x'], 'model.edges.?->a.gate': ['y'], 'model.edges.b->a.gate': ['z']}
    searched = SearchSpace(space, base() | dict(model=dict(nodes={}, edges={'b->a': {}, 'b->c': {}, 'c->a': {}})))
    assert {parameter.name[12:-5]: list(parameter.choices) for parameter in searched.parameters} == {
        'b->a': ['z'],
        'b->c': ['x'],
        'c->a': ['y'],
    }


def test_paths_that_one_choice_sets():
    key = 'model.nodes.b.share,model.nodes.c.share'
    name = 'model.nodes.b.share, model.nodes.c.share'
    one = dict(node='a')
    space = SearchSpace(
        {key: dict(none=None, one=one), 'optimizer.lr': dict(choices=[1, 2], when={name: 'one'})}, base()
    )
    assert [parameter.name for parameter in space.parameters] == [name, name, 'optimizer.lr']
    assert set(space.description()) == {name, 'optimizer.lr'}
    values, config = space.draw(drawer(**{name: 'one', 'optimizer.lr': '2'}))
    assert values == {name: 'one', 'optimizer.lr': '2'} and config['optimizer']['lr'] == 2
    nodes = config['model']['nodes']
    assert nodes['b']['share'] == nodes['c']['share'] == one and 'share' not in nodes['a']
    assert nodes['b']['share'] is not nodes['c']['share']
    assert all('share' not in node for node in space.apply({name: 'none'})['model']['nodes'].values())
    assert space.size() == 1 + 2
    with pytest.raises(ConfigError, match=r'has no value for .model\.nodes\.b\.share, model\.nodes\.c\.share'):
        space.apply({})


def test_paths_of_one_choice_some_of_which_are_not_there():
    """The choice is drawn for those that are; a node that goes takes its own along."""
    space = SearchSpace(
        {
            'model.nodes.b': dict(stays=dict(type='NetworkNode'), goes=None),
            'model.nodes.b.share, model.nodes.c.share, model.edges.b->a.gate': ['x', 'y'],
            'model.edges.c->a.gate, model.edges.label->?.gate': dict(low=1, high=3),
        },
        base(),
    )
    assert space.size() == 2 * 2 * 3
    seen = set()
    for goes, choice, number in itertools.product(['stays', 'goes'], 'xy', [1, 2, 3]):
        shared, gates = (names for names in dict.fromkeys(p.name for p in space.parameters) if ',' in names)
        values, config = space.draw(drawer(**{'model.nodes.b': goes, shared: choice, gates: number}))
        model = config['model']
        assert values == {'model.nodes.b': goes, shared: choice, gates: number}
        assert model['nodes']['c']['share'] == choice and model['edges']['label->a']['gate'] == number
        assert ('b' in model['nodes'], 'label->b' in model['edges']) == (goes == 'stays',) * 2
        seen.add(repr(config))
    assert len(seen) == space.size()


def test_paths_of_one_choice_have_no_condition_of_their_own():
    with pytest.raises(ConfigError, match='has more \\* than the key itself'):
        SearchSpace({**GATES, f'{KEY}, optimizer.lr': dict(choices=['x'], when={'model.edges.*.gate': 'x'})}, base())
