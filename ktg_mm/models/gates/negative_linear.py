"""Negative linear gate."""

from torch import Tensor

from ktg_mm.registry import GATES
from ktg_mm.structures import NodeOutput, TransferContext

from .base import Gate


@GATES.register_module()
class NegativeLinearGate(Gate):
    """Closes steadily over the run: the weight is (k_end - k) / k_end at iteration k of k_end, counted from 1.

    A gate of the thesis, ch. 5, where knowledge may fade.

    Example:
        >>> import torch
        >>> from ktg_mm.structures import TransferContext
        >>> float(NegativeLinearGate().weight(None, None, None, TransferContext(torch.tensor([0]), progress=0.25)))
        0.75
    """

    by_progress = True

    def weight(self, loss: Tensor, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns one minus the progress k / k_end, shape ()."""
        return 1.0 - context.progress
