import numpy as np
import pytest
import torch

from ktg_mm.models.losses import NST
from ktg_mm.structures import NodeOutput


def output(*maps):
    return NodeOutput(torch.zeros(len(maps[0]), 2), features={f'layer{i}': map_ for i, map_ in enumerate(maps)})


def units(map_):
    """Each channel of one image over its length."""
    return [channel.ravel() / np.sqrt((channel**2).sum()) for channel in map_]


def kernel(first, second):
    return sum((u @ v) ** 2 for u in first for v in second) / (len(first) * len(second))


def pooled(map_, side):
    step = map_.shape[-1] // side
    return map_.reshape(*map_.shape[:2], side, step, side, step).mean((3, 5))


@pytest.mark.parametrize(('own', 'others'), [((3, 4), (3, 4)), ((3, 4), (5, 4)), ((3, 8), (5, 4)), ((4, 2), (2, 6))])
def test_formula(own, others, random):
    """(channels, side) of the target and the source."""
    target, source = (random.normal(size=(6, channels, side, side)) for channels, side in (own, others))
    values = NST('layer0')(output(torch.tensor(target)), output(torch.tensor(source)), None)
    side = min(own[1], others[1])
    expected = []
    for t, s in zip(pooled(target, side), pooled(source, side), strict=True):
        u, v = units(t), units(s)
        expected.append(kernel(v, v) + kernel(u, u) - 2 * kernel(v, u))
    np.testing.assert_allclose(values.numpy(), expected, rtol=1e-9)


def test_layers_are_added_up(random):
    maps = [torch.tensor(random.normal(size=(4, 3, size, size))) for size in (4, 2)]
    others = [torch.tensor(random.normal(size=(4, 5, size, size))) for size in (4, 2)]
    both = NST(['layer0', 'layer1'])(output(*maps), output(*others), None)
    alone = [NST('layer0')(output(a), output(b), None) for a, b in zip(maps, others, strict=True)]
    torch.testing.assert_close(both, alone[0] + alone[1], rtol=1e-12, atol=0)


def test_the_scale_and_the_order_of_channels_do_not_matter(random):
    map_ = torch.tensor(random.normal(size=(4, 3, 2, 2)))
    other = 3 * map_[:, [2, 0, 1]]
    value = NST('layer0')(output(map_), output(other), None)
    torch.testing.assert_close(value, torch.zeros(4, dtype=torch.float64), rtol=0, atol=1e-12)


def test_three_stages_unless_told_otherwise():
    assert NST().layers['target'] == ('backbone.layer1', 'backbone.layer2', 'backbone.layer3')
