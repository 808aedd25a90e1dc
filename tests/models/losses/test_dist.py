import math

import numpy as np
import pytest
import torch

from ktg_mm.models.losses import DIST
from ktg_mm.structures import NodeOutput


def correlation(first, second):
    first, second = first - first.mean(), second - second.mean()
    return first @ second / (math.sqrt(first @ first) * math.sqrt(second @ second) + 1e-8)


def parts(target, source, temperature, softmax):
    """1 - rho of each sample, and 1 - the mean of the classes'."""
    own, others = (np.array([softmax(row, temperature) for row in logits]) for logits in (target, source))
    inter = [1 - correlation(a, b) for a, b in zip(own, others, strict=True)]
    intra = [1 - correlation(a, b) for a, b in zip(own.T, others.T, strict=True)]
    return np.array(inter), sum(intra) / len(intra)


def compute(target, source, **arguments):
    return DIST(**arguments)(*(NodeOutput(torch.as_tensor(logits)) for logits in (target, source)), None)


@pytest.mark.parametrize('arguments', [{}, dict(inter_weight=2.0, intra_weight=0.5, temperature=4.0)])
def test_formula(arguments, random, formulas):
    target, source = random.normal(size=(2, 6, 5)) * 2
    beta, gamma, temperature = (dict(inter_weight=1, intra_weight=1, temperature=1) | arguments).values()
    inter, intra = parts(target, source, temperature, formulas.softmax)
    expected = temperature**2 * (beta * inter + gamma * intra)
    np.testing.assert_allclose(compute(target, source, **arguments).numpy(), expected, rtol=1e-9)


def test_each_part_alone(random, formulas):
    target, source = random.normal(size=(2, 6, 5)) * 2
    inter, intra = parts(target, source, 1.0, formulas.softmax)
    np.testing.assert_allclose(compute(target, source, intra_weight=0).numpy(), inter, rtol=1e-9)
    np.testing.assert_allclose(compute(target, source, inter_weight=0).numpy(), [intra] * 6, rtol=1e-9)


def test_one_sample_has_no_classes_part(random):
    logits = torch.tensor(random.normal(size=(1, 5)), requires_grad=True)
    value = compute(logits, random.normal(size=(1, 5)), inter_weight=0)
    value.sum().backward()
    assert value.tolist() == [1.0] and not logits.grad.any()


@pytest.mark.parametrize('name', ['inter_weight', 'intra_weight', 'temperature'])
@pytest.mark.parametrize('value', [-1.0, math.nan, '4', True])
def test_out_of_range(name, value):
    with pytest.raises(ValueError, match=f'^{name} must be'):
        DIST(**{name: value})
