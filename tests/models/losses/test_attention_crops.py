import numpy as np
import pytest
import torch

from ktg_mm.models.losses import AttentionCosine, AttentionMSE
from ktg_mm.models.losses.attention_crops import attention_crops, check_sizes, default_sizes
from ktg_mm.structures import NodeOutput


def output(attention):
    attention = None if attention is None else torch.as_tensor(attention)
    return NodeOutput(torch.zeros(1 if attention is None else len(attention), 2), attention=attention)


def crops(target, source, sizes):
    return attention_crops(output(target), output(source).detach(), sizes)


@pytest.mark.parametrize('shape', [(7, 7), (14, 14), (16, 16), (8, 8), (4, 4), (5, 9), (9, 5)])
@pytest.mark.parametrize('sizes', [(3,), (1, 3)])
def test_every_place_of_the_peak(shape, sizes, random, formulas):
    """One sample for each cell that can be the highest, the corners and borders among them."""
    height, width = shape
    source = random.uniform(0.1, 0.9, size=(height * width, height, width))
    target = random.uniform(0.1, 0.9, size=source.shape)
    for i in range(height * width):
        source[i, i // width, i % width] = 1.0
    found = crops(target, source, sizes)
    assert len(found) == len(sizes)
    for size, (target_crops, source_crops) in zip(sizes, found, strict=True):
        assert target_crops.shape == source_crops.shape == (height * width, size * size)
        for i in range(height * width):
            expected = formulas.attention_crop(target[i], source[i], size)
            assert target_crops[i].tolist() == pytest.approx(expected, rel=1e-12)
            expected = formulas.attention_crop(source[i], source[i], size)
            assert source_crops[i].tolist() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize('size', [2, 3, 4, 5, 6])
def test_the_peak_is_always_inside(size, random):
    source = random.uniform(0.1, 0.9, size=(36, 6, 6))
    for i in range(36):
        source[i].flat[i] = 2.0
    ((_, found),) = crops(source, source, [size])
    assert [int((row == row.max()).sum()) for row in found] == [1] * 36
    for row, attention in zip(found, source, strict=True):
        assert float(row.max() / row.min()) >= 2.0 / attention.max()
        ratio = 2.0 / float(row.max())  # the crop's length before it became 1
        assert all(np.isclose(attention, value * ratio).any() for value in row.tolist())


@pytest.mark.parametrize(
    ('map_size', 'sizes'),
    [
        (7, (3, 5, 7)),
        (14, (3, 7, 11)),
        (16, (3, 7, 11)),
        (8, (3, 5, 7)),
        (28, (5, 13, 21)),
        (4, (3,)),
        (3, (3,)),
        (2, (2,)),
    ],
)
def test_default_sizes(map_size, sizes):
    assert default_sizes(map_size) == sizes
    attention = torch.rand(2, map_size, map_size + 1)
    given = [crop.shape[1] for crop, _ in crops(attention, attention, None)]
    assert given == [size * size for size in sizes]


@pytest.mark.parametrize('map_size', range(2, 60))
def test_default_crops_fit_and_can_differ(map_size):
    sizes = default_sizes(map_size)
    assert sizes and all(1 < size <= map_size for size in sizes) and sorted(set(sizes)) == list(sizes)
    assert all(size % 2 for size in sizes) or map_size == 2


def test_crops_have_length_1_and_the_sources_are_shared():
    target, other, source = torch.rand(3, 4, 7, 7).unbind()
    teacher = output(source).detach()
    first = attention_crops(output(target), teacher, [3, 5])
    second = attention_crops(output(other), teacher, [3, 5])
    for (a, shared), (b, again) in zip(first, second, strict=True):
        assert shared is again and not torch.equal(a, b)
        for crop in (a, b, shared):
            torch.testing.assert_close(crop.norm(dim=1), torch.ones(4))


@pytest.mark.parametrize(
    ('target', 'source', 'sizes', 'message'),
    [
        ((2, 7, 7), (2, 14, 14), None, "the target's attention map is 7 x 7, the source's 14 x 14; both must have"),
        ((2, 7, 7), (2, 7, 7), (3, 8), 'a crop of 8 is larger than the attention map, 7 x 7; sizes must fit into it'),
        ((2, 4, 9), (2, 4, 9), (5,), 'a crop of 5 is larger than the attention map, 4 x 9'),
        ((2, 1, 1), (2, 1, 1), None, 'an attention map of 1 x 1 has no places to compare; take larger images'),
        (None, (2, 7, 7), None, 'the target has no attention map: it needs an attention branch'),
        ((2, 7, 7), None, None, 'the source has no attention map: it needs an attention branch'),
    ],
)
def test_maps_that_cannot_be_compared(target, source, sizes, message):
    with pytest.raises(ValueError) as caught:
        crops(*(None if shape is None else torch.rand(shape) for shape in (target, source)), sizes)
    assert str(caught.value).startswith(message) and '\n' not in str(caught.value)


@pytest.mark.parametrize('sizes', [[], [0], [3, -1], [3.0], ['3'], [True], 5, '3', '35'])
def test_sizes_that_are_none(sizes):
    with pytest.raises(ValueError) as caught:
        check_sizes(sizes)
    assert str(caught.value) == f'sizes must be a list of positive whole numbers, got {sizes!r}'


def test_sizes_are_kept():
    assert check_sizes(None) is None and check_sizes([3, 5]) == check_sizes((3, 5)) == (3, 5)


@pytest.mark.parametrize('loss', [AttentionMSE(), AttentionMSE(reduction='sum'), AttentionCosine()])
@pytest.mark.parametrize('scale', [0.0, 1e-7])
@pytest.mark.parametrize('blank', ['target', 'source', 'both'])
def test_a_blank_map_has_a_finite_loss_and_no_gradient(loss, scale, blank):
    maps = torch.rand(2, 3, 7, 7, generator=torch.Generator().manual_seed(0))
    target, source = (
        scale * one if blank in (name, 'both') else one for name, one in zip(('target', 'source'), maps, strict=True)
    )
    leaf = target.clone().requires_grad_()
    value = loss(output(leaf), output(source).detach(), None)
    value.sum().backward()
    assert value.isfinite().all()
    assert bool(leaf.grad.any()) == (blank == 'source' and (scale > 0 or isinstance(loss, AttentionMSE)))
    assert leaf.grad.abs().max() < 10  # 5e10 where a crop without direction is divided by its length


def test_other_maps_are_normalised_as_ever():
    maps = torch.rand(2, 8, 7, 7, generator=torch.Generator().manual_seed(0))
    target, source = maps[0].clone().requires_grad_(), maps[1]
    ((found, _),) = crops(target, source, [7])
    expected = torch.nn.functional.normalize(target.flatten(1), dim=1)
    assert torch.equal(found, expected)
    weights = torch.rand(8, 49)
    gradients = [torch.autograd.grad((value * weights).sum(), target)[0] for value in (found, expected)]
    assert torch.equal(*gradients)


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_crops_in_half_precision(dtype):
    maps = torch.rand(2, 8, 14, 14, generator=torch.Generator().manual_seed(0)).to(dtype)
    for loss in (AttentionMSE(), AttentionCosine()):
        ours, exact = (loss(output(m[0]), output(m[1]).detach(), None) for m in (maps, maps.double()))
        assert ours.dtype == torch.float32
        torch.testing.assert_close(ours.double(), exact, rtol=1e-5, atol=1e-6)
