"""Wide residual networks, WRN-d-k, for images of 32 pixels."""

from typing import Any

import torch
from mmcv.cnn import build_norm_layer
from mmengine.model import BaseModule
from mmpretrain.registry import MODELS
from torch import nn

from ktg_mm.config import check_number
from ktg_mm.config.check_argument import check_init, check_part, check_whole
from ktg_mm.config.check_number import is_whole
from ktg_mm.errors import ConfigError

from .resnet_cifar import check_stages, check_stem


class PreActBlock(nn.Module):
    """Norm - ReLU - 3x3 convolution, twice, plus the input: the basic block of Zagoruyko & Komodakis, BMVC 2016.

    Where the shape changes, the shortcut is a 1x1 convolution, and the first norm and ReLU come before both ways.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        stride: Stride of the first convolution. Default: 1.
        dropout: Probability of dropout between the convolutions. Default: 0.
        norm_cfg: Kind of the norm layers. Default: batch norm.

    Example:
        >>> PreActBlock(16, 32, stride=2)(torch.rand(4, 16, 32, 32)).shape
        torch.Size([4, 32, 16, 16])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int = 1,
        dropout: float = 0.0,
        norm_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        norm_cfg = norm_cfg or dict(type='BN')
        self.norm1 = build_norm_layer(norm_cfg, in_channels)[1]
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=False)
        self.norm2 = build_norm_layer(norm_cfg, out_channels)[1]
        self.dropout = nn.Dropout(dropout)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.relu = nn.ReLU(inplace=True)
        self.shortcut: nn.Module | None = None
        if stride != 1 or in_channels != out_channels:
            self.shortcut = nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Features (B, in_channels, H, W) to (B, out_channels, ceil(H / stride), ceil(W / stride)), not rectified."""
        out = self.relu(self.norm1(x))
        identity = x if self.shortcut is None else self.shortcut(out)
        out = self.relu(self.norm2(self.conv1(out)))
        return self.conv2(self.dropout(out)) + identity


@MODELS.register_module()
class CIFARWideResNet(BaseModule):
    """WRN-d-k: Zagoruyko & Komodakis, "Wide residual networks", BMVC 2016.

    A 3x3 stem of 16 channels, three stages of (d-4)/6 pre-activation blocks with 16k, 32k and 64k channels, and a last
    norm and ReLU. With 10 classes it has the paper's number of parameters: 36.5M (WRN-28-10), 1.47M (WRN-28-2),
    0.69M (WRN-16-2) and 2.2M (WRN-40-2).

    Images larger than Tiny-ImageNet's take the stem of the thesis's section 3.3.1: a 7x7 convolution of stride 2, and
    3x3 max-pooling of stride 2 right after it, as the first norm and ReLU are the first block's.

    Args:
        depth: d, 6n+4, such as 16, 28 or 40; 10 is a quick one. Default: 28.
        widen_factor: k, a positive number. Default: 2.
        dropout: Probability of dropout inside the blocks; the paper's networks with dropout take 0.3. Default: 0.
        in_channels: Channels of the images, 1 for grey ones. Default: 3.
        out_indices: The stages whose feature maps are returned, counted from 0; only the last one's map has gone
            through a norm and ReLU. Default: ``(2, )``, the last.
        norm_cfg: Kind of the norm layers, such as ``dict(type='GN', num_groups=8)``. Default: batch norm.
        init_cfg: How mmengine initialises the weights. Default: Kaiming for convolutions, 1 for norms.
        stem: ``'3x3'``, a convolution of stride 1, or ``'7x7'`` for large images. Default: ``'3x3'``.

    Attributes:
        out_channels: Channels of the last feature map, 64k.

    Raises:
        ConfigError: The depth is not 6n+4, the widen factor not positive, the stem unknown, or an index names no stage.
        ValueError: If another argument has a wrong type or is out of range.

    Example:
        >>> (features,) = CIFARWideResNet(depth=16, widen_factor=2)(torch.rand(2, 3, 32, 32))
        >>> features.shape
        torch.Size([2, 128, 8, 8])
    """

    def __init__(
        self,
        depth: int = 28,
        widen_factor: int = 2,
        dropout: float = 0.0,
        in_channels: int = 3,
        out_indices: tuple[int, ...] = (2,),
        norm_cfg: dict[str, Any] | None = None,
        init_cfg: dict[str, Any] | list[dict[str, Any]] | None = None,
        stem: str = '3x3',
    ) -> None:
        if not is_whole(depth) or depth < 10 or depth % 6 != 4:
            raise ConfigError('depth', f'{depth!r} is not 6n+4 (10, 16, 22, 28, 34, 40, ...)')
        if not is_whole(widen_factor) or widen_factor < 1:
            raise ConfigError('widen_factor', f'{widen_factor!r} is not a positive number')
        check_number('dropout', dropout, '[0, 1)')
        check_whole('in_channels', in_channels)
        check_part('norm_cfg', norm_cfg)
        check_init('init_cfg', init_cfg)
        large = check_stem(stem) == '7x7'
        default_init = [
            dict(type='Kaiming', layer=['Conv2d']),
            dict(type='Constant', val=1, layer=['_BatchNorm', 'GroupNorm']),
        ]
        super().__init__(init_cfg or default_init)
        norm_cfg = norm_cfg or dict(type='BN')
        self.out_indices = check_stages(out_indices)
        if large:
            self.conv1 = nn.Conv2d(in_channels, 16, 7, stride=2, padding=3, bias=False)
            self.maxpool: nn.Module | None = nn.MaxPool2d(3, stride=2, padding=1)
        else:
            self.conv1 = nn.Conv2d(in_channels, 16, 3, padding=1, bias=False)
            self.maxpool = None
        channels = 16
        for stage, stride in enumerate((1, 2, 2)):
            blocks = []
            for index in range((depth - 4) // 6):
                width = 16 * 2**stage * widen_factor
                blocks.append(PreActBlock(channels, width, stride if index == 0 else 1, dropout, norm_cfg))
                channels = width
            self.add_module(f'layer{stage + 1}', nn.Sequential(*blocks))
        self.norm = build_norm_layer(norm_cfg, channels)[1]
        self.relu = nn.ReLU(inplace=True)
        self.out_channels = channels

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Images (B, in_channels, H, W) to maps (B, 16k, H, W), (B, 32k, H/2, W/2), (B, 64k, H/4, W/4) as asked for.

        With the stem ``'7x7'`` they have a quarter of these sides.
        """
        x = self.conv1(x)
        low = self.layer1(x if self.maxpool is None else self.maxpool(x))
        middle = self.layer2(low)
        high = self.relu(self.norm(self.layer3(middle)))
        return tuple(features for stage, features in enumerate((low, middle, high)) if stage in self.out_indices)
