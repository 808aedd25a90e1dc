"""ShuffleNet V2 for images of 32 pixels."""

from typing import Any

import torch
from mmcv.cnn import ConvModule
from mmpretrain.models.backbones.shufflenet_v2 import ShuffleNetV2
from mmpretrain.registry import MODELS

from ktg_mm.config.check_argument import check_part, check_whole
from ktg_mm.errors import ConfigError

from .resnet_cifar import check_stages


@MODELS.register_module()
class CIFARShuffleNetV2(ShuffleNetV2):
    """ShuffleNetV2-1.0 and its like for small images: Ma et al., "ShuffleNet V2", ECCV 2018.

    mmpretrain's network whose first convolution has stride 1, without pooling after it; at 32 pixels its three stages
    have 16, 8 and 4 pixels a side, and a 1x1 convolution with a norm and ReLU ends it. It has the parameters of the
    paper's network for ImageNet, 2.3M (1.0) with 1,000 classes. Document 003 trains such a network on CIFAR and does
    not say how it differs from that for ImageNet; the stem is our choice. Weights begin as mmpretrain has them after
    the authors' code, from a normal distribution whose deviation is 1 over the channels that a filter sees, 0.01 in the
    stem.

    Args:
        widen_factor: Width: 0.5, 1.0, 1.5 or 2.0. Default: 1.0.
        in_channels: Channels of the images, 1 for grey ones. Default: 3.
        out_indices: The stages whose feature maps are returned, counted from 0; only the last one's map has gone
            through the 1x1 convolution. Default: ``(2, )``, the last.
        norm_cfg: Kind of the norm layers, such as ``dict(type='GN', num_groups=2)``. Default: batch norm.

    Attributes:
        out_channels: Channels of the last feature map: 1024, and 2048 at width 2.

    Raises:
        ConfigError: The width is unknown, or an index names no stage.
        ValueError: If another argument has a wrong type or is out of range.

    Example:
        >>> (features,) = CIFARShuffleNetV2(widen_factor=0.5)(torch.rand(2, 3, 32, 32))
        >>> features.shape
        torch.Size([2, 1024, 4, 4])
    """

    conv1: ConvModule

    def __init__(
        self,
        widen_factor: float = 1.0,
        in_channels: int = 3,
        out_indices: tuple[int, ...] = (2,),
        norm_cfg: dict[str, Any] | None = None,
    ) -> None:
        if isinstance(widen_factor, bool) or widen_factor not in (0.5, 1.0, 1.5, 2.0):
            raise ConfigError('widen_factor', f'{widen_factor!r} is not one of 0.5, 1.0, 1.5, 2.0')
        check_whole('in_channels', in_channels)
        check_part('norm_cfg', norm_cfg)
        stages = check_stages(out_indices)
        norm_cfg = norm_cfg or dict(type='BN')
        super().__init__(widen_factor, norm_cfg=norm_cfg)
        self.out_indices = stages
        layers, stem_channels = list(self.layers), self.conv1.out_channels
        # By the names of the other networks, in the order in which they run.
        del self.conv1, self.maxpool, self.layers
        self.conv1 = ConvModule(in_channels, stem_channels, 3, padding=1, norm_cfg=norm_cfg)
        self.layer1, self.layer2, self.layer3, self.conv5 = layers
        self.out_channels = self.conv5.out_channels

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Images (B, in_channels, H, W) to maps of H/2, H/4 and H/8 pixels a side, rounded up, as asked for."""
        low = self.layer1(self.conv1(x))
        middle = self.layer2(low)
        high = self.conv5(self.layer3(middle))
        return tuple(features for stage, features in enumerate((low, middle, high)) if stage in self.out_indices)

    def train(self, mode: bool = True) -> 'CIFARShuffleNetV2':
        """Sets the mode and returns the network, as any torch module does (mmpretrain's backbones return None)."""
        super().train(mode)
        return self
