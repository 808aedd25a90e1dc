"""Squared distance of probabilities."""

from torch import Tensor

from ktg_mm.registry import LOSSES
from ktg_mm.structures import NodeOutput, TransferContext

from .base import EdgeLoss


@LOSSES.register_module()
class ProbabilityMSE(EdgeLoss):
    """Squared distance of the two probability vectors, averaged over the classes.

    Laine and Aila, Pi-model, ICLR 2017; Tarvainen and Valpola, Mean Teacher, NeurIPS 2017. From the label: MixMatch
    (Berthelot et al., NeurIPS 2019, eq. 4).

    Example:
        >>> import torch
        >>> target, source = (NodeOutput(torch.tensor([[p, 1 - p]]).log()) for p in (0.9, 0.6))
        >>> ProbabilityMSE()(target, source, None)
        tensor([0.0900])
    """

    sources = ('label', 'node')

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns the distance per sample, shape (B,)."""
        return (target.probabilities() - source.probabilities()).square().mean(dim=1)
