import math

import numpy as np
import pytest
import torch

from ktg_mm.models.gates import CutoffGate, SineGate, ThroughGate
from ktg_mm.structures import TransferContext


def gated(gate, k, k_end, losses=(0.25, 3.0)):
    context = TransferContext(torch.zeros(len(losses)), k / k_end)
    return gate(torch.tensor(losses, dtype=torch.float64), None, None, context)[0].tolist()


@pytest.mark.parametrize('frequency', [0.0, 0.3, 1.0])
@pytest.mark.parametrize('phase', [0.0, 1.0, 1.5 * math.pi, 2 * math.pi])
def test_formula(frequency, phase):
    for k in range(1, 14):
        weight = 0.5 + 0.5 * np.sin(2 * np.pi * frequency * k / 13 + phase)
        assert gated(SineGate(frequency, phase), k, 13) == pytest.approx([weight * 0.25, weight * 3.0], abs=1e-12)


@pytest.mark.parametrize(('phase', 'same'), [(math.pi / 2, ThroughGate()), (1.5 * math.pi, CutoffGate())])
def test_without_frequency_it_is_another_gate(phase, same):
    for k in range(1, 11):
        assert gated(SineGate(0, phase), k, 10) == pytest.approx(gated(same, k, 10), abs=1e-12)


def test_half_a_period_opens_smoothly():
    weights = [gated(SineGate(0.5, 1.5 * math.pi), k, 100, [1.0])[0] for k in range(1, 101)]
    assert weights == sorted(weights)
    assert weights[0] < 1e-3 and weights[49] == pytest.approx(0.5) and weights[-1] == pytest.approx(1)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(frequency=-0.1, phase=0), 'frequency must be in [0, 1], got -0.1'),
        (dict(frequency=1.1, phase=0), 'frequency must be in [0, 1], got 1.1'),
        (dict(frequency=math.nan, phase=0), 'frequency must be in [0, 1], got nan'),
        (dict(frequency='fast', phase=0), "frequency must be in [0, 1], got 'fast'"),
        (dict(frequency=0.5, phase=-1), 'phase must be in [0, 2 pi] (radians), got -1'),
        (dict(frequency=0.5, phase=270), 'phase must be in [0, 2 pi] (radians), got 270'),
        (dict(frequency=0.5, phase='pi'), "phase must be in [0, 2 pi] (radians), got 'pi'"),
    ],
)
def test_out_of_range(arguments, message):
    with pytest.raises(ValueError) as caught:
        SineGate(**arguments)
    assert str(caught.value) == message
