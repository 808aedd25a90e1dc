"""Xception for images of 32 pixels."""

import itertools
from collections.abc import Sequence
from typing import Any

import torch
from mmcv.cnn import build_norm_layer
from mmengine.model import BaseModule
from mmpretrain.registry import MODELS
from torch import nn

from ktg_mm.config import check_number
from ktg_mm.config.check_argument import check_init, check_part, check_whole
from ktg_mm.errors import ConfigError

from .resnet_cifar import check_stages


class SeparableConv(nn.Sequential):
    """A 3x3 convolution of each channel on its own, and a 1x1 convolution of them all: Chollet, CVPR 2017, section 2.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.

    Example:
        >>> SeparableConv(4, 8)(torch.rand(2, 4, 5, 5)).shape
        torch.Size([2, 8, 5, 5])
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.add_module('depthwise', nn.Conv2d(in_channels, in_channels, 3, padding=1, groups=in_channels, bias=False))
        self.add_module('pointwise', nn.Conv2d(in_channels, out_channels, 1, bias=False))


class XceptionBlock(nn.Module):
    """Separable convolutions with a ReLU before and a norm after each, plus the input: Chollet, CVPR 2017, figure 5.

    Where the number of channels changes, 3x3 max-pooling follows, and the shortcut is a 1x1 convolution with a norm.

    Args:
        channels: Channels of the input, and after each separable convolution.
        stride: Stride of the pooling and of the shortcut. Default: 1.
        rectify: Whether a ReLU comes before the first convolution, too. Default: True.
        norm_cfg: Kind of the norm layers. Default: batch norm.

    Example:
        >>> XceptionBlock((4, 8, 8), stride=2)(torch.rand(2, 4, 9, 9)).shape
        torch.Size([2, 8, 5, 5])
    """

    def __init__(
        self,
        channels: Sequence[int],
        stride: int = 1,
        rectify: bool = True,
        norm_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        norm_cfg = norm_cfg or dict(type='BN')
        layers: list[nn.Module] = []
        for index, (before, after) in enumerate(itertools.pairwise(channels)):
            if index or rectify:
                layers.append(nn.ReLU(inplace=index > 0))  # the first one's input is the shortcut's, too
            layers += [SeparableConv(before, after), build_norm_layer(norm_cfg, after)[1]]
        self.shortcut: nn.Module | None = None
        if channels[0] != channels[-1]:
            layers.append(nn.MaxPool2d(3, stride, padding=1))
            convolution = nn.Conv2d(channels[0], channels[-1], 1, stride=stride, bias=False)
            self.shortcut = nn.Sequential(convolution, build_norm_layer(norm_cfg, channels[-1])[1])
        self.layers = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Features (B, C, H, W) to (B, C', ceil(H / stride), ceil(W / stride)), not rectified."""
        return self.layers(x) + (x if self.shortcut is None else self.shortcut(x))


@MODELS.register_module()
class CIFARXception(BaseModule):
    """Xception for small images: Chollet, "Xception: deep learning with depthwise separable convolutions", CVPR 2017.

    The paper's three flows: ``layer1``, entry, three blocks of 128, 256 and 728 channels; ``layer2``, middle, eight
    blocks of 728; ``layer3``, exit, a block of 1024, and separable convolutions to 1536 and 2048 channels. It has the
    parameters of the paper's network for ImageNet, 22.86M with 1,000 classes. Document 003 trains such a network on
    CIFAR and does not say how it differs from that for ImageNet. Ours differs as a public one does
    (github.com/weiaicunzai/pytorch-cifar100): neither the first convolution nor the entry's last block has a stride. At
    32 pixels the flows end with 8, 8 and 4 pixels a side. Weights begin as in the author's Keras code, from Glorot's
    uniform distribution.

    Args:
        widen_factor: Channels for each of the paper's, above 0; 0.05 makes a quick one. Default: 1.
        in_channels: Channels of the images, 1 for grey ones. Default: 3.
        out_indices: The flows whose feature maps are returned, counted from 0; only the last one's is rectified.
            Default: ``(2, )``, the last.
        norm_cfg: Kind of the norm layers, such as ``dict(type='GN', num_groups=2)``. Default: batch norm.
        init_cfg: How mmengine initialises the weights. Default: Glorot's for convolutions, 1 for norms.

    Attributes:
        out_channels: Channels of the last feature map: 2048.

    Raises:
        ConfigError: An index names no flow, or nothing is left of the channels.
        ValueError: If another argument has a wrong type or is out of range.

    Example:
        >>> (features,) = CIFARXception(widen_factor=0.125)(torch.rand(2, 3, 32, 32))
        >>> features.shape
        torch.Size([2, 256, 4, 4])
    """

    def __init__(
        self,
        widen_factor: float = 1.0,
        in_channels: int = 3,
        out_indices: tuple[int, ...] = (2,),
        norm_cfg: dict[str, Any] | None = None,
        init_cfg: dict[str, Any] | list[dict[str, Any]] | None = None,
    ) -> None:
        check_number('widen_factor', widen_factor, '(0, inf)')
        published = (32, 64, 128, 256, 728, 1024, 1536, 2048)
        stem, c64, c128, c256, c728, c1024, c1536, c2048 = (round(number * widen_factor) for number in published)
        if stem < 1:
            raise ConfigError('widen_factor', f'{widen_factor!r} of 32 channels is none; must be at least 1 / 32')
        check_whole('in_channels', in_channels)
        check_part('norm_cfg', norm_cfg)
        check_init('init_cfg', init_cfg)
        default_init = [
            dict(type='Xavier', layer=['Conv2d'], distribution='uniform'),
            dict(type='Constant', val=1, layer=['_BatchNorm', 'GroupNorm']),
        ]
        super().__init__(init_cfg or default_init)
        norm_cfg = norm_cfg or dict(type='BN')
        self.out_indices = check_stages(out_indices)

        def norm(channels: int) -> nn.Module:
            return build_norm_layer(norm_cfg, channels)[1]

        def block(*channels: int, stride: int = 1, rectify: bool = True) -> XceptionBlock:
            return XceptionBlock(channels, stride, rectify, norm_cfg)

        self.conv1 = nn.Conv2d(in_channels, stem, 3, padding=1, bias=False)
        self.norm1 = norm(stem)
        self.conv2 = nn.Conv2d(stem, c64, 3, padding=1, bias=False)
        self.norm2 = norm(c64)
        self.relu = nn.ReLU(inplace=True)
        self.layer1 = nn.Sequential(
            block(c64, c128, c128, stride=2, rectify=False),
            block(c128, c256, c256, stride=2),
            block(c256, c728, c728),
        )
        self.layer2 = nn.Sequential(*(block(c728, c728, c728, c728) for _ in range(8)))
        self.layer3 = nn.Sequential(
            block(c728, c728, c1024, stride=2),
            SeparableConv(c1024, c1536),
            norm(c1536),
            nn.ReLU(inplace=True),
            SeparableConv(c1536, c2048),
            norm(c2048),
            nn.ReLU(inplace=True),
        )
        self.out_channels = c2048

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Images (B, in_channels, H, W) to maps of H/4, H/4 and H/8 pixels a side, rounded up, as asked for."""
        x = self.relu(self.norm1(self.conv1(x)))
        low = self.layer1(self.relu(self.norm2(self.conv2(x))))
        middle = self.layer2(low)
        high = self.layer3(middle)
        return tuple(features for stage, features in enumerate((low, middle, high)) if stage in self.out_indices)
