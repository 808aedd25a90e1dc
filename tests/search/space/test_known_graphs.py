"""Graphs that are known by a name, or given as a config, as values of a space."""

import copy
import re
from typing import Any

import pytest
from small_search import GATES, NETWORK, config

from ktg_mm.errors import ConfigError
from ktg_mm.search.space.known_graphs import NAMES, fitting_values, named_graphs
from ktg_mm.search.space.space import SearchSpace

KL, CE, MSE = dict(type='KLDivergence'), dict(type='CrossEntropy'), dict(type='ProbabilityMSE')
TEMPERATURES = {'model.edges.?->?.loss.temperature': [1.0, 2.0, 4.0]}
ALL_GATES = {'model.edges.*.gate': GATES}
WIDE = dict(NETWORK, head=dict(type='LinearClsHead'))


def space_of(space: dict[str, Any] | None = None, names: str = 'abc', **options: Any) -> SearchSpace:
    """The space of a small search."""
    cfg = config(names, space=space or ALL_GATES, **options).to_dict()
    return SearchSpace(cfg.pop('search')['space'], cfg)


def gates_of(values: dict[str, Any], space: SearchSpace) -> dict[str, str]:
    """The gate of each edge of the graph that values make, as the space calls it."""
    edges = space.apply(values)['model']['edges']
    return {key.replace('label', ''): edge.get('gate', GATES['through'])['type'][:-4] for key, edge in edges.items()}


@pytest.mark.parametrize(
    ('name', 'between'),
    [
        ('independent', lambda source, target: 'Cutoff'),
        ('dml', lambda source, target: 'Through'),
        ('kd', lambda source, target: 'Through' if target == 'a' else 'Cutoff'),
        ('correct', lambda source, target: 'Correct'),
    ],
)
def test_names(name: str, between: Any) -> None:
    space = space_of()
    graphs = named_graphs(name, space)
    assert list(graphs) == [name]
    expected = {f'->{node}': 'Through' for node in 'abc'}
    expected |= {f'{s}->{t}': between(s, t) for s in 'abc' for t in 'abc' if s != t}
    assert gates_of(graphs[name], space) == expected


def test_the_target_of_one_way_distillation_is_the_configs() -> None:
    space = space_of(model=dict(target='c'))
    gates = gates_of(named_graphs('kd', space)['kd'], space)
    assert [key for key, gate in gates.items() if gate == 'Through' and key[0] != '-'] == ['a->c', 'b->c']


@pytest.mark.parametrize('name', NAMES)
def test_temperatures(name: str) -> None:
    space = space_of({**ALL_GATES, **TEMPERATURES})
    graphs = named_graphs(name, space)
    if name == 'independent':
        assert list(graphs) == [name]
        return
    assert list(graphs) == [f'{name}_temperature_{number}' for number in (1, 2, 4)]
    for number in (1, 2, 4):
        edges = space.apply(graphs[f'{name}_temperature_{number}'])['model']['edges']
        assert {edge['loss'].get('temperature') for key, edge in edges.items() if 'label' not in key} == {number}
    one = f'{name}_temperature_4'
    assert named_graphs(one, space) == {one: graphs[one]}


def test_a_temperature_is_a_losss_of_an_edge_and_a_number() -> None:
    elsewhere = {**ALL_GATES, 'temperature': [1.0, 2.0]}
    space = space_of(elsewhere, whole=dict(temperature=2.0))
    assert named_graphs('dml', space)['dml']['temperature'] == '2.0'
    unsaid = {**ALL_GATES, 'model.edges.?->?.loss.temperature': dict(unsaid=None, hot=4.0)}
    assert list(named_graphs('dml', space_of(unsaid))) == ['dml_temperature_4']


def test_what_else_is_searched_is_as_in_the_base() -> None:
    space = space_of(
        {
            'model.nodes.?.network': dict(wide=WIDE, small=NETWORK),
            'model.edges.?->?.loss': dict(mse=MSE, kl=KL),
            'lr': dict(low=0.01, high=0.2),
            'steps': dict(low=2, high=8, step=3),
            'far': dict(low=1, high=4),
            'decay': [0.1, 0.2],
        },
        whole=dict(lr=0.1, steps=4, far=9, decay=0.3),
        model=dict(nodes=dict(b=dict(type='NetworkNode', network=WIDE))),
    )
    values = named_graphs('dml', space)['dml']
    assert {values[f'model.nodes.{name}.network'] for name in 'abc'} == {'small'}  # the target's
    assert values['model.edges.b->a.loss'] == 'kl'
    assert (values['lr'], values['steps'], values['far'], values['decay']) == (0.1, 2, 1, '0.1')


def test_whole_edges() -> None:
    """The losses of mutual learning come before others, and an edge's own gate before those."""
    edges = dict(mse=dict(loss=MSE), kl=dict(loss=KL), cut=dict(loss=KL, gate=GATES['cutoff']))
    own = space_of({'model.edges.?->?': edges})
    assert set(named_graphs('dml', own)['dml'].values()) == {'kl'}
    assert set(named_graphs('independent', own)['independent'].values()) == {'cut'}
    kd = named_graphs('kd', own)['kd']
    assert [key for key, choice in kd.items() if choice == 'kl'] == ['model.edges.b->a', 'model.edges.c->a']
    none = space_of({'model.edges.?->?': dict(kl=dict(loss=KL), none=None)})
    assert set(named_graphs('independent', none)['independent'].values()) == {'none'}
    both = space_of({'model.edges.?->?': dict(mse=dict(loss=MSE), kl=dict(loss=KL)), **ALL_GATES})
    for name, gate in (('dml', 'through'), ('independent', 'cutoff'), ('correct', 'correct')):
        values = named_graphs(name, both)[name]
        assert values['model.edges.b->a'] == 'kl' and values['model.edges.b->a.gate'] == gate


@pytest.mark.parametrize(
    ('name', 'space', 'message'),
    [
        ('dmll', ALL_GATES, "'dmll' is neither the name of a known graph nor a config; did you mean 'dml'?"),
        ('dml_temperature_2', ALL_GATES, "'dml_temperature_2' is not in the space; it has: dml"),
        (
            'dml_temperature_3',
            {**ALL_GATES, **TEMPERATURES},
            "'dml_temperature_3' is not in the space; it has: dml_temperature_1, dml_temperature_2, dml_temperature_4",
        ),
        (
            'correct',
            {'model.edges.*.gate': {name: GATES[name] for name in ('through', 'cutoff')}},
            "'correct' is not in the space: model.edges.a->b.gate has no choice for it",
        ),
        (
            'independent',
            {'model.edges.b->a.gate': GATES},
            "'independent' is not in the space: the gate of a->b is not searched",
        ),
        (
            'independent',
            {'model.edges.?->?': dict(kl=dict(loss=KL))},
            "'independent' is not in the space: the gate of a->b is not searched",
        ),
    ],
)
def test_names_that_are_not_in_the_space(name: str, space: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=f'^{re.escape(f"search.enqueue: {message}")}$'):
        named_graphs(name, space_of(space))


def given(space: SearchSpace, **edges: Any) -> dict[str, Any]:
    """The base's config with other edges, by their ends; None removes one."""
    whole = copy.deepcopy(space.base)
    for ends, edge in edges.items():
        key = f'{"label" if len(ends) == 1 else ends[0]}->{ends[-1]}'
        whole['model']['edges'].pop(key)
        if edge is not None:
            whole['model']['edges'][key] = edge
    return whole


def test_a_config_has_the_values_that_make_it() -> None:
    space = space_of({**ALL_GATES, **TEMPERATURES, 'lr': dict(low=0.0, high=1.0)}, whole=dict(lr=0.1))
    hot = dict(loss=dict(KL, temperature=4.0), gate=GATES['linear'])
    whole = dict(given(space, ba=hot, ca=None), lr=0.5)
    values, filled = fitting_values('mine.py', whole, space)
    expected = {parameter.name: 'through' for parameter in space.parameters if parameter.path[-1] == 'gate'}
    expected |= {parameter.name: '1.0' for parameter in space.parameters if parameter.path[-1] == 'temperature'}
    expected |= {
        'model.edges.b->a.gate': 'linear',
        'model.edges.b->a.loss.temperature': '4.0',
        'model.edges.c->a.gate': 'cutoff',  # as good as no edge
        'lr': 0.5,
    }
    assert values == expected
    edges = filled['model']['edges']
    assert edges['a->b'] == dict(loss=dict(KL, temperature=1.0), gate=GATES['through'])  # the defaults are said
    assert edges['b->a'] == hot and 'c->a' not in edges
    assert 'gate' not in whole['model']['edges']['a->b']  # which stays as it was


def test_a_config_without_a_node() -> None:
    """That nobody hears, as whatever it is would change nothing."""
    space = space_of({**ALL_GATES, 'model.nodes.?.network': dict(small=NETWORK, wide=WIDE)})
    whole = given(space, c=None, ca=None, cb=None, ac=None, bc=None)
    whole['model']['nodes'].pop('c')
    values, filled = fitting_values('mine.py', whole, space)
    assert {values[f'model.edges.{key}.gate'] for key in ('c->a', 'c->b', 'label->c')} == {'cutoff'}
    assert list(filled['model']['nodes']) == ['a', 'b']


def test_lists_are_tuples() -> None:
    space = space_of({'milestones': [[1, 2], [3, 4]]}, whole=dict(milestones=[1, 2]))
    values, _ = fitting_values('mine.py', dict(space.base, milestones=(3, 4)), space)
    assert space.apply(values)['milestones'] == [3, 4]


@pytest.mark.parametrize(
    ('space', 'change', 'message'),
    [
        (
            ALL_GATES,
            dict(ba=dict(loss=KL, gate=dict(type='SineGate'))),
            "model.edges.b->a.gate is {'type': 'SineGate'} there",
        ),
        (TEMPERATURES, dict(ba=dict(loss=dict(KL, temperature=3.0))), 'model.edges.b->a.loss.temperature is 3.0 there'),
        (TEMPERATURES, dict(ba=dict(loss=MSE)), 'model.edges.b->a.loss.temperature is None there'),
        (
            {'model.edges.*.gate': dict(through=GATES['through'], linear=GATES['linear'])},
            dict(ba=None),
            'model.edges.b->a.gate is None there',
        ),
        ({'lr': dict(low=0.01, high=0.2)}, dict(lr=0.3), 'lr is 0.3 there'),
        ({'lr': dict(low=0.01, high=0.2)}, dict(lr='fast'), "lr is 'fast' there"),
        ({'lr': dict(low=0.1, high=0.5, step=0.2)}, dict(lr=0.2), 'lr is 0.2 there'),
        ({'lr': dict(low=1, high=5)}, dict(lr=2.5), 'lr is 2.5 there'),
        ({'lr': dict(low=0, high=5)}, dict(lr=True), 'lr is True there'),
        ({'lr': [0.1, 0.2]}, dict(lr=0.3), 'lr is 0.3 there'),
    ],
)
def test_a_config_outside_the_space(space: dict[str, Any], change: dict[str, Any], message: str) -> None:
    found = space_of(space, whole=dict(lr=0.1))
    whole = dict(given(found, **{ends: edge for ends, edge in change.items() if ends != 'lr'}))
    whole |= {key: value for key, value in change.items() if key == 'lr'}
    message = f'search.enqueue: mine.py is outside the space: {message}'
    with pytest.raises(ConfigError, match=f'^{re.escape(message)}$'):
        fitting_values('mine.py', whole, found)


def test_a_number_on_the_steps_of_a_range() -> None:
    space = space_of({'lr': dict(low=0.1, high=0.7, step=0.2)}, whole=dict(lr=0.1))
    assert fitting_values('mine.py', dict(space.base, lr=0.7), space)[0] == dict(lr=0.7)


def test_the_losses_of_mutual_learning() -> None:
    """Where the base has another loss, and the space both."""
    repels = {key: dict(loss=MSE) for key in ('a->b', 'b->a')}
    losses = {'model.edges.?->?.loss': dict(mse=MSE, standardized=dict(KL, standardize=True), kl=KL)}
    space = space_of({**ALL_GATES, **losses}, 'ab', model=dict(edges=repels))
    for name in ('dml', 'correct'):
        edges = space.apply(named_graphs(name, space)[name])['model']['edges']
        assert all(edge['loss'] == KL for key, edge in edges.items() if 'label' not in key)
    space = space_of(ALL_GATES, 'ab', model=dict(edges=repels))
    with pytest.raises(ConfigError, match=r"'dml' is not in the space: the loss of .->. is not KLDivergence"):
        named_graphs('dml', space)
    assert list(named_graphs('independent', space)) == ['independent']
