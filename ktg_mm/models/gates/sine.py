"""Sine gate."""

import math

import torch
from torch import Tensor

from ktg_mm.config import check_number
from ktg_mm.registry import GATES
from ktg_mm.structures import NodeOutput, TransferContext

from .base import Gate


@GATES.register_module()
class SineGate(Gate):
    """Opens and closes as a sine over the run: 0.5 + 0.5 sin(2 pi frequency k / k_end + phase) (thesis, ch. 3).

    It contains other gates: frequency 0 and phase pi/2 is ThroughGate; frequency 0.5 and phase 3 pi/2 rises smoothly
    from 0 to 1. The searched range is frequency in [0, 1], phase in [0, 3 pi/2].

    Args:
        frequency: Periods over the whole run, in [0, 1].
        phase: Angle at the start in radians, in [0, 2 pi].

    Raises:
        ValueError: If frequency or phase is out of range.

    Example:
        >>> import math, torch
        >>> from ktg_mm.structures import TransferContext
        >>> gate = SineGate(frequency=0.5, phase=1.5 * math.pi)
        >>> round(float(gate.weight(None, None, None, TransferContext(torch.tensor([0]), progress=0.5))), 6)
        0.5
    """

    by_progress = True
    numbers = ('frequency', 'phase')

    def __init__(self, frequency: float, phase: float) -> None:
        super().__init__()
        check_number('frequency', frequency, '[0, 1]')
        if isinstance(phase, bool) or not isinstance(phase, (int, float)) or not 0 <= phase <= 2 * math.pi:
            raise ValueError(f'phase must be in [0, 2 pi] (radians), got {phase!r}')
        self.frequency = frequency
        self.phase = phase

    def weight(self, loss: Tensor, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns the sine's value at the present progress, in [0, 1], shape ()."""
        return 0.5 + 0.5 * torch.sin(2 * math.pi * self.frequency * context.progress + self.phase)
