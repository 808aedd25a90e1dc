import math

import pytest
import torch

from ktg_mm.models.gates import RampUpGate
from ktg_mm.structures import TransferContext


def gated(gate, k, k_end, losses=(0.25, 3.0)):
    context = TransferContext(None, k / k_end)
    return gate(torch.tensor(losses, dtype=torch.float64), None, None, context)[0].tolist()


@pytest.mark.parametrize('length', [0.1, 0.4, 1])
@pytest.mark.parametrize('shape', ['sigmoid', 'linear'])
def test_formula(length, shape):
    for k in range(1, 38):
        share = k / 37 / length
        weight = 1.0 if share >= 1 else share if shape == 'linear' else math.exp(-5 * (1 - share) * (1 - share))
        assert gated(RampUpGate(length, shape), k, 37) == pytest.approx([weight * 0.25, weight * 3.0], rel=1e-12)


def test_a_sigmoid_over_two_fifths_of_the_run_unless_told_otherwise():
    weights = [gated(RampUpGate(), k, 100, [1.0])[0] for k in range(1, 101)]
    assert weights[:40] == sorted(set(weights[:40])) and set(weights[39:]) == {1.0}
    assert weights[19] == pytest.approx(math.exp(-1.25))


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(length=0), 'length must be in (0, 1], got 0'),
        (dict(length=1.1), 'length must be in (0, 1], got 1.1'),
        (dict(length=math.nan), 'length must be in (0, 1], got nan'),
        (dict(length=True), 'length must be in (0, 1], got True'),
        (dict(shape='cosine'), "shape must be 'sigmoid' or 'linear', got 'cosine'"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError) as caught:
        RampUpGate(**arguments)
    assert str(caught.value) == message
