"""Cross-entropy with a pseudo-label."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ktg_mm.config import check_number
from ktg_mm.registry import LOSSES
from ktg_mm.structures import NodeOutput, TransferContext

from .base import EdgeLoss


@LOSSES.register_module()
class PseudoLabel(EdgeLoss):
    """Cross-entropy of the target with the class that the source predicts, where the source is sure of it.

    Lee, ICML workshop 2013; Sohn et al., FixMatch, NeurIPS 2020, eq. 4. With sharpening the pseudo-label is soft, the
    source's softmax at that temperature.

    Args:
        threshold: What the source's highest probability must exceed, in [0, 1]; the loss of the other samples is 0, and
            the mean over the batch counts them. Defaults to 0: all samples are kept.
        sharpening: Temperature of a soft pseudo-label, above 0. Defaults to None: the predicted class alone.

    Raises:
        ValueError: If an argument is out of range.

    Example:
        >>> import torch
        >>> source = NodeOutput(torch.tensor([[0.9, 0.1], [0.3, 0.7]]).log())
        >>> PseudoLabel(threshold=0.8)(NodeOutput(torch.zeros(2, 2)), source, None)
        tensor([0.6931, 0.0000])
    """

    teaches_source = 'sharpening'
    numbers = ('threshold',)

    def __init__(self, threshold: float = 0.0, sharpening: float | None = None) -> None:
        super().__init__()
        self.threshold = check_number('threshold', threshold, '[0, 1]')
        self.sharpening = None if sharpening is None else check_number('sharpening', sharpening, '(0, inf)')

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns the cross-entropy per sample, shape (B,)."""
        if self.sharpening is None:
            loss = F.nll_loss(target.log_probabilities(), source.predicted, reduction='none')
        else:
            loss = -(source.probabilities(self.sharpening) * target.log_probabilities()).sum(dim=1)
        return torch.where(source.confidence > self.threshold, loss, 0.0)
