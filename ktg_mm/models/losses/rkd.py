"""Relational knowledge distillation."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import smooth_l1_loss

from ktg_mm.config import check_number
from ktg_mm.registry import LOSSES
from ktg_mm.structures import NodeOutput, TransferContext

from .feature_loss import FeatureLoss

EPS = 1e-12


@LOSSES.register_module()
class RKD(FeatureLoss):
    """The distances between the batch's samples, and the angles between three of them (Park et al., CVPR 2019).

    ``distance_weight`` times the mean over all B^2 pairs of the smooth L1 distance of d_target and d_source, d being
    the Euclidean distance of two embeddings over the mean distance of different samples; and ``angle_weight`` times the
    mean over all B^3 triples i, j, k of that of the cosines of the angle at i. Pairs and triples that have a sample
    twice count with 0, as in RepDistiller, MDistiller and torchdistill, and the target's mean distance is
    differentiated, too. Two embeddings nearer than 1e-6 count as that far apart and have no direction (there those have
    one of length 1 and a gradient of up to 1e12). Dimensions may differ, nothing is learnt of its own. Several layers
    are added up.

    The loss is relational: a sample's value are its pairs, and the angles at it, a gate weighs these, and all samples
    stay in every one. B is the batch of one process; others' samples are not gathered. One sample alone gives 0. Each
    end takes B^2 (B + D) numbers, at the target some times over for the backward pass.

    Args:
        layers: See FeatureLoss; a feature map is averaged over its cells. Defaults to ``'embedding'``.
        distance_weight: At least 0. Defaults to 25.
        angle_weight: At least 0. Defaults to 50.

    Raises:
        ValueError: If an argument is wrong.

    Example:
        >>> target, source = (NodeOutput(torch.zeros(2, 2), features=dict(embedding=scale * torch.eye(2)))
        ...                   for scale in (1.0, 2.0))
        >>> RKD()(target, source, None)
        tensor([0., 0.])
    """

    relational = True
    of_vectors = True

    def __init__(
        self,
        layers: str | Sequence[str] | Mapping[str, Any] = 'embedding',
        distance_weight: float = 25.0,
        angle_weight: float = 50.0,
    ) -> None:
        super().__init__(layers)
        self.distance_weight = check_number('distance_weight', distance_weight, '[0, inf)')
        self.angle_weight = check_number('angle_weight', angle_weight, '[0, inf)')

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns each row's share, shape (B,)."""
        shares = []
        for pair in self.pairs(target, source):
            own, others = (_relations(vectors) for vectors in pair)
            distance, angle = (smooth_l1_loss(*both, reduction='none') for both in zip(own, others, strict=True))
            shares.append(self.distance_weight * distance.mean(dim=1) + self.angle_weight * angle.mean(dim=(1, 2)))
        return torch.stack(shares).sum(dim=0)


def _relations(vectors: Tensor) -> tuple[Tensor, Tensor]:
    """Distances over their mean (B, B), and the cosine of the angle at i between j and k (B, B, B)."""
    size = len(vectors)
    difference = vectors - vectors.unsqueeze(1)
    squared = difference.square().sum(dim=2)
    distance = squared.clamp(min=EPS).sqrt()
    direction = difference * ((squared > EPS) / distance).unsqueeze(2)
    apart = distance.masked_fill(torch.eye(size, dtype=torch.bool, device=vectors.device), 0.0)
    mean = apart.sum() / max(size * (size - 1), 1)
    return apart / mean.clamp(min=EPS), direction @ direction.transpose(1, 2)
