import numpy as np
import pytest
import torch

from ktg_mm.models.losses import DKD, KLDivergence
from ktg_mm.models.losses.logit_standardization import standardized
from ktg_mm.structures import NodeOutput, TransferContext


def expected_of(logits):
    """Row by row, with the deviation of C - 1 degrees of freedom."""
    return np.stack([(row - row.mean()) / (1e-7 + row.std(ddof=1)) for row in logits])


def test_formula(random):
    logits = random.normal(size=(6, 5)) * 3 + 2
    output = standardized(NodeOutput(torch.tensor(logits)))
    np.testing.assert_allclose(output.logits.numpy(), expected_of(logits), rtol=1e-12)


@pytest.mark.parametrize(
    ('loss', 'arguments'), [(KLDivergence, dict(temperature=2.0, sharpening=0.5)), (DKD, dict(alpha=9.0, beta=72.0))]
)
def test_losses_see_standardised_logits_of_both_ends(loss, arguments, random):
    target, source = random.normal(size=(2, 6, 5)) * 3
    context = TransferContext(torch.tensor([4, 0, 1, 1, 2, 3]))
    ends = [NodeOutput(torch.tensor(logits)) for logits in (target, source)]
    plain = [NodeOutput(torch.tensor(expected_of(logits))) for logits in (target, source)]
    values = loss(standardize=True, **arguments)(*ends, context)
    torch.testing.assert_close(values, loss(**arguments)(*plain, context), rtol=1e-9, atol=1e-12)
    assert not torch.allclose(values, loss(**arguments)(*ends, context), rtol=1e-2)


def test_neither_scale_nor_shift_matters_but_order_does(random):
    source = torch.tensor(random.normal(size=(6, 5)))
    loss = KLDivergence(standardize=True)
    value = loss(NodeOutput(7 * source + 3), NodeOutput(source), None)
    torch.testing.assert_close(value, torch.zeros(6, dtype=torch.float64), rtol=0, atol=1e-6)
    assert bool((loss(NodeOutput(-source), NodeOutput(source), None) > 0.1).all())


def test_the_gradient_flows_through_mean_and_deviation(random):
    logits = torch.tensor(random.normal(size=(3, 5)), requires_grad=True)
    assert torch.autograd.gradcheck(lambda value: standardized(NodeOutput(value)).logits, [logits])


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_equal_logits_have_no_gradient(dtype):
    logits = torch.full((2, 5), 3.0, dtype=dtype, requires_grad=True)
    source = NodeOutput(torch.arange(10.0).reshape(2, 5))
    value = KLDivergence(standardize=True)(NodeOutput(logits), source, None)
    value.sum().backward()
    assert value.isfinite().all() and value.dtype == torch.float32 and logits.grad.isfinite().all()
    assert not standardized(NodeOutput(logits)).logits.any()
