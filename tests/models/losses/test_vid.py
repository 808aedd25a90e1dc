import math

import numpy as np
import pytest
import torch

from ktg_mm.models.losses import VID
from ktg_mm.structures import NodeOutput


def make(target=(2, 4, 4), source=(3, 4, 4), **arguments):
    torch.manual_seed(0)
    loss = VID(['a', 'b'], **arguments)
    loss.set_shapes([torch.Size(target)] * 2, [torch.Size(source)] * 2)
    return loss.double()


def regressed(regressor, image):
    value = image
    for place in (0, 2, 4):
        value = np.einsum('oc,chw->ohw', regressor[place].weight.detach().numpy()[:, :, 0, 0], value)
        value = value if place == 4 else np.maximum(value, 0)
        assert regressor[place].bias is None
    return value


def halved(image):
    return image.reshape(len(image), image.shape[1] // 2, 2, image.shape[2] // 2, 2).mean((2, 4))


@pytest.mark.parametrize(('target_side', 'source_side'), [(4, 4), (8, 4), (4, 8)])
def test_formula(target_side, source_side, random):
    loss = make((2, target_side, target_side), (3, source_side, source_side))
    with torch.no_grad():
        for raw in loss.raw_variances:
            raw.copy_(torch.tensor(random.normal(size=(3, 1, 1))))
    target = {layer: random.normal(size=(2, 2, target_side, target_side)) for layer in 'ab'}
    source = {layer: random.normal(size=(2, 3, source_side, source_side)) for layer in 'ab'}
    expected = np.zeros(2)
    for i in range(2):
        for layer, regressor, raw in zip('ab', loss.regressors, loss.raw_variances, strict=True):
            own, others = target[layer][i], source[layer][i]
            own = halved(own) if target_side > source_side else own
            others = halved(others) if target_side < source_side else others
            difference = regressed(regressor, own) - others
            total = 0.0
            for c in range(3):
                variance = math.log(1 + math.exp(float(raw.detach()[c]))) + 1e-5
                total += (difference[c] ** 2 / variance + math.log(variance)).sum() / 2
            expected[i] += total / difference.size
    ends = [
        NodeOutput(torch.zeros(2, 2), features={layer: torch.tensor(value) for layer, value in end.items()})
        for end in (target, source)
    ]
    np.testing.assert_allclose(loss(*ends, None).detach().numpy(), expected, rtol=1e-10)


@pytest.mark.parametrize('variance', [5.0, 0.01, 1000.0])
def test_the_variances_begin_as_told_and_are_learnt(variance):
    loss = make(variance=variance)
    raw = loss.raw_variances[0]
    found = torch.nn.functional.softplus(raw) + 1e-5
    torch.testing.assert_close(found, torch.full_like(found, variance), rtol=1e-5, atol=0)
    assert raw.shape == (3, 1, 1) and {id(raw)} < {id(parameter) for parameter in loss.parameters()}


def test_a_raw_variance_that_would_overflow_in_half_precision():
    loss = make()
    with torch.no_grad():
        loss.raw_variances[0].fill_(1000.0)
    features = {layer: torch.zeros(1, 2, 4, 4, dtype=torch.float64) for layer in 'ab'}
    source = NodeOutput(torch.zeros(1, 2), features={k: torch.zeros(1, 3, 4, 4).half() for k in 'ab'})
    assert loss(NodeOutput(torch.zeros(1, 2), features=features), source, None).isfinite().all()
