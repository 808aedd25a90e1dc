import itertools
import math

import pytest
import torch

from ktg_mm.models.gates import StabilityGate
from ktg_mm.models.step_random import step_permutation
from ktg_mm.structures import NodeOutput, TransferContext


def weigh(gate, target, source, other_target, other_source, **context):
    target, source, other_target, other_source = (
        NodeOutput(torch.tensor(logits)) for logits in (target, source, other_target, other_source)
    )
    context = TransferContext(None, other_target=other_target, other_source=other_source, **context)
    return gate.weight(torch.ones(len(target.logits)).double(), target, source, context).tolist()


def judge(softmax, one, other, threshold):
    p, q = softmax(one), softmax(other)
    stable = p.index(max(p)) == q.index(max(q)) and (max(p) > threshold or max(q) > threshold)
    return stable, sum((a - b) ** 2 for a, b in zip(p, q, strict=True))


@pytest.mark.parametrize('threshold', [0, 0.6, 0.9])
def test_formula(threshold, random, formulas):
    base = random.normal(size=(2, 200, 4)) * 2
    views = [base[node] + random.normal(size=(200, 4)) * 0.6 for node in (0, 1, 0, 1)]  # two of each node
    expected, cases = [], set()
    for target, source, other_target, other_source in zip(*views, strict=True):
        source_is_stable, source_distance = judge(formulas.softmax, source, other_source, threshold)
        target_is_stable, target_distance = judge(formulas.softmax, target, other_target, threshold)
        farther = target_distance > source_distance
        cases.add((source_is_stable, target_is_stable, farther))
        if source_is_stable and target_is_stable:
            expected.append(1.0 if farther else 0.0)
        else:
            expected.append(1.0 if source_is_stable else 0.0)
    assert weigh(StabilityGate(threshold, 'other'), *views) == expected
    assert len(cases) == 8  # each combination occurs


def test_one_view_in_which_the_node_is_sure_is_enough():
    sure, unsure, wrong = [[9.0, 0.0]], [[0.1, 0.0]], [[0.0, 9.0]]
    gate = StabilityGate(0.8, 'other')
    assert weigh(gate, unsure, sure, unsure, unsure) == [1.0]
    assert weigh(gate, unsure, unsure, unsure, sure) == [1.0]
    assert weigh(gate, unsure, unsure, unsure, unsure) == [0.0]
    assert weigh(gate, unsure, sure, unsure, wrong) == [0.0]


def test_equally_stable_nodes_do_not_teach_each_other():
    one, other = [[9.0, 0.0]], [[8.0, 0.0]]
    assert weigh(StabilityGate(0.8, 'other'), one, one, other, other) == [0.0]


def test_no_gradient_through_the_weight(random):
    target = NodeOutput(torch.tensor(random.normal(size=(4, 3))).requires_grad_())
    other = NodeOutput(torch.tensor(random.normal(size=(4, 3))))
    context = TransferContext(None, other_target=other, other_source=other)
    assert not StabilityGate(0.1, 'other').weight(torch.ones(4), target, other, context).requires_grad


STUDENTS = ['net1', 'net2', 'net3', 'net4', 'net5', 'net6']


def pairs_at(progress, gate=None, **context):
    """Which edges pass something at one iteration."""
    gate = gate or StabilityGate(0.8, 'other', STUDENTS)
    sure, unsure = [[9.0, 0.0]], [[0.1, 0.0]]
    return {
        (source, target)
        for source, target in itertools.permutations(STUDENTS, 2)
        if weigh(gate, unsure, sure, unsure, sure, progress=progress, source_name=source, target_name=target, **context)
        == [1.0]
    }


def test_students_are_paired_at_random():
    drawn = []
    for k in range(1, 61):
        pairs = pairs_at(k / 60)
        assert pairs == {(target, source) for source, target in pairs}
        assert sorted(source for source, _ in pairs) == STUDENTS  # each is in one pair
        drawn += pairs
    counts = [drawn.count(pair) for pair in itertools.permutations(STUDENTS, 2)]
    assert min(counts) > 3  # 12 on average


def test_the_pairs_are_those_of_the_run():
    def drawn(**context):
        progress = torch.tensor(0.3, dtype=torch.float64)
        place = step_permutation(context['seed'], progress, (6,), 'StabilityGate').tolist()
        return {
            (a, b)
            for (i, a), (j, b) in itertools.permutations(enumerate(STUDENTS), 2)
            if place[i] // 2 == place[j] // 2
        }

    assert all(pairs_at(0.3, seed=seed) == drawn(seed=seed) for seed in range(5))
    assert len({frozenset(drawn(seed=seed)) for seed in range(5)}) > 1


def test_the_order_of_the_names_does_not_matter():
    shuffled = StabilityGate(0.8, 'other', ('net4', 'net1', 'net6', 'net2', 'net3', 'net5'))
    assert all(pairs_at(k / 7) == pairs_at(k / 7, shuffled) for k in range(1, 8))


def test_a_node_that_is_no_student_is_never_paired():
    gate = StabilityGate(0.0, 'other', ['net1', 'net2'])
    ends = [[9.0, 0.0]], [[9.0, 0.0]], [[0.1, 0.0]], [[9.0, 0.0]]
    assert weigh(gate, *ends, source_name='net1', target_name='net2') == [1.0]
    assert weigh(gate, *ends, source_name='net1', target_name='net3') == [0.0]
    assert weigh(gate, *ends, source_name='net1', target_name='net1') == [0.0]


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(threshold=1.1, other_view='b'), 'threshold must be in [0, 1], got 1.1'),
        (dict(threshold=math.nan, other_view='b'), 'threshold must be in [0, 1], got nan'),
        (dict(threshold=0.8, other_view=None), "other_view must be a view's name, got None"),
        (dict(threshold=0.8, other_view=''), "other_view must be a view's name, got ''"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError) as caught:
        StabilityGate(**arguments)
    assert str(caught.value) == message


@pytest.mark.parametrize('students', [[], ['a'], ['a', 'b', 'c'], ['a', 'a'], 'ab', [1, 2], ['a', ''], [['a'], 'b']])
def test_wrong_students(students):
    with pytest.raises(ValueError) as caught:
        StabilityGate(0.8, 'b', students)
    message = f'students must be an even number of different node names, at least 2, got {students!r}'
    assert str(caught.value) == message
