"""Cross-entropy with the label."""

from typing import cast

import torch.nn.functional as F
from torch import Tensor

from ktg_mm.config import check_number
from ktg_mm.registry import LOSSES
from ktg_mm.structures import LabelOutput, NodeOutput, TransferContext, full_precision

from .base import EdgeLoss


@LOSSES.register_module()
class CrossEntropy(EdgeLoss):
    """Cross-entropy with the label, which equals KL(onehot(y) || p_target) (Minami et al., ACCV 2020, eq. 1).

    A target with an attention branch learns the label with both branches: the two cross-entropies are added (Fukui et
    al., CVPR 2019, eq. 2). Soft labels, such as mixed ones, are learnt as they are: ``-sum_c y_c log p_c``.

    Args:
        label_smoothing: Share of the label that is spread evenly over all classes, in [0, 1), as torch's
            ``F.cross_entropy`` has it (Szegedy et al., CVPR 2016, section 7). Defaults to 0.

    Raises:
        ValueError: If the share is out of range.

    Example:
        >>> import torch
        >>> from ktg_mm.structures import LabelOutput, NodeOutput, TransferContext
        >>> labels = torch.tensor([0])
        >>> target = NodeOutput(torch.zeros(1, 2))
        >>> CrossEntropy()(target, LabelOutput(labels, 2), TransferContext(labels))
        tensor([0.6931])
    """

    trains_attention_branch = True
    sources = ('label',)

    def __init__(self, label_smoothing: float = 0.0) -> None:
        super().__init__()
        self.label_smoothing = check_number('label_smoothing', label_smoothing, '[0, 1)')

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns the cross-entropy per sample, shape (B,)."""
        label = cast(LabelOutput, source)  # nobody else teaches through this loss
        loss = self._cross_entropy(target.log_probabilities(), label)
        if target.attention_logits is not None:
            branch = F.log_softmax(full_precision(target.attention_logits), dim=1)
            loss = loss + self._cross_entropy(branch, label)
        return loss

    def _cross_entropy(self, log_probabilities: Tensor, label: LabelOutput) -> Tensor:
        if label.scores is None:
            loss = F.nll_loss(log_probabilities, label.labels, reduction='none')
        else:
            loss = -(label.scores * log_probabilities).sum(dim=1)
        if self.label_smoothing:
            loss = (1 - self.label_smoothing) * loss - self.label_smoothing * log_probabilities.mean(dim=1)
        return loss
