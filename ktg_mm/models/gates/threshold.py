"""Threshold gate."""

from torch import Tensor

from ktg_mm.config import check_number
from ktg_mm.registry import GATES
from ktg_mm.structures import NodeOutput, TransferContext

from .base import Gate


@GATES.register_module()
class ThresholdGate(Gate):
    """Passes the samples of which the source is sure (Sohn et al., FixMatch, NeurIPS 2020, eq. 4).

    The mean that follows still divides by the whole batch. A label is always sure, so the gate equals ThroughGate on a
    label edge, unless the threshold is 1, which no confidence exceeds.

    Args:
        threshold: What the source's highest probability must exceed, in [0, 1]. Defaults to 0.95.

    Raises:
        ValueError: If the threshold is out of range.

    Example:
        >>> import torch
        >>> source = NodeOutput(torch.tensor([[0.9, 0.1], [0.3, 0.7]]).log())
        >>> ThresholdGate(0.8).weight(torch.ones(2), None, source, TransferContext(None))
        tensor([1., 0.])
    """

    numbers = ('threshold',)

    def __init__(self, threshold: float = 0.95) -> None:
        super().__init__()
        self.threshold = check_number('threshold', threshold, '[0, 1]')
        self.open_to_label = threshold < 1

    def weight(self, loss: Tensor, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns 1 where the source's confidence exceeds the threshold, else 0; shape (B,)."""
        return (source.confidence > self.threshold).to(loss.dtype)
