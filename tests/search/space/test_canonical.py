"""Values that stand for a graph: the same for all that make it, and of the same graph."""

import random

import pytest
from small_search import GATES, chosen, config, draw

from ktg_mm.errors import UntaughtError
from ktg_mm.search import Candidates
from ktg_mm.search.space.canonical import canonical_values

TEMPERATURES = {'model.edges.[ab]->*.loss.temperature': [1.0, 2.0, 4.0]}


@pytest.fixture(scope='module')
def candidates() -> Candidates:
    return Candidates(config(space={'model.edges.*.gate': GATES, **TEMPERATURES}, sampler=dict(type='TPESampler')))


def canonical(candidates: Candidates, values: dict) -> dict:
    def key_of(values, config):
        return candidates._candidate(values, config).key

    return canonical_values(values, candidates.space, key_of, ['b', 'c'])


def test_random_graphs_keep_their_key(candidates):
    generator, made = random.Random(0), {}
    for _ in range(40):
        values = {one.name: generator.choice(list(one.choices)) for one in candidates.space.parameters}
        try:
            candidate = candidates.make(values)
        except UntaughtError:
            continue
        found = canonical(candidates, values)
        assert candidates.make(found).key == candidate.key
        assert canonical(candidates, found) == found
        assert made.setdefault(candidate.key, found) == found
    assert len(made) > 20


def test_what_nobody_hears_has_its_first_choice(candidates):
    """Nobody hears ``c``; the edge ``b->a`` is cut off."""
    cut = {'model.edges.c->a.gate': 'cutoff', 'model.edges.b->a.gate': 'cutoff'}
    first = dict(candidates.space.firsts)
    values = {**first, **cut, 'model.edges.a->c.gate': 'linear', 'model.edges.b->a.loss.temperature': '4.0'}
    expected = canonical(candidates, {**first, **cut})
    assert canonical(candidates, values) == expected
    assert expected['model.edges.b->a.loss.temperature'] == '1.0'
    assert expected['model.edges.a->c.gate'] == 'through'


def test_exchanged_nodes_are_one_graph(candidates):
    space = {'model.edges.*.gate': GATES}
    plain = Candidates(config(space=space, sampler=dict(type='TPESampler')))
    one, two = chosen(plain, ba='linear', cb='correct'), chosen(plain, ca='linear', bc='correct')
    assert one.key == two.key and one.values != two.values
    assert canonical(plain, one.values) == canonical(plain, two.values)


def test_a_sampler_that_learns_gets_them(candidates):
    for index in range(6):
        candidate = draw(candidates, index)
        assert canonical(candidates, candidate.values) == candidate.values
    at_random = Candidates(config(space={'model.edges.*.gate': GATES, **TEMPERATURES}))
    assert any(canonical(at_random, one.values) != one.values for one in (draw(at_random, i) for i in range(6)))
