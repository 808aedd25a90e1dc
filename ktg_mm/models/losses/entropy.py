"""Entropy of what a node says."""

from torch import Tensor

from ktg_mm.registry import LOSSES
from ktg_mm.structures import NodeOutput, TransferContext

from .base import EdgeLoss


@LOSSES.register_module()
class Entropy(EdgeLoss):
    """-sum_k p_k log p_k of the target alone, which becomes surer (Grandvalet and Bengio, NeurIPS 2004).

    It stands on a self edge such as ``'net1->net1:entropy'``, which needs no second view.

    Example:
        >>> import torch
        >>> Entropy()(NodeOutput(torch.zeros(1, 2)), None, None)
        tensor([0.6931])
    """

    of_target = True
    teaches_source = False

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns the entropy per sample, shape (B,)."""
        return -(target.probabilities() * target.log_probabilities()).sum(dim=1)
