"""Repulsion of probabilities."""

import torch.nn.functional as F
from torch import Tensor

from ktg_mm.registry import LOSSES
from ktg_mm.structures import NodeOutput, TransferContext

from .base import EdgeLoss


@LOSSES.register_module()
class ProbabilityCosine(EdgeLoss):
    """Cosine similarity of the two probability vectors; minimised, it pushes the target away from its source.

    Okamoto et al., ECCV 2022.

    Example:
        >>> import torch
        >>> from ktg_mm.structures import NodeOutput
        >>> same = NodeOutput(torch.zeros(1, 2))
        >>> ProbabilityCosine()(same, same.detach(), None).round(decimals=3)
        tensor([1.])
    """

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns the similarity per sample, in [0, 1], shape (B,)."""
        return F.cosine_similarity(target.probabilities(), source.probabilities(), dim=1)
