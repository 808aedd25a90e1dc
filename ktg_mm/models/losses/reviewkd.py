"""Knowledge review."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, interpolate

from ktg_mm.config.check_argument import check_part, check_whole
from ktg_mm.models.norm_layer import norm_layer
from ktg_mm.registry import LOSSES
from ktg_mm.structures import NodeOutput, TransferContext

from .feature_loss import FeatureLoss

POOLS = 4, 2, 1  # sides of the pooled maps


@LOSSES.register_module()
class ReviewKD(FeatureLoss):
    """Distance of fused feature maps of the target from the source's, at several sizes (Chen et al., CVPR 2021).

    From the deepest layer to the shallowest the target's map x goes through a 1 x 1 convolution and a norm to M
    channels, the deepest layer's or ``max_channels`` if that is less. What the deeper layer passed on, y, is brought to
    its size and fused with it: ``a x + b y``, the maps a and b being the sigmoids of a 1 x 1 convolution of both. The
    result, brought to the size of the source's map, is passed on, and goes through a 3 x 3 convolution and a norm to
    the source's channels. Sizes change by the nearest cell. With the mean squared distance D from the source's map of H
    rows, and ``D_l`` of both pooled to l x l, a layer's value is::

        (D + D_4 / 2 + D_2 / 4 + D_1 / 8) / (1 + 1/2 + 1/4 + 1/8)

    where only l below H are taken, whose weights are halved one after the other. Layers are added up. Convolutions are
    without bias, but for the one of a and b, and begin with Kaiming's uniform weights of a gain of 1, as in MDistiller,
    which takes the source's maps before the ReLU that they end in: here they are what the layers give. Of a vector, or
    pooled map, batch norm cannot train with one sample.

    MDistiller's weight is 5 for CIFAR, reached in even steps after 20 epochs: in a config a gate,
    ``dict(type='RampUpGate', length=20 / max_epochs, shape='linear')``, that rises with every iteration.

    Args:
        layers: From shallow to deep, see FeatureLoss; ``'embedding'`` is a map of one cell. Defaults to
            ``['backbone.layer1', 'backbone.layer2', 'backbone.layer3', 'embedding']``.
        max_channels: The most channels of fused maps. Defaults to 512.
        norm_cfg: Kind of the norms, such as ``dict(type='GN', num_groups=8)``. Default: batch norm.

    Raises:
        ValueError: If an argument is wrong.

    Example:
        >>> loss = ReviewKD(['map', 'embedding'])
        >>> loss.set_shapes([torch.Size([4, 8, 8]), torch.Size([4])], [torch.Size([6, 4, 4]), torch.Size([6])])
        >>> target, source = (NodeOutput(None, features=dict(map=torch.rand(3, c, s, s), embedding=torch.rand(3, c)))
        ...                   for c, s in ((4, 8), (6, 4)))
        >>> loss(target, source, None).shape
        torch.Size([3])
    """

    learns = True

    def __init__(
        self,
        layers: str | Sequence[str] | Mapping[str, Any] = (
            'backbone.layer1',
            'backbone.layer2',
            'backbone.layer3',
            'embedding',
        ),
        max_channels: int = 512,
        norm_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(layers)
        self.max_channels = check_whole('max_channels', max_channels)
        self.norm_cfg = check_part('norm_cfg', norm_cfg) or dict(type='BN')
        norm_layer(self.norm_cfg, 1)  # one that mmcv does not take shows here
        self.fusions = nn.ModuleList()

    def set_shapes(self, target: list[torch.Size], source: list[torch.Size]) -> None:
        """Makes the fusion of each layer, in the order of the layers."""
        target, source = ([torch.Size([*shape, 1, 1][:3]) for shape in shapes] for shapes in (target, source))
        super().set_shapes(target, source)
        middle = min(self.max_channels, target[-1][0])
        self.fusions = nn.ModuleList(
            Fusion(own[0], middle, others[0], self.norm_cfg, deepest=i == len(target) - 1)
            for i, (own, others) in enumerate(zip(target, source, strict=True))
        )

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns the distance per sample, shape (B,)."""
        distances, passed = [], None
        for fusion, pair in zip(reversed(self.fusions), reversed(self.pairs(target, source)), strict=True):
            own, others = (feature[:, :, None, None] if feature.dim() == 2 else feature for feature in pair)
            fused, passed = fusion(own, passed, others.shape[2:])
            distances.append(_distance(fused, others))
        return torch.stack(distances).sum(dim=0)


class Fusion(nn.Module):
    """Fuses a map with what a deeper one has passed on.

    Args:
        channels: Of the map.
        middle: Of what is passed on.
        others: Of what is made.
        norm_cfg: Of the norms.
        deepest: Whether nothing has been passed on.

    Example:
        >>> fused, passed = Fusion(3, 4, 5, dict(type='BN'), deepest=True)(torch.rand(2, 3, 4, 4), None, (8, 8))
        >>> fused.shape, passed.shape
        (torch.Size([2, 5, 8, 8]), torch.Size([2, 4, 8, 8]))
    """

    def __init__(
        self, channels: int, middle: int, others: int, norm_cfg: Mapping[str, Any], deepest: bool = False
    ) -> None:
        super().__init__()
        self.reduce = nn.Sequential(nn.Conv2d(channels, middle, 1, bias=False), norm_layer(norm_cfg, middle))
        self.attention = None if deepest else nn.Conv2d(2 * middle, 2, 1)
        self.expand = nn.Sequential(nn.Conv2d(middle, others, 3, padding=1, bias=False), norm_layer(norm_cfg, others))
        for convolution in (self.reduce[0], self.expand[0]):
            assert isinstance(convolution, nn.Conv2d)
            nn.init.kaiming_uniform_(convolution.weight, a=1)

    def forward(self, feature: Tensor, passed: Tensor | None, size: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Returns the map to compare, and the one to pass on, both of the size."""
        feature = self.reduce(feature)
        if self.attention is not None and passed is not None:
            passed = _resized(passed, feature.shape[2:])
            own, deeper = self.attention(torch.cat([feature, passed], dim=1)).sigmoid().split(1, dim=1)
            feature = own * feature + deeper * passed
        feature = _resized(feature, size)
        return self.expand(feature), feature


def _resized(feature: Tensor, size: Sequence[int]) -> Tensor:
    return feature if feature.shape[2:] == tuple(size) else interpolate(feature, tuple(size), mode='nearest')


def _distance(own: Tensor, others: Tensor) -> Tensor:
    value = (own - others).square().mean(dim=(1, 2, 3))
    weight = total = 1.0
    for side in POOLS:
        if side < own.shape[2]:
            weight /= 2
            total += weight
            # Pooling is linear.
            value = value + weight * adaptive_avg_pool2d(own - others, side).square().mean(dim=(1, 2, 3))
    return value / total
