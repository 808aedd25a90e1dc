"""Cross-entropy with the label, weighed by how sure the teacher is."""

import torch
from mmengine.dist import all_reduce
from torch import Tensor

from ktg_mm.models.needs import Labels
from ktg_mm.registry import LOSSES
from ktg_mm.structures import LabelOutput, NodeOutput, TransferContext

from .base import EdgeLoss
from .cross_entropy import CrossEntropy


@LOSSES.register_module()
class CWTM(EdgeLoss):
    """The label's cross-entropy, where samples of which the source is surer count more (Furlanello et al., ICML 2018).

    Confidence weighted by teacher max, eq. 10: ``sum_b w_b CE_b``, where ``w_b`` is the source's highest probability of
    sample b, divided by the sum of these over the batch. A sample's value is ``B w_b CE_b``, so that their mean is the
    formula. The source tells no class: all it says is how much each sample counts. Nothing flows back into it.

    The loss is relational: the sum is over the batch's samples that the edge is about, in training those of all
    processes, as one process with the whole batch would have it, and over those that a gate keeps out, too. B is their
    number.

    Example:
        >>> source = NodeOutput(torch.tensor([[0.9, 0.1], [0.4, 0.6]]).log())
        >>> CWTM()(NodeOutput(torch.zeros(2, 2)), source, TransferContext(torch.tensor([0, 0])))
        tensor([0.8318, 0.5545])
    """

    trains_attention_branch = True
    relational = True
    teaches_source = False
    needs = (Labels(),)

    def __init__(self) -> None:
        super().__init__()
        self.cross_entropy = CrossEntropy()

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns the weighed cross-entropy per sample, shape (B,)."""
        assert context.labels is not None
        confidence = source.detach().confidence
        total, count = confidence.sum(), confidence.new_full((), len(confidence))
        if self.training:  # in evaluation a process may have no batch left
            totals = torch.stack([total, count])
            all_reduce(totals, op='sum')
            total, count = totals.unbind()
        label = LabelOutput(context.labels, target.logits.shape[1])
        return self.cross_entropy(target, label, context) * (confidence / (total / count))
