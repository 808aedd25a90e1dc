"""Inter-channel correlation distillation."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from ktg_mm.config.check_argument import check_part
from ktg_mm.models.norm_layer import norm_layer
from ktg_mm.registry import LOSSES
from ktg_mm.structures import NodeOutput, TransferContext

from .feature_loss import FeatureLoss


@LOSSES.register_module()
class ICKD(FeatureLoss):
    """Squared distance of how alike a feature map's channels are to one another (Liu et al., ICCV 2021, ICKD-C).

    With ``F`` a sample's map as C rows of H W numbers, the rows of ``F F^T`` are divided by their L2 norms; a sample's
    value is the sum of the two ends' squared differences over C, the source's channels. The target's map goes through a
    1 x 1 convolution without bias to C channels and a norm before; heights and widths may differ. The mean over the
    batch is the authors' code's, of whose CIFAR recipe 2.5 is the weight; torchdistill divides by B once more. Several
    layers are added up.

    Args:
        layers: See FeatureLoss. Defaults to ``'map'``, the last feature map.
        norm_cfg: Kind of the norm, such as ``dict(type='GN', num_groups=8)``. Default: batch norm.

    Raises:
        ValueError: If an argument is wrong.

    Example:
        >>> loss = ICKD()
        >>> loss.set_shapes([torch.Size([2, 8, 8])], [torch.Size([3, 4, 4])])
        >>> target, source = (NodeOutput(None, features=dict(map=torch.rand(4, c, s, s))) for c, s in ((2, 8), (3, 4)))
        >>> loss(target, source, None).shape
        torch.Size([4])
    """

    learns = True

    def __init__(
        self, layers: str | Sequence[str] | Mapping[str, Any] = 'map', norm_cfg: dict[str, Any] | None = None
    ) -> None:
        super().__init__(layers)
        self.norm_cfg = check_part('norm_cfg', norm_cfg) or dict(type='BN')
        norm_layer(self.norm_cfg, 1)  # one that mmcv does not take shows here
        self.embeds = nn.ModuleList()

    def set_shapes(self, target: list[torch.Size], source: list[torch.Size]) -> None:
        """Makes the convolution and the norm of each layer."""
        super().set_shapes(target, source)
        self.embeds = nn.ModuleList(
            nn.Sequential(nn.Conv2d(own[0], others[0], 1, bias=False), norm_layer(self.norm_cfg, others[0]))
            for own, others in zip(target, source, strict=True)
        )

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns the distance per sample, shape (B,)."""
        distances = []
        for (own, others), embed in zip(self.pairs(target, source), self.embeds, strict=True):
            distance = (_correlations(embed(own)) - _correlations(others)).square()
            distances.append(distance.sum(dim=2).mean(dim=1))
        return torch.stack(distances).sum(dim=0)


def _correlations(feature: Tensor) -> Tensor:
    flat = feature.flatten(2)
    return normalize(flat @ flat.transpose(1, 2), dim=2)
