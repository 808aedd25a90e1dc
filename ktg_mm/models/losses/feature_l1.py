"""L1 distance of feature maps."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ktg_mm.config.check_argument import check_part
from ktg_mm.models.norm_layer import norm_layer
from ktg_mm.registry import LOSSES
from ktg_mm.structures import NodeOutput, TransferContext

from .feature_loss import FeatureLoss, pool_to_match, transfer_layer


@LOSSES.register_module()
class FeatureL1(FeatureLoss):
    """Mean over channels, height and width of ``|T(F_target) - F_source|`` (baseline of Chung et al., ICML 2020, 4.1).

    T, a 1 x 1 convolution to the source's channels, a norm and a ReLU, is there where the channels differ, and learns
    with the target; of maps of different size the larger is pooled. Several layers are added up.

    Args:
        layers: See FeatureLoss. Defaults to ``'map'``, the last feature map.
        norm_cfg: Kind of the transfer layers' norm, such as ``dict(type='GN', num_groups=8)``. Default: batch norm.

    Raises:
        ValueError: If an argument is wrong.

    Example:
        >>> loss = FeatureL1()
        >>> loss.set_shapes([torch.Size([8, 4, 4])], [torch.Size([8, 2, 2])])
        >>> target, source = (NodeOutput(None, features=dict(map=torch.full((2, 8, s, s), float(s)))) for s in (4, 2))
        >>> loss(target, source, None)
        tensor([2., 2.])
    """

    learns = True

    def __init__(
        self, layers: str | Sequence[str] | Mapping[str, Any] = 'map', norm_cfg: dict[str, Any] | None = None
    ) -> None:
        super().__init__(layers)
        self.norm_cfg = check_part('norm_cfg', norm_cfg) or dict(type='BN')
        norm_layer(self.norm_cfg, 1)  # one that mmcv does not take shows here
        self.transfers = nn.ModuleList()

    def set_shapes(self, target: list[torch.Size], source: list[torch.Size]) -> None:
        """Makes the transfer layers."""
        super().set_shapes(target, source)
        self.transfers = nn.ModuleList(
            transfer_layer(own[0], others[0], self.norm_cfg) for own, others in zip(target, source, strict=True)
        )

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns the distance per sample, shape (B,)."""
        distances = []
        for (own, others), transfer in zip(self.pairs(target, source), self.transfers, strict=True):
            own, others = pool_to_match(transfer(own), others)
            distances.append((own - others).abs().mean(dim=(1, 2, 3)))
        return torch.stack(distances).sum(dim=0)
