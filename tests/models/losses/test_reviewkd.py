import numpy as np
import pytest
import torch
from torch import nn

from ktg_mm.models.losses import ReviewKD
from ktg_mm.models.losses.reviewkd import Fusion
from ktg_mm.structures import NodeOutput

# Shapes of three layers and the embedding, at the target and at the source.
TARGET = (3, 10, 10), (4, 6, 6), (6, 3, 3), (6,)
SOURCE = (2, 5, 5), (5, 6, 6), (7, 5, 5), (7,)
LAYERS = ['layer1', 'layer2', 'layer3', 'embedding']


def make(target=TARGET, source=SOURCE, layers=LAYERS, **arguments):
    torch.manual_seed(0)
    loss = ReviewKD(layers, **arguments)
    loss.set_shapes([torch.Size(shape) for shape in target], [torch.Size(shape) for shape in source])
    return loss.double()


def outputs(random, size=3):
    ends = []
    for shapes in (TARGET, SOURCE):
        features = {
            layer: torch.tensor(random.normal(size=(size, *shape))) for layer, shape in zip(LAYERS, shapes, strict=True)
        }
        ends.append(NodeOutput(torch.zeros(size, 2), features=features))
    return ends


def convolved(maps, convolution):
    """Maps (B, C, H, W) through a convolution that keeps their size, a cell at a time."""
    weight = convolution.weight.detach().numpy()
    pad = weight.shape[-1] // 2
    padded = np.pad(maps, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    out = np.zeros((len(maps), len(weight), *maps.shape[2:]))
    for i in range(maps.shape[2]):
        for j in range(maps.shape[3]):
            window = padded[:, :, i : i + 2 * pad + 1, j : j + 2 * pad + 1]
            out[:, :, i, j] = np.tensordot(window, weight, axes=([1, 2, 3], [1, 2, 3]))
    return out if convolution.bias is None else out + convolution.bias.detach().numpy()[:, None, None]


def normalised(maps, norm):
    """Over batch and cells, or over one group."""
    axes = (0, 2, 3) if isinstance(norm, nn.BatchNorm2d) else (1, 2, 3)
    return (maps - maps.mean(axes, keepdims=True)) / np.sqrt(maps.var(axes, keepdims=True) + 1e-5)


def resized(maps, side):
    """The nearest cell."""
    places = [int(i * maps.shape[-1] / side) for i in range(side)]
    return maps[:, :, places][:, :, :, places]


def pooled(map_, side):
    """Means over blocks that may overlap, as adaptive pooling has them."""
    size = map_.shape[-1]
    edges = [(i * size // side, -(-(i + 1) * size // side)) for i in range(side)]
    return np.array([[[channel[a:b, c:d].mean() for c, d in edges] for a, b in edges] for channel in map_])


def distance(own, others):
    """Of one sample's maps."""
    value, weight, total = ((own - others) ** 2).mean(), 1.0, 1.0
    for side in (4, 2, 1):
        if side < own.shape[-1]:
            weight, total = weight / 2, total + weight / 2
            value += weight * ((pooled(own, side) - pooled(others, side)) ** 2).mean()
    return value / total


def expected(loss, target, source):
    maps = [
        [value.numpy() if value.dim() == 4 else value.numpy()[:, :, None, None] for value in end.features.values()]
        for end in (target, source)
    ]
    values, passed = np.zeros(len(maps[0][0])), None
    for i in (3, 2, 1, 0):
        fusion, own, others = loss.fusions[i], maps[0][i], maps[1][i]
        x = normalised(convolved(own, fusion.reduce[0]), fusion.reduce[1])
        if passed is not None:
            y = resized(passed, x.shape[-1])
            weights = 1 / (1 + np.exp(-convolved(np.concatenate([x, y], axis=1), fusion.attention)))
            x = weights[:, :1] * x + weights[:, 1:] * y
        passed = resized(x, others.shape[-1])
        fused = normalised(convolved(passed, fusion.expand[0]), fusion.expand[1])
        values += [distance(*pair) for pair in zip(fused, others, strict=True)]
    return values


@pytest.mark.parametrize('norm', ['BN', 'GN'])
def test_formula(norm, random):
    loss = make(norm_cfg=None if norm == 'BN' else dict(type='GN', num_groups=1))
    target, source = outputs(random)
    values = loss(target, source, None).detach().numpy()
    np.testing.assert_allclose(values, expected(loss, target, source), rtol=1e-9)


@pytest.mark.parametrize(('most', 'middle'), [(512, 6), (4, 4)])
def test_what_learns(most, middle):
    loss = make(max_channels=most)
    for fusion, own, others in zip(loss.fusions, TARGET, SOURCE, strict=True):
        reduce, expand = fusion.reduce[0], fusion.expand[0]
        assert reduce.weight.shape == (middle, own[0], 1, 1) and expand.weight.shape == (others[0], middle, 3, 3)
        assert reduce.bias is None and expand.bias is None
        for convolution in (reduce, expand):  # Kaiming's uniform distribution of a gain of 1
            bound = (3 / convolution.weight[0].numel()) ** 0.5
            assert 0.5 * bound < float(convolution.weight.detach().abs().max()) < bound
    attention = [fusion.attention for fusion in loss.fusions]
    assert attention.pop() is None
    assert all(a.weight.shape == (2, 2 * middle, 1, 1) and a.bias is not None for a in attention)


def test_every_layer_teaches_the_deeper_ones_of_the_target(random):
    """The shallowest layer's distance reaches all maps, the deepest one's its own alone."""
    loss = make()
    target, _ = outputs(random)
    for wanted, reached in ((3, 1), (0, 4)):
        leaves = {name: value.clone().requires_grad_() for name, value in target.features.items()}
        chosen, passed = None, None
        for i in (3, 2, 1, 0):
            own = leaves[LAYERS[i]]
            own = own[:, :, None, None] if own.dim() == 2 else own
            fused, passed = loss.fusions[i](own, passed, (5, 5))
            chosen = fused if i == wanted else chosen
        chosen.square().mean().backward()
        assert sum(leaf.grad is not None and bool(leaf.grad.any()) for leaf in leaves.values()) == reached


def test_one_layer():
    loss = make([(3, 4, 4)], [(5, 4, 4)], 'map')
    maps = [torch.rand(2, c, 4, 4, dtype=torch.float64) for c in (3, 5)]
    target, source = (NodeOutput(torch.zeros(2, 2), features=dict(map=map_)) for map_ in maps)
    fused, _ = loss.fusions[0](maps[0], None, (4, 4))
    difference = (fused - maps[1]).detach().numpy()
    zeros = np.zeros_like(difference)
    want = [distance(*pair) for pair in zip(difference, zeros, strict=True)]
    np.testing.assert_allclose(loss(target, source, None).detach().numpy(), want, rtol=1e-9)


def test_the_norm():
    assert isinstance(Fusion(2, 3, 4, dict(type='GN', num_groups=2)).expand[1], nn.GroupNorm)
    for wrong in (dict(type='NoSuchNorm'), dict(type='GN')):
        with pytest.raises(ValueError, match=r'^norm_cfg: '):
            ReviewKD(norm_cfg=wrong)
