"""Relative threshold gate."""

from mmengine.dist import all_reduce
from torch import Tensor

from ktg_mm.config import check_number
from ktg_mm.models.needs import LabeledSource
from ktg_mm.registry import GATES
from ktg_mm.structures import NodeOutput, TransferContext

from .base import Gate


@GATES.register_module()
class RelativeThresholdGate(Gate):
    """Passes the samples of which the source is nearly as sure as it is of the batch's labelled samples.

    Berthelot et al., AdaMatch, ICLR 2022, eqs. 3 and 4: the confidence must reach ``threshold`` times the mean
    confidence on the labelled samples, of all processes.

    Args:
        threshold: Share of the labelled samples' mean confidence, in [0, 1]. Defaults to 0.95.

    Raises:
        ValueError: If the threshold is out of range.

    Example:
        >>> import torch
        >>> source = NodeOutput(torch.tensor([[0.6, 0.4], [0.3, 0.7]]).log())
        >>> context = TransferContext(None, labeled_source=NodeOutput(torch.tensor([[0.8, 0.2]]).log()))
        >>> RelativeThresholdGate(0.8).weight(torch.ones(2), None, source, context)
        tensor([0., 1.])
    """

    adaptive = True
    needs = (LabeledSource(),)

    def __init__(self, threshold: float = 0.95) -> None:
        super().__init__()
        self.threshold = check_number('threshold', threshold, '[0, 1]')

    def weight(self, loss: Tensor, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns 1 where the source's confidence reaches the share, else 0; shape (B,)."""
        assert context.labeled_source is not None
        mean = context.labeled_source.confidence.mean()
        all_reduce(mean, op='mean')
        return (source.confidence >= self.threshold * mean).to(loss.dtype)
