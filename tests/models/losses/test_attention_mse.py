import pytest
import torch

from ktg_mm.models.losses import AttentionMSE
from ktg_mm.structures import NodeOutput


def compute(target, source, **arguments):
    target, source = (NodeOutput(torch.zeros(len(t), 2), attention=torch.tensor(t)) for t in (target, source))
    return AttentionMSE(**arguments)(target, source.detach(), None).tolist()


def expected(target, source, sizes, reduction, crop):
    values = []
    for t, s in zip(target, source, strict=True):
        total = 0.0
        for size in sizes:
            squares = [(a - b) ** 2 for a, b in zip(crop(t, s, size), crop(s, s, size), strict=True)]
            total += sum(squares) / (size * size if reduction == 'mean' else 1)
        values.append(total / len(sizes))
    return values


@pytest.mark.parametrize('reduction', ['mean', 'sum'])
@pytest.mark.parametrize(
    ('side', 'given', 'sizes'),
    [
        (7, None, (3, 5, 7)),
        (14, None, (3, 7, 11)),
        (16, None, (3, 7, 11)),
        (8, None, (3, 5, 7)),
        (4, None, (3,)),
        (7, [3], (3,)),
        (16, (5, 9), (5, 9)),
    ],
)
def test_formula(side, given, sizes, reduction, random, formulas):
    target, source = random.uniform(0.1, 1, size=(2, 12, side, side))
    values = compute(target, source, sizes=given, reduction=reduction)
    assert values == pytest.approx(expected(target, source, sizes, reduction, formulas.attention_crop), rel=1e-10)


def test_peaks_at_the_border(random, formulas):
    target, source = random.uniform(0.1, 0.9, size=(2, 4, 7, 7))
    for i, (row, column) in enumerate([(0, 0), (0, 6), (6, 3), (3, 6)]):
        source[i, row, column] = 1.0
    values = compute(target, source)
    assert values == pytest.approx(expected(target, source, (3, 5, 7), 'mean', formulas.attention_crop), rel=1e-10)


def test_mean_unless_asked_and_zero_for_the_same_map(random):
    target, source = random.uniform(0.1, 1, size=(2, 3, 7, 7))
    assert compute(target, source) == compute(target, source, reduction='mean')
    assert compute(target, 3 * target) == pytest.approx([0.0] * 3, abs=1e-15)


@pytest.mark.parametrize('reduction', ['mean', 'sum'])
@pytest.mark.parametrize('side', [7, 14])
def test_whole_maps_as_they_are(side, reduction, random):
    target, source = random.uniform(0.1, 1, size=(2, 5, side, side))
    values = compute(target, source, reduction=reduction, whole=True)
    assert values == pytest.approx(getattr((target - source) ** 2, reduction)(axis=(1, 2)), rel=1e-12)
    assert min(compute(target, 3 * target, whole=True)) > 0.1


def test_whole_maps_of_two_sizes():
    with pytest.raises(ValueError, match='both must have the same size'):
        AttentionMSE(whole=True)(
            *(NodeOutput(torch.zeros(1, 2), attention=torch.ones(1, side, side)) for side in (7, 14)), None
        )


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [(dict(whole='yes'), 'whole must be'), (dict(whole=True, sizes=[3]), 'whole: whole maps have no crops')],
)
def test_wrong_whole(arguments, message):
    with pytest.raises(ValueError, match=message):
        AttentionMSE(**arguments)


def test_unknown_reduction():
    with pytest.raises(ValueError) as caught:
        AttentionMSE(reduction='none')
    assert str(caught.value) == "reduction must be 'mean' or 'sum', got 'none'"


def test_wrong_sizes():
    with pytest.raises(ValueError, match='sizes must be a list of positive whole numbers'):
        AttentionMSE(sizes=[0])
