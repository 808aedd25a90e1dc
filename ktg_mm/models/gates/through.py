"""Through gate."""

from torch import Tensor

from ktg_mm.registry import GATES
from ktg_mm.structures import NodeOutput, TransferContext

from .base import Gate


@GATES.register_module()
class ThroughGate(Gate):
    """Passes every loss unchanged (Minami et al., ACCV 2020, eq. 4). The gate of an edge that names none.

    Example:
        >>> import torch
        >>> gate = ThroughGate()
        >>> gate.weight(torch.ones(2), None, None, None)
        1.0
    """

    open = True
    by_progress = True

    def weight(self, loss: Tensor, target: NodeOutput, source: NodeOutput, context: TransferContext) -> float:
        """Returns 1."""
        return 1.0
