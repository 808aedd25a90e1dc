import numpy as np
import pytest
import torch

from ktg_mm.models.losses import FSP
from ktg_mm.structures import NodeOutput


def output(*maps):
    features = {f'layer{i}': torch.as_tensor(map_) for i, map_ in enumerate(maps)}
    return NodeOutput(torch.zeros(len(maps[0]), 2), features=features)


def pooled(map_, side):
    """Means over equal blocks of cells."""
    step = map_.shape[-1] // side
    return map_.reshape(len(map_), side, step, side, step).mean((2, 4))


def flow(first, second):
    side = min(first.shape[-1], second.shape[-1])
    first, second = pooled(first, side), pooled(second, side)
    return [[float((a * b).sum()) / side**2 for b in second] for a in first]


def test_formula(random):
    target = [random.normal(size=(4, c, s, s)) for c, s in ((3, 8), (2, 8), (5, 4), (4, 2))]
    source = [random.normal(size=(4, c, s, s)) for c, s in ((3, 4), (2, 4), (5, 8), (4, 2))]
    expected = []
    for i in range(4):
        total = 0.0
        for layer in range(3):
            own, others = (flow(end[layer][i], end[layer + 1][i]) for end in (target, source))
            total += float(((np.array(own) - np.array(others)) ** 2).mean())
        expected.append(total)
    loss = FSP([f'layer{i}' for i in range(4)])
    loss.set_shapes(*([torch.Size(map_.shape[1:]) for map_ in end] for end in (target, source)))
    np.testing.assert_allclose(loss(output(*target), output(*source), None).numpy(), expected, rtol=1e-9)
    assert not list(loss.parameters())


def test_channels_that_differ():
    shapes = [torch.Size([3, 4, 4]), torch.Size([2, 4, 4])]
    with pytest.raises(ValueError) as caught:
        FSP(['map', 'backbone.layer2']).set_shapes(shapes, [shapes[0], torch.Size([6, 4, 4])])
    assert str(caught.value) == (
        "'backbone.layer2' of the target has 2 channels and what it is compared with 6, but FSP needs as many; name "
        'other layers, or take networks of the same widths'
    )


@pytest.mark.parametrize('layers', ['map', ['map'], dict(target=['map'], source='map')])
def test_one_layer_has_no_next(layers):
    with pytest.raises(ValueError, match=r'^layers must be 2 at least at each end, got '):
        FSP(layers)
