"""Cutoff gate."""

from torch import Tensor

from ktg_mm.registry import GATES
from ktg_mm.structures import NodeOutput, TransferContext

from .base import Gate


@GATES.register_module()
class CutoffGate(Gate):
    """Passes nothing (Minami et al., ACCV 2020, eq. 5): the graph does not even compute the edge.

    Example:
        >>> CutoffGate().cut
        True
    """

    cut = True
    by_progress = True

    def weight(self, loss: Tensor, target: NodeOutput, source: NodeOutput, context: TransferContext) -> float:
        """Returns 0."""
        return 0.0
