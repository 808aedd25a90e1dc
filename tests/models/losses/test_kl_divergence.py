import math

import pytest
import torch

from ktg_mm.models.losses import KLDivergence
from ktg_mm.structures import NodeOutput


def compute(target, source, **arguments):
    loss = KLDivergence(**arguments)
    return loss(NodeOutput(torch.tensor(target)), NodeOutput(torch.tensor(source)).detach(), None).tolist()


def divergence(p_s, p_t):
    return sum(s * math.log(s / t) for s, t in zip(p_s, p_t, strict=True))


@pytest.mark.parametrize('temperature', [0.5, 1, 3.0, 4.0])
def test_formula(temperature, random, formulas):
    target, source = random.normal(size=(2, 6, 5)) * 2
    expected = [
        temperature**2 * divergence(formulas.softmax(s, temperature), formulas.softmax(t, temperature))
        for t, s in zip(target, source, strict=True)
    ]
    assert compute(target, source, temperature=temperature) == pytest.approx(expected, rel=1e-10)


def test_temperature_is_1_unless_given(random, formulas):
    target, source = random.normal(size=(2, 6, 5))
    expected = [divergence(formulas.softmax(s), formulas.softmax(t)) for t, s in zip(target, source, strict=True)]
    assert compute(target, source) == pytest.approx(expected, rel=1e-10)


def test_direction(random):
    target, source = random.normal(size=(2, 6, 5))
    assert compute(target, source) != pytest.approx(compute(source, target), rel=1e-3)
    assert compute(target, target) == pytest.approx([0.0] * 6, abs=1e-15)


@pytest.mark.parametrize('temperature', [0, -1.0, math.nan, math.inf, '4'])
def test_temperature_out_of_range(temperature):
    with pytest.raises(ValueError) as caught:
        KLDivergence(temperature=temperature)
    assert str(caught.value) == f'temperature must be above 0, got {temperature!r}'
