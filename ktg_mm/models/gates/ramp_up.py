"""Ramp-up gate."""

from torch import Tensor

from ktg_mm.config import check_number
from ktg_mm.registry import GATES
from ktg_mm.structures import NodeOutput, TransferContext

from .base import Gate


@GATES.register_module()
class RampUpGate(Gate):
    """Opens over the first part of the run and stays open: exp(-5 (1 - r)^2), r = min(progress / length, 1).

    Laine and Aila, ICLR 2017, section 2.3; Tarvainen and Valpola, NeurIPS 2017. The linear shape is r itself.

    Args:
        length: Share of the run after which the gate is open, in (0, 1]. Defaults to 0.4.
        shape: ``'sigmoid'``, the formula above, or ``'linear'``. Defaults to ``'sigmoid'``.

    Raises:
        ValueError: If the length is out of range or the shape unknown.

    Example:
        >>> gate = RampUpGate(length=0.5, shape='linear')
        >>> [float(gate.weight(None, None, None, TransferContext(None, progress))) for progress in (0.125, 0.5, 1.0)]
        [0.25, 1.0, 1.0]
    """

    by_progress = True
    numbers = ('length',)

    def __init__(self, length: float = 0.4, shape: str = 'sigmoid') -> None:
        super().__init__()
        self.length = check_number('length', length, '(0, 1]')
        if shape not in ('sigmoid', 'linear'):
            raise ValueError(f"shape must be 'sigmoid' or 'linear', got {shape!r}")
        self.shape = shape

    def weight(self, loss: Tensor, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns the ramp's height at the present progress, in (0, 1], shape ()."""
        share = (context.progress / self.length).clamp(max=1.0)
        return share if self.shape == 'linear' else (-5 * (1 - share).square()).exp()
