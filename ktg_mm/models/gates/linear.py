"""Linear gate."""

from torch import Tensor

from ktg_mm.registry import GATES
from ktg_mm.structures import NodeOutput, TransferContext

from .base import Gate


@GATES.register_module()
class LinearGate(Gate):
    """Opens steadily over the run: the weight is k / k_end at iteration k of k_end, counted from 1.

    Minami et al., ACCV 2020, eq. 6 (the PositiveLinear gate of the later work).

    Example:
        >>> import torch
        >>> from ktg_mm.structures import TransferContext
        >>> float(LinearGate().weight(None, None, None, TransferContext(torch.tensor([0]), progress=0.25)))
        0.25
    """

    by_progress = True

    def weight(self, loss: Tensor, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns the progress k / k_end, shape ()."""
        return context.progress
