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


@pytest.mark.parametrize('temperature', [1, 3.0])
@pytest.mark.parametrize('sharpening', [0.4, 1, 2.0])
def test_sharpening_is_of_the_source_alone(temperature, sharpening, random, formulas):
    target, source = random.normal(size=(2, 6, 5)) * 2
    expected = []
    for t, s in zip(target, source, strict=True):
        p_s, p_t = formulas.softmax(s, temperature * sharpening), formulas.softmax(t, temperature)
        expected.append(temperature**2 * divergence(p_s, p_t))
    actual = compute(target, source, temperature=temperature, sharpening=sharpening)
    assert actual == pytest.approx(expected, rel=1e-10)


def test_direction(random):
    target, source = random.normal(size=(2, 6, 5))
    assert compute(target, source) != pytest.approx(compute(source, target), rel=1e-3)
    assert compute(target, target) == pytest.approx([0.0] * 6, abs=1e-15)


@pytest.mark.parametrize('name', ['temperature', 'sharpening'])
@pytest.mark.parametrize('value', [0, -1.0, math.nan, math.inf, '4', True])
def test_out_of_range(name, value):
    with pytest.raises(ValueError) as caught:
        KLDivergence(**{name: value})
    finite = 'finite and ' if value == math.inf else ''
    assert str(caught.value) == f'{name} must be {finite}above 0, got {value!r}'


def test_at_1_it_has_the_gradient_of_born_again_networks(random, formulas):
    """Their equation 5: of the cross-entropy with the source's output it is q - p."""
    target, source = random.normal(size=(2, 6, 5)) * 2
    logits = torch.tensor(target, requires_grad=True)
    KLDivergence()(NodeOutput(logits), NodeOutput(torch.tensor(source)).detach(), None).sum().backward()
    for gradient, t, s in zip(logits.grad.tolist(), target, source, strict=True):
        expected = [q - p for q, p in zip(formulas.softmax(t), formulas.softmax(s), strict=True)]
        assert gradient == pytest.approx(expected, rel=1e-9)
