import math

import pytest
import torch

from ktg_mm.models.losses import KLDivergence, Negated, ProbabilityCosine
from ktg_mm.structures import NodeOutput

KL = dict(type='KLDivergence', temperature=2.0)


def ends(random, scale=2.0):
    return [NodeOutput(torch.tensor(logits, requires_grad=True)) for logits in scale * random.normal(size=(2, 6, 5))]


@pytest.mark.parametrize(
    ('cfg', 'loss'), [(KL, KLDivergence(2.0)), (dict(type='ProbabilityCosine'), ProbabilityCosine())]
)
def test_formula(cfg, loss, random):
    target, source = ends(random)
    torch.testing.assert_close(Negated(cfg)(target, source, None), -loss(target, source, None), rtol=0, atol=0)


def test_above_the_bound_nothing_is_learnt(random):
    target, source = ends(random, 5.0)
    plain = KLDivergence(2.0)(target, source, None)
    bound = float(plain.detach().median()) + 1e-6
    value = Negated(KL, bound=bound)(target, source, None)
    assert value.tolist() == pytest.approx([-min(v, bound) for v in plain.tolist()], rel=1e-12)
    value.sum().backward()
    learns = target.logits.grad.abs().sum(dim=1) > 0
    assert learns.tolist() == [v < bound for v in plain.tolist()] and 0 < int(learns.sum()) < 6


def test_descent_ends_at_the_bound():
    """Minus a KL divergence alone would go on for ever."""
    logits = torch.zeros(1, 3, requires_grad=True)
    source = NodeOutput(torch.tensor([[1.0, 0.0, 0.0]]))
    optimizer = torch.optim.SGD([logits], lr=5.0)
    for _ in range(200):
        optimizer.zero_grad()
        value = Negated(dict(type='KLDivergence'), bound=4.0)(NodeOutput(logits), source, None).sum()
        value.backward()
        optimizer.step()
    assert float(value.detach()) == -4.0 and float(logits.detach().abs().max()) < 30


@pytest.mark.parametrize('value', [0, -1.0, math.nan, '4', True])
def test_the_bound_is_above_0(value):
    with pytest.raises(ValueError, match=r'^bound must be'):
        Negated(KL, bound=value)
