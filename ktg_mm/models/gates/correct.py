"""Correct gate."""

from torch import Tensor

from ktg_mm.models.needs import Labels
from ktg_mm.registry import GATES
from ktg_mm.structures import NodeOutput, TransferContext

from .base import Gate


@GATES.register_module()
class CorrectGate(Gate):
    """Passes the samples that the source classifies correctly (Minami et al., ACCV 2020, eq. 7).

    The mean that follows still divides by the whole batch. On a label edge the source is always right, so the gate
    equals ThroughGate there.

    Example:
        >>> import torch
        >>> from ktg_mm.structures import NodeOutput, TransferContext
        >>> source = NodeOutput(torch.tensor([[2.0, 1.0], [2.0, 1.0]]))
        >>> CorrectGate().weight(torch.ones(2), None, source, TransferContext(torch.tensor([0, 1])))
        tensor([1., 0.])
    """

    open_to_label = True
    needs = (Labels(),)

    def weight(self, loss: Tensor, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns 1 where the source is right, else 0; shape (B,)."""
        assert context.labels is not None  # the edge is about labelled samples
        return (source.predicted == context.labels).to(loss.dtype)
