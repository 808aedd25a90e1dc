import ast
import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mmengine.config import Config

from ktg_mm.config.config_text import Reference, difference, write_value

NAMES = st.sampled_from(['a', 'b', 'net1', 'x1'])
PLAIN = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.floats(-1e3, 1e3), st.text('ab\'"\\\n', max_size=40))
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.one_of(NAMES, st.sampled_from(['a->b', 'class', 'label->net1:x'])), inner, max_size=4),
    ),
    max_leaves=20,
)
CONFIGS = st.dictionaries(NAMES, st.recursive(PLAIN, lambda inner: st.dictionaries(NAMES, inner, max_size=4)))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(value=VALUES, indent=st.integers(0, 60), broken=st.integers(0, 3))
def test_text_reads_back(value, indent: int, broken: int) -> None:
    text = write_value(value, indent, indent, broken)
    assert eval(text, dict(__builtins__={}), dict(dict=dict)) == value


@settings(max_examples=100, deadline=None, derandomize=True)
@given(values=st.lists(st.dictionaries(NAMES, st.integers(-9, 9)), min_size=1, max_size=40), depth=st.integers(1, 10))
def test_lines_are_short(values: list, depth: int) -> None:
    value = values
    for _ in range(depth):
        value = dict(inner=value)
    assert max(map(len, write_value(value).splitlines())) <= 120


def test_breaks_lines_where_wanted() -> None:
    edges = {'a->b': dict(loss=dict(type='KLDivergence')), 'b->a': dict(gate=None, weights=[1, 2])}
    assert write_value(dict(target='b', edges=edges), broken=2).splitlines() == [
        'dict(',
        "    target='b',",
        '    edges={',
        "        'a->b': dict(loss=dict(type='KLDivergence')),",
        "        'b->a': dict(gate=None, weights=[1, 2]),",
        '    },',
        ')',
    ]


def test_names_of_values() -> None:
    text = write_value([Reference('_base_.net'), '_base_.net'])
    assert text == "[_base_.net, '_base_.net']"
    assert isinstance(ast.parse(text, mode='eval').body, ast.List)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(base=CONFIGS, wanted=CONFIGS)
def test_difference_makes_the_wanted_config(base: dict, wanted: dict) -> None:
    before = copy.deepcopy((base, wanted))
    # How mmengine merges a config into its base.
    merged = Config._merge_a_into_b(copy.deepcopy(difference(base, wanted)), copy.deepcopy(base))
    assert merged == wanted | {key: None for key in base if key not in wanted}
    assert (base, wanted) == before


@pytest.mark.parametrize(
    ('base', 'wanted', 'expected'),
    [
        (dict(a=1), dict(a=1), {}),
        (dict(a=dict(x=1, y=dict(z=2))), dict(a=dict(x=1, y=dict(z=3))), dict(a=dict(y=dict(z=3)))),
        (dict(a=[1, 2]), dict(a=[1, 3]), dict(a=[1, 3])),
        (dict(a=[1]), dict(a=dict(x=1)), dict(a=dict(_delete_=True, x=1))),
        (dict(a=1, b=2), dict(b=2), dict(a=None)),
    ],
)
def test_difference_is_small(base: dict, wanted: dict, expected: dict) -> None:
    assert difference(base, wanted) == expected
