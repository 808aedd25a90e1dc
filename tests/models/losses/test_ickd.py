import math

import numpy as np
import pytest
import torch
from torch import nn

from ktg_mm.models.losses import ICKD
from ktg_mm.structures import NodeOutput


def make(target, source, **arguments):
    torch.manual_seed(0)
    loss = ICKD(**arguments)
    count = len(loss.layers['target'])
    loss.set_shapes([torch.Size(target)] * count, [torch.Size(source)] * count)
    return loss.double()


def output(map_):
    return NodeOutput(
        torch.zeros(len(map_), 2), features={'map': torch.as_tensor(map_), 'other': 2 * torch.as_tensor(map_)}
    )


def embedded(loss, maps):
    """A 1 x 1 convolution and a norm over batch and cells, or of one group."""
    mixed = np.einsum('oc,bchw->bohw', loss.embeds[0][0].weight.detach().numpy()[:, :, 0, 0], maps)
    axes = (0, 2, 3) if isinstance(loss.embeds[0][1], nn.BatchNorm2d) else (1, 2, 3)
    return (mixed - mixed.mean(axes, keepdims=True)) / np.sqrt(mixed.var(axes, keepdims=True) + 1e-5)


def correlations(map_):
    channels = [list(channel.ravel()) for channel in map_]
    gram = [[sum(x * y for x, y in zip(a, b, strict=True)) for b in channels] for a in channels]
    return [[value / math.sqrt(sum(v * v for v in row)) for value in row] for row in gram]


@pytest.mark.parametrize('norm', ['BN', 'GN'])
@pytest.mark.parametrize(('target_shape', 'source_shape'), [((2, 4, 4), (3, 4, 4)), ((3, 4, 2), (3, 2, 3))])
def test_formula(norm, target_shape, source_shape, random):
    target, source = (random.normal(size=(4, *shape)) for shape in (target_shape, source_shape))
    loss = make(target_shape, source_shape, norm_cfg=None if norm == 'BN' else dict(type='GN', num_groups=1))
    convolution = loss.embeds[0][0]
    assert convolution.bias is None and convolution.weight.shape == (source_shape[0], target_shape[0], 1, 1)
    expected = []
    for own, others in zip(embedded(loss, target), source, strict=True):
        rows = zip(correlations(own), correlations(others), strict=True)
        expected.append(sum((p - q) ** 2 for pair in rows for p, q in zip(*pair, strict=True)) / source_shape[0])
    values = loss(output(target), output(source), None).detach()
    np.testing.assert_allclose(values.numpy(), expected, rtol=1e-9)


def test_layers_are_added_up_each_with_an_embedding_of_its_own(random):
    target, source = (output(random.normal(size=(4, c, 3, 3))) for c in (2, 3))
    both = make((2, 3, 3), (3, 3, 3), layers=['map', 'other'])
    total = torch.zeros(4, dtype=torch.float64)
    for i, layer in enumerate(('map', 'other')):
        one = make((2, 3, 3), (3, 3, 3), layers=layer)
        one.embeds[0].load_state_dict(both.embeds[i].state_dict())
        total += one(target, source, None).detach()
    torch.testing.assert_close(both(target, source, None).detach(), total)
    assert not torch.equal(both.embeds[0][0].weight, both.embeds[1][0].weight)
