import math

import pytest
import torch

from ktg_mm.models.losses import KLDivergence, Reciprocal
from ktg_mm.structures import NodeOutput

KL = dict(type='KLDivergence', temperature=2.0)


def ends(random):
    return [NodeOutput(torch.tensor(logits, requires_grad=True)) for logits in 2 * random.normal(size=(2, 6, 5))]


def test_formula(random):
    target, source = ends(random)
    plain = KLDivergence(2.0)(target, source, None)
    value = Reciprocal(KL, eps=0.01, weight=3.0)(target, source, None)
    assert value.tolist() == pytest.approx([3.0 / (v + 0.01) for v in plain.tolist()], rel=1e-12)


def test_numbers_unless_given(random):
    target, source = ends(random)
    given = Reciprocal(KL, eps=1e-4, weight=1.0)(target, source, None)
    assert torch.equal(Reciprocal(KL)(target, source, None), given)


def test_it_pushes_apart_what_the_other_draws_together(random):
    logits = 2 * random.normal(size=(2, 6, 5))
    gradients = []
    for loss in (KLDivergence(2.0), Reciprocal(KL)):
        target, source = (NodeOutput(torch.tensor(values, requires_grad=True)) for values in logits)
        (gradient,) = torch.autograd.grad(loss(target, source, None).sum(), target.logits)
        gradients.append(gradient)
    assert bool(((gradients[0] * gradients[1]).sum(dim=1) < 0).all())


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_of_equal_outputs_it_is_bounded(dtype):
    """Where a divergence rounds to 0, or a little below."""
    logits = torch.randn(64, 7, generator=torch.Generator().manual_seed(0)).to(dtype).requires_grad_()
    value = Reciprocal(KL)(NodeOutput(logits), NodeOutput(logits.detach().clone()), None)
    value.sum().backward()
    assert bool((value > 0).all()) and bool((value <= 1e4 * 1.001).all()) and logits.grad.isfinite().all()


@pytest.mark.parametrize('name', ['eps', 'weight'])
@pytest.mark.parametrize('value', [0, -1.0, math.nan, '4', True])
def test_numbers_are_above_0(name, value):
    with pytest.raises(ValueError, match=f'^{name} must be'):
        Reciprocal(KL, **{name: value})
