"""Cross-entropy with the label."""

import torch.nn.functional as F
from torch import Tensor

from ktg_mm.registry import LOSSES
from ktg_mm.structures import NodeOutput, TransferContext

from .base import EdgeLoss


@LOSSES.register_module()
class CrossEntropy(EdgeLoss):
    """Cross-entropy with the label, which equals KL(onehot(y) || p_target) (Minami et al., ACCV 2020, eq. 1).

    A target with an attention branch learns the label with both branches: the two cross-entropies are added (Fukui et
    al., CVPR 2019, eq. 2).

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

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns the cross-entropy per sample, shape (B,)."""
        assert context.labels is not None  # the edge is about labelled samples
        loss = F.nll_loss(target.log_probabilities(), context.labels, reduction='none')
        if target.attention_logits is not None:
            loss = loss + F.cross_entropy(target.attention_logits, context.labels, reduction='none')
        return loss
