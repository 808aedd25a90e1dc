import math

import numpy as np
import pytest
import torch

from ktg_mm.models.losses import DKD, KLDivergence
from ktg_mm.structures import NodeOutput, TransferContext

LABELS = [4, 0, 1, 1, 2, 3]


def parts(target, source, label, temperature, softmax):
    """The divergences of one sample, T^2 included: of the true class, of the others."""
    binary = []
    for logits in (target, source):
        p = softmax(logits, temperature)
        binary.append((p[label], sum(value for k, value in enumerate(p) if k != label)))
    of_label = sum(s * math.log(s / t) for t, s in zip(*binary, strict=True))
    own, others = (softmax(np.delete(logits, label), temperature) for logits in (target, source))
    of_rest = sum(s * math.log(s / t) for t, s in zip(own, others, strict=True))
    return temperature**2 * of_label, temperature**2 * of_rest


def compute(target, source, labels=LABELS, **arguments):
    ends = (NodeOutput(torch.as_tensor(logits)) for logits in (target, source))
    return DKD(**arguments)(*ends, TransferContext(torch.tensor(labels)))


@pytest.mark.parametrize('arguments', [{}, dict(alpha=0.5, beta=2.0, temperature=1.0), dict(alpha=0, beta=1)])
def test_formula(arguments, random, formulas):
    target, source = random.normal(size=(2, 6, 5)) * 3
    weights = dict(alpha=1.0, beta=8.0, temperature=4.0) | arguments
    expected = []
    for t, s, label in zip(target, source, LABELS, strict=True):
        of_label, of_rest = parts(t, s, label, weights['temperature'], formulas.softmax)
        expected.append(weights['alpha'] * of_label + weights['beta'] * of_rest)
    np.testing.assert_allclose(compute(target, source, **arguments).numpy(), expected, rtol=1e-9)


def test_hintons_is_the_sum_with_the_others_share_as_beta(random, formulas):
    """The paper's decomposition: KL = TCKD + (1 - p_source,y) NCKD."""
    target, source = random.normal(size=(2, 6, 5)) * 2
    rest = torch.tensor(1 - np.array([formulas.softmax(s, 3.0)[y] for s, y in zip(source, LABELS, strict=True)]))
    of_label = compute(target, source, alpha=1, beta=0, temperature=3.0)
    of_rest = compute(target, source, alpha=0, beta=1, temperature=3.0)
    hinton = KLDivergence(temperature=3.0)(NodeOutput(torch.tensor(target)), NodeOutput(torch.tensor(source)), None)
    torch.testing.assert_close(of_label + rest * of_rest, hinton, rtol=1e-9, atol=1e-12)


def test_of_two_classes_there_is_no_rest(random):
    target, source = random.normal(size=(2, 6, 2))
    assert compute(target, source, [0, 1, 0, 1, 1, 0], alpha=0).tolist() == pytest.approx([0.0] * 6, abs=1e-12)


def test_a_sure_source_keeps_its_digits():
    """1 - p rounds to 0 where p is near 1; the others' sum does not."""
    source = torch.tensor([[60.0, 0.0, 1.0]], requires_grad=True)
    target = torch.tensor([[80.0, 1.0, 0.0]], requires_grad=True)
    context = TransferContext(torch.tensor([0]))
    value = DKD(alpha=0, beta=1, temperature=1.0)(NodeOutput(target), NodeOutput(source).detach(), context)
    value.sum().backward()
    p = 1 / (1 + math.e)
    assert float(value.detach()) == pytest.approx((1 - p) - p, rel=1e-4)
    assert target.grad[0].tolist() == pytest.approx([0.0, 1 - 2 * p, 2 * p - 1], rel=1e-4, abs=1e-5)


@pytest.mark.parametrize('name', ['alpha', 'beta', 'temperature'])
@pytest.mark.parametrize('value', [-1.0, math.nan, '4', True])
def test_out_of_range(name, value):
    with pytest.raises(ValueError, match=f'^{name} must be'):
        DKD(**{name: value})


@pytest.mark.parametrize('loss', [DKD, KLDivergence])
def test_standardize_is_true_or_false(loss):
    with pytest.raises(ValueError, match=r"^standardize must be True or False, got 'no'"):
        loss(standardize='no')
