"""Simple recipe distillation."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ktg_mm.config import check_number
from ktg_mm.registry import LOSSES
from ktg_mm.structures import NodeOutput, TransferContext

from .feature_loss import FeatureLoss
from .kl_divergence import KLDivergence

EPS = 1e-4  # of the variances


@LOSSES.register_module()
class SRD(FeatureLoss):
    """Logarithm of the distance of standardised features, and KL divergence (Miles and Mikolajczyk, AAAI 2024).

    ``2 log sum |g_target - g_source|^exponent + KL(p_source || p_target)``, the sum over the batch and all dimensions,
    1e-12 added to it (ours). ``g_source`` are the source's vectors, each dimension standardised with the batch's mean
    and variance (plus 1e-4); ``g_target`` are the target's behind a linear layer to the source's dimensions, likewise.
    Torchdistill's ``SRDLoss`` with its recipe's exponent; not SRRL (Yang et al., ICLR 2021), which goes by this name,
    too. The usual weight is 1. The logarithms of several layers are added up.

    The loss is relational: the sum is inside a logarithm, so all samples have the same value of it, which a gate weighs
    by its mean weight; the divergence is a sample's own. The batch is that of one process; others' samples are not
    gathered. One sample alone has no distance: the logarithm is 2 log 1e-12, its gradient 0.

    Args:
        layers: See FeatureLoss; a feature map is averaged over its cells. Defaults to ``'map'``.
        exponent: At least 1. Defaults to 4.

    Raises:
        ValueError: If an argument is wrong.

    Example:
        >>> loss = SRD('embedding')
        >>> loss.set_shapes([torch.Size([3])], [torch.Size([2])])
        >>> target, source = (NodeOutput(torch.zeros(4, 2), features=dict(embedding=torch.rand(4, d))) for d in (3, 2))
        >>> loss(target, source, None).shape
        torch.Size([4])
    """

    relational = True
    learns = True
    trains_head = True
    of_vectors = True

    def __init__(self, layers: str | Sequence[str] | Mapping[str, Any] = 'map', exponent: float = 4.0) -> None:
        super().__init__(layers)
        self.exponent = check_number('exponent', exponent, '[1, inf)')
        self.divergence = KLDivergence()
        self.projectors = nn.ModuleList()

    def set_shapes(self, target: list[torch.Size], source: list[torch.Size]) -> None:
        """Makes the linear layer of each layer."""
        super().set_shapes(target, source)
        self.projectors = nn.ModuleList(
            nn.Linear(own[0], others[0]) for own, others in zip(target, source, strict=True)
        )

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns the batch's logarithm plus the sample's divergence, shape (B,)."""
        value = self.divergence(target, source, context)
        for (own, others), projector in zip(self.pairs(target, source), self.projectors, strict=True):
            distance = (_standardized(projector(own)) - _standardized(others)).abs().pow(self.exponent)
            value = value + 2 * (distance.sum() + 1e-12).log()
        return value


def _standardized(vectors: Tensor) -> Tensor:
    variance, mean = torch.var_mean(vectors, dim=0, correction=0)
    return (vectors - mean) / (variance + EPS).sqrt()
