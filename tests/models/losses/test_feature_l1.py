import numpy as np
import pytest
import torch
from torch import nn

from ktg_mm.models.losses import FeatureL1
from ktg_mm.structures import NodeOutput

LAYER = 'backbone.layer2'
CASES = {
    'equal': ((3, 4, 4), (3, 4, 4)),
    'other channels': ((2, 4, 4), (5, 4, 4)),
    'a larger target': ((2, 8, 8), (5, 4, 4)),
    'a larger source': ((3, 2, 2), (3, 6, 6)),
}


def make(target, source, **arguments):
    torch.manual_seed(0)
    loss = FeatureL1(**arguments)
    loss.set_shapes(*([torch.Size(shape)] * len(loss.layers['target']) for shape in (target, source)))
    with torch.no_grad():
        for name, parameter in loss.named_parameters():
            if '.bn.' in name or '.gn.' in name:
                parameter.copy_(torch.rand_like(parameter) + 0.5)
    return loss.double()


def maps(shape, seed, size=4):
    return torch.randn(size, *shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def output(feature):
    return NodeOutput(torch.zeros(len(feature), 2), features={'map': feature, LAYER: 2 * feature})


def transferred(transfer, own):
    """T(F), if there is one: a 1 x 1 convolution, batch norm, ReLU."""
    if isinstance(transfer, nn.Identity):
        return own
    maps_ = np.einsum('bchw,oc->bohw', own, transfer.conv.weight.detach().numpy()[:, :, 0, 0])
    mean, var = maps_.mean((0, 2, 3), keepdims=True), maps_.var((0, 2, 3), keepdims=True)
    scale, shift = (value.detach().numpy()[:, None, None] for value in (transfer.bn.weight, transfer.bn.bias))
    return np.maximum((maps_ - mean) / np.sqrt(var + 1e-5) * scale + shift, 0)


def pooled(maps_, side):
    step = maps_.shape[-1] // side
    return maps_.reshape(*maps_.shape[:2], side, step, side, step).mean((3, 5))


def distance(transfer, own, others):
    own, side = transferred(transfer, own), min(own.shape[-1], others.shape[-1])
    return np.abs(pooled(own, side) - pooled(others, side)).mean((1, 2, 3))


@pytest.mark.parametrize('case', CASES)
def test_formula(case):
    target, source = CASES[case]
    loss = make(target, source)
    (transfer,) = loss.transfers
    assert isinstance(transfer, nn.Identity) == (target[0] == source[0])
    own, others = maps(target, 1), maps(source, 2)
    found = loss(output(own), output(others), None)
    np.testing.assert_allclose(found.detach().numpy(), distance(transfer, own.numpy(), others.numpy()), rtol=1e-9)


def test_layers_are_added_up_each_with_a_transfer_of_its_own():
    loss = make((2, 4, 4), (5, 4, 4), layers=['map', LAYER])
    own, others = maps((2, 4, 4), 1).numpy(), maps((5, 4, 4), 2).numpy()
    expected = distance(loss.transfers[0], own, others) + distance(loss.transfers[1], 2 * own, 2 * others)
    found = loss(output(torch.from_numpy(own)), output(torch.from_numpy(others)), None)
    np.testing.assert_allclose(found.detach().numpy(), expected, rtol=1e-9)
    assert not torch.equal(loss.transfers[0].conv.weight, loss.transfers[1].conv.weight)


def test_gradient():
    """The sign of each difference, over the number of places, to the target; to T by finite differences."""
    loss = make((3, 4, 4), (3, 4, 4))
    own, others = maps((3, 4, 4), 1).requires_grad_(), maps((3, 4, 4), 2).requires_grad_()
    loss(output(own), output(others).detach(), None).sum().backward()
    torch.testing.assert_close(own.grad, (own - others).detach().sign() / 48, rtol=1e-12, atol=0)
    assert others.grad is None

    loss = make((2, 4, 4), (5, 4, 4))
    own, others = maps((2, 4, 4), 1), maps((5, 4, 4), 2)
    loss(output(own), output(others), None).sum().backward()
    weight, step = loss.transfers[0].conv.weight, 1e-6
    direction = torch.randn(weight.shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    values = []
    for sign in (1, -1):
        with torch.no_grad():
            weight.add_(sign * step * direction)
            values.append(distance(loss.transfers[0], own.numpy(), others.numpy()).sum())
            weight.sub_(sign * step * direction)
    assert (values[0] - values[1]) / (2 * step) == pytest.approx((weight.grad * direction).sum().item(), rel=1e-5)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_features_of_half_precision(dtype):
    loss = make((2, 4, 4), (5, 4, 4)).float()
    own, others = maps((2, 4, 4), 1).to(dtype), maps((5, 4, 4), 2).to(dtype)
    value = loss(output(own), output(others), None)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, loss(output(own.float()), output(others.float()), None), rtol=0, atol=0)


def test_the_norm():
    groups = make((2, 4, 4), (6, 4, 4), norm_cfg=dict(type='GN', num_groups=4)).transfers[0].gn
    assert isinstance(groups, nn.GroupNorm) and groups.num_groups == 2
    for wrong in (dict(type='NoSuchNorm'), dict(type='GN'), dict(type='BN', momentun=0.1)):
        with pytest.raises(ValueError, match=r'^norm_cfg: '):
            FeatureL1(norm_cfg=wrong)
