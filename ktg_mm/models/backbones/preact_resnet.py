"""Pre-activation residual networks with bottlenecks, for images of 32 pixels."""

from typing import Any

import torch
from mmcv.cnn import build_norm_layer
from mmengine.model import BaseModule
from mmpretrain.registry import MODELS
from torch import nn

from ktg_mm.config.check_argument import check_init, check_part, check_whole
from ktg_mm.config.check_number import is_whole
from ktg_mm.errors import ConfigError

from .born_again_resnet import PreActBottleneck
from .resnet_cifar import check_stages
from .three_stages import DEFAULT_INIT


@MODELS.register_module()
class CIFARPreActResNet(BaseModule):
    """Pre-activation ResNet-164 and -1001: He et al., "Identity mappings in deep residual networks", ECCV 2016.

    A 3x3 stem of 16 channels, three stages of (d-2)/9 pre-activation bottlenecks with 64, 128 and 256 channels, and a
    last norm and ReLU; strides and first weights are those of the authors' code. With 10 classes it has the paper's
    number of parameters, 1.7M (depth 164) and 10.2M (1001), which leaves out those of norms; with them, 10.33M.

    Args:
        depth: d, 9n+2, such as 164 or 1001; 11 and 20 are quick ones. Default: 164.
        in_channels: Channels of the images, 1 for grey ones. Default: 3.
        out_indices: The stages whose feature maps are returned, counted from 0; only the last one's map has gone
            through a norm and ReLU. Default: ``(2, )``, the last.
        norm_cfg: Kind of the norm layers, such as ``dict(type='GN', num_groups=8)``. Default: batch norm.
        init_cfg: How mmengine initialises the weights. Default: Kaiming for convolutions, 1 for norms.

    Attributes:
        out_channels: Channels of the last feature map, 256.

    Raises:
        ConfigError: The depth is not 9n+2, or an index names no stage.
        ValueError: If another argument has a wrong type or is out of range.

    Example:
        >>> (features,) = CIFARPreActResNet(depth=11)(torch.rand(2, 3, 32, 32))
        >>> features.shape
        torch.Size([2, 256, 8, 8])
    """

    def __init__(
        self,
        depth: int = 164,
        in_channels: int = 3,
        out_indices: tuple[int, ...] = (2,),
        norm_cfg: dict[str, Any] | None = None,
        init_cfg: dict[str, Any] | list[dict[str, Any]] | None = None,
    ) -> None:
        if not is_whole(depth) or depth < 11 or depth % 9 != 2:
            raise ConfigError('depth', f'{depth!r} is not 9n+2 (11, 20, 29, ..., 164, 1001)')
        check_whole('in_channels', in_channels)
        check_part('norm_cfg', norm_cfg)
        check_init('init_cfg', init_cfg)
        super().__init__(init_cfg or DEFAULT_INIT)
        norm_cfg = norm_cfg or dict(type='BN')
        self.out_indices = check_stages(out_indices)
        self.conv1 = nn.Conv2d(in_channels, 16, 3, padding=1, bias=False)
        channels = 16
        for stage, stride in enumerate((1, 2, 2)):
            units = []
            for index in range((depth - 2) // 9):
                units.append(PreActBottleneck(channels, 64 * 2**stage, norm_cfg, stride if index == 0 else 1))
                channels = 64 * 2**stage
            self.add_module(f'layer{stage + 1}', nn.Sequential(*units))
        self.norm = build_norm_layer(norm_cfg, channels)[1]
        self.relu = nn.ReLU(inplace=True)
        self.out_channels = channels

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Images (B, in_channels, H, W) to maps (B, 64, H, W), (B, 128, H/2, W/2), (B, 256, H/4, W/4) as asked for."""
        low = self.layer1(self.conv1(x))
        middle = self.layer2(low)
        high = self.relu(self.norm(self.layer3(middle)))
        return tuple(features for stage, features in enumerate((low, middle, high)) if stage in self.out_indices)
