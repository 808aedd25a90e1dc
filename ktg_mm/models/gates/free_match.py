"""FreeMatch's gate."""

from torch import Tensor

from ktg_mm.registry import GATES
from ktg_mm.structures import NodeOutput, TransferContext

from .base import Gate
from .self_adaptive_threshold import SelfAdaptiveThreshold


@GATES.register_module()
class FreeMatchGate(Gate):
    """Passes the samples that reach a threshold that follows how sure the source is, overall and of each class.

    Wang et al., FreeMatch, ICLR 2023, eqs. 5 to 8; see SelfAdaptiveThreshold for the thresholds and their state.

    Args:
        momentum: Share of the old averages that is kept at each batch, in [0, 1). Defaults to 0.999.

    Raises:
        ValueError: If the momentum is out of range.

    Example:
        >>> import torch
        >>> gate = FreeMatchGate(momentum=0.0)
        >>> gate.set_num_classes(2)
        >>> source = NodeOutput(torch.tensor([[0.9, 0.1], [0.7, 0.3]]).log())
        >>> gate.weight(torch.ones(2), None, source, TransferContext(None))
        tensor([1., 0.])
    """

    adaptive = True

    def __init__(self, momentum: float = 0.999) -> None:
        super().__init__()
        self.threshold = SelfAdaptiveThreshold(momentum)

    def set_num_classes(self, num_classes: int) -> None:
        """Makes the state."""
        self.threshold.set_num_classes(num_classes)

    def weight(self, loss: Tensor, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns 1 where the source's confidence reaches its class's threshold, else 0; shape (B,)."""
        return self.threshold(source).to(loss.dtype)
