import pytest
import torch

from ktg_mm.models.losses import AttentionCosine, AttentionMSE
from ktg_mm.structures import NodeOutput


def outputs(target, source):
    target, source = (NodeOutput(torch.zeros(len(t), 2), attention=torch.tensor(t)) for t in (target, source))
    return target, source.detach()


def compute(target, source, **arguments):
    return AttentionCosine(**arguments)(*outputs(target, source), None).tolist()


def expected(target, source, sizes, crop):
    values = []
    for t, s in zip(target, source, strict=True):
        dots = [sum(a * b for a, b in zip(crop(t, s, size), crop(s, s, size), strict=True)) for size in sizes]
        values.append(sum(dots) / len(dots))
    return values


@pytest.mark.parametrize(
    ('side', 'given', 'sizes'),
    [
        (7, None, (3, 5, 7)),
        (14, None, (3, 7, 11)),
        (16, None, (3, 7, 11)),
        (8, None, (3, 5, 7)),
        (4, None, (3,)),
        (7, [5], (5,)),
        (14, (3, 9), (3, 9)),
    ],
)
def test_formula(side, given, sizes, random, formulas):
    target, source = random.uniform(0.1, 1, size=(2, 12, side, side))
    values = compute(target, source, sizes=given)
    assert values == pytest.approx(expected(target, source, sizes, formulas.attention_crop), rel=1e-10)


def test_peaks_at_the_border(random, formulas):
    target, source = random.uniform(0.1, 0.9, size=(2, 4, 14, 14))
    for i, (row, column) in enumerate([(0, 0), (0, 13), (13, 6), (6, 13)]):
        source[i, row, column] = 1.0
    assert compute(target, source) == pytest.approx(
        expected(target, source, (3, 7, 11), formulas.attention_crop), rel=1e-10
    )


def test_one_for_the_same_map(random):
    attention = random.uniform(0.1, 1, size=(3, 7, 7))
    assert compute(attention, 3 * attention) == pytest.approx([1.0] * 3)


@pytest.mark.parametrize('size', [3, 7, 11])
def test_attraction_is_two_minus_two_cosines(size, random):
    maps = random.uniform(0.1, 1, size=(2, 5, 14, 14))
    summed = AttentionMSE(sizes=[size], reduction='sum')(*outputs(*maps), None)
    assert summed.tolist() == pytest.approx([2 - 2 * cosine for cosine in compute(*maps, sizes=[size])])


def test_wrong_sizes():
    with pytest.raises(ValueError, match='sizes must be a list of positive whole numbers'):
        AttentionCosine(sizes=[0])
