import numpy as np
import pytest
import torch
from torch import nn

from ktg_mm.models.losses import FitNets
from ktg_mm.structures import NodeOutput

LAYER = 'backbone.layer2'
GROUP = dict(type='GN', num_groups=3)


def make(target, source, **arguments):
    torch.manual_seed(0)
    loss = FitNets(**arguments)
    shapes = ([torch.Size(shape)] * len(loss.layers['target']) for shape in (target, source))
    loss.set_shapes(*shapes)
    return loss.double()


def maps(shape, seed, size=3):
    return torch.randn(size, *shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def output(feature):
    return NodeOutput(torch.zeros(len(feature), 2), features={LAYER: feature, 'map': 2 * feature})


def convolved(conv, image):
    """One image (C, H, W) through a convolution of zero padding, cell by cell."""
    weight, bias = conv.weight.detach().numpy(), conv.bias.detach().numpy()
    kernel, stride, pad = conv.kernel_size[0], conv.stride[0], conv.padding[0]
    channels, height, width = image.shape
    if isinstance(conv, nn.ConvTranspose2d):
        full = np.zeros((weight.shape[1], (height - 1) * stride + kernel, (width - 1) * stride + kernel))
        for i in range(height):
            for j in range(width):
                for c in range(channels):
                    full[:, i * stride : i * stride + kernel, j * stride : j * stride + kernel] += (
                        image[c, i, j] * weight[c]
                    )
        return full[:, pad : full.shape[1] - pad, pad : full.shape[2] - pad] + bias[:, None, None]
    padded = np.zeros((channels, height + 2 * pad, width + 2 * pad))
    padded[:, pad : pad + height, pad : pad + width] = image
    size = [(side + 2 * pad - kernel) // stride + 1 for side in (height, width)]
    out = np.zeros((len(bias), *size))
    for o in range(len(bias)):
        for i in range(size[0]):
            for j in range(size[1]):
                window = padded[:, i * stride : i * stride + kernel, j * stride : j * stride + kernel]
                out[o, i, j] = (window * weight[o]).sum() + bias[o]
    return out


def regressed(loss, feature):
    """r of all images: batch norm over batch and cells, or group norm of one group; then ReLU."""
    maps_ = np.stack([convolved(loss.regressors[0][0], image) for image in feature.numpy()])
    norm = loss.regressors[0][1]
    axes = (0, 2, 3) if isinstance(norm, nn.BatchNorm2d) else (1, 2, 3)
    mean, var = maps_.mean(axes, keepdims=True), maps_.var(axes, keepdims=True)
    return np.maximum((maps_ - mean) / np.sqrt(var + 1e-5), 0)


def pooled(maps_, side):
    """Means over equal blocks of cells."""
    step = maps_.shape[-1] // side
    return maps_.reshape(*maps_.shape[:2], side, step, side, step).mean((3, 5))


CASES = {
    'equal': ((2, 4, 4), (3, 4, 4), nn.Conv2d, 1),
    'twice as large': ((2, 8, 8), (3, 4, 4), nn.Conv2d, 3),
    'half as large': ((2, 3, 3), (3, 6, 6), nn.ConvTranspose2d, 4),
    'four times as large': ((2, 8, 8), (3, 2, 2), nn.Conv2d, 1),
    'a third': ((2, 2, 2), (3, 6, 6), nn.Conv2d, 1),
}


@pytest.mark.parametrize('norm', ['BN', 'GN'])
@pytest.mark.parametrize('case', CASES)
def test_formula(case, norm):
    target_shape, source_shape, kind, kernel = CASES[case]
    loss = make(target_shape, source_shape, norm_cfg=dict(type='BN') if norm == 'BN' else dict(type='GN', num_groups=1))
    conv = loss.regressors[0][0]
    assert isinstance(conv, kind) and conv.kernel_size == (kernel, kernel) and conv.bias is not None
    target, source = maps(target_shape, 1), maps(source_shape, 2)
    own, others = regressed(loss, target), source.numpy()
    side = min(own.shape[-1], others.shape[-1])
    own, others = pooled(own, side), pooled(others, side)
    expected = ((own - others) ** 2).mean((1, 2, 3))
    values = loss(output(target), output(source), None)
    np.testing.assert_allclose(values.detach().numpy(), expected, rtol=1e-10)


def test_other_sizes_than_those_of_made_up_images():
    loss = make((2, 8, 8), (3, 4, 4))
    assert loss(output(maps((2, 15, 15), 1)), output(maps((3, 7, 7), 2)), None).shape == (3,)
    assert loss(output(maps((2, 6, 10), 1)), output(maps((3, 5, 3), 2)), None).shape == (3,)


def test_layers_are_added_up_each_with_a_regression_of_its_own():
    both = make((2, 4, 4), (3, 4, 4), layers=[LAYER, 'map'])
    target, source = output(maps((2, 4, 4), 1)), output(maps((3, 4, 4), 2))
    total = torch.zeros(3, dtype=torch.float64)
    for i, layer in enumerate((LAYER, 'map')):
        one = make((2, 4, 4), (3, 4, 4), layers=layer)
        one.regressors[0].load_state_dict(both.regressors[i].state_dict())
        total += one(target, source, None)
    torch.testing.assert_close(both(target, source, None), total, rtol=1e-12, atol=0)
    assert not torch.equal(both.regressors[0][0].weight, both.regressors[1][0].weight)


def test_the_norm():
    assert isinstance(make((2, 4, 4), (6, 4, 4)).regressors[0][1], nn.BatchNorm2d)
    norm = make((2, 4, 4), (6, 4, 4), norm_cfg=GROUP).regressors[0][1]
    assert isinstance(norm, nn.GroupNorm) and norm.num_groups == 3
    assert make((2, 4, 4), (4, 4, 4), norm_cfg=GROUP).regressors[0][1].num_groups == 1
    for wrong in (dict(type='NoSuchNorm'), dict(type='GN'), dict(type='BN', momentun=0.1)):
        with pytest.raises(ValueError, match=r'^norm_cfg: '):
            FitNets(norm_cfg=wrong)
