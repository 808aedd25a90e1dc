"""FitNets' hint."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ktg_mm.config.check_argument import check_part
from ktg_mm.models.norm_layer import norm_layer
from ktg_mm.registry import LOSSES
from ktg_mm.structures import NodeOutput, TransferContext

from .feature_loss import FeatureLoss, pool_to_match


@LOSSES.register_module()
class FitNets(FeatureLoss):
    """Squared distance of the source's feature map and a regression of it from the target's (Romero et al., ICLR 2015).

    The mean over channels, height and width of ``(r(F_target) - F_source)^2``, trained along with the label's loss as
    in RepDistiller and MDistiller, of whose weights for it 100 is the usual one; several layers are added up. r is a
    convolution to the source's channels, a norm and a ReLU, as both have it: the source's layer should end in a ReLU.
    The convolution is 1 x 1 where the target's map is as large as the source's, 3 x 3 of stride 2 where it is twice as
    large, transposed 4 x 4 of stride 2 where it is half as large; else 1 x 1. Where the sizes still differ the larger
    map is pooled to the smaller.

    Args:
        layers: See FeatureLoss. Defaults to ``'backbone.layer2'``.
        norm_cfg: Kind of r's norm, such as ``dict(type='GN', num_groups=8)``. Default: batch norm.

    Raises:
        ValueError: If an argument is wrong.

    Example:
        >>> loss = FitNets(norm_cfg=dict(type='GN', num_groups=2))
        >>> loss.set_shapes([torch.Size([4, 16, 16])], [torch.Size([8, 8, 8])])
        >>> loss.regressors[0][0]
        Conv2d(4, 8, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1))
        >>> target, source = (NodeOutput(None, features={'backbone.layer2': torch.zeros(1, c, s, s)})
        ...                   for c, s in ((4, 16), (8, 8)))
        >>> loss(target, source, None).shape
        torch.Size([1])
    """

    learns = True

    def __init__(
        self,
        layers: str | Sequence[str] | Mapping[str, Any] = 'backbone.layer2',
        norm_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(layers)
        self.norm_cfg = check_part('norm_cfg', norm_cfg) or dict(type='BN')
        norm_layer(self.norm_cfg, 1)  # one that mmcv does not take shows here
        self.regressors = nn.ModuleList()

    def set_shapes(self, target: list[torch.Size], source: list[torch.Size]) -> None:
        """Makes the regression of each layer."""
        super().set_shapes(target, source)
        self.regressors = nn.ModuleList(self._regressor(*shapes) for shapes in zip(target, source, strict=True))

    def _regressor(self, target: torch.Size, source: torch.Size) -> nn.Module:
        channels, others = target[0], source[0]
        if all(own == 2 * other for own, other in zip(target[1:], source[1:], strict=True)):
            convolution: nn.Module = nn.Conv2d(channels, others, 3, stride=2, padding=1)
        elif all(2 * own == other for own, other in zip(target[1:], source[1:], strict=True)):
            convolution = nn.ConvTranspose2d(channels, others, 4, stride=2, padding=1)
        else:
            convolution = nn.Conv2d(channels, others, 1)
        return nn.Sequential(convolution, norm_layer(self.norm_cfg, others), nn.ReLU())

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns the distance per sample, shape (B,)."""
        distances = []
        for (own, others), regressor in zip(self.pairs(target, source), self.regressors, strict=True):
            regressed, others = pool_to_match(regressor(own), others)
            distances.append((regressed - others).square().mean(dim=(1, 2, 3)))
        return torch.stack(distances).sum(dim=0)
