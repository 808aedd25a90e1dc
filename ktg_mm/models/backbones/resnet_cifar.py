"""ResNet-20, -32, -44, -56 and -110 for images of 32 pixels."""

from typing import Any, cast

import torch
from mmpretrain.models.backbones.resnet import BasicBlock, ResNet
from mmpretrain.models.backbones.resnet_cifar import ResNet_CIFAR
from mmpretrain.registry import MODELS
from torch import nn

from ktg_mm.config.check_argument import check_flag, check_part, check_whole
from ktg_mm.config.check_number import is_whole
from ktg_mm.errors import ConfigError


def check_stages(out_indices: Any, last: int = 2) -> tuple[int, ...]:
    """Returns the indices of stages, 0 to the last one's; raises a ConfigError if they are none."""
    stages = out_indices if isinstance(out_indices, (list, tuple)) else ()
    if not stages or any(isinstance(stage, bool) or stage not in range(last + 1) for stage in stages):
        known = f'{", ".join(map(str, range(last)))} and {last}'
        raise ConfigError('out_indices', f'{out_indices!r} names a stage beyond {known}')
    return tuple(stages)


def check_stem(stem: Any) -> str:
    """Returns the kind of a stem; raises a ConfigError if it is none."""
    if stem not in ('3x3', '7x7'):
        what = "'3x3' keeps the size, '7x7' has stride 2, and max-pooling"
        raise ConfigError('stem', f'{stem!r} is unknown; {what}')
    return str(stem)


class ZeroPadShortcut(nn.Module):
    """Shortcut without parameters where a block changes the shape: option A of He et al., CVPR 2016, section 3.3.

    Every ``stride``-th pixel is kept, and the channels that the block adds are zero.

    Args:
        in_channels: Channels of the block's input.
        out_channels: Channels of the block's output, at least as many.
        stride: Stride of the block. Default: 1.

    Example:
        >>> ZeroPadShortcut(16, 32, stride=2)(torch.rand(4, 16, 32, 32)).shape
        torch.Size([4, 32, 16, 16])
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.added_channels = out_channels - in_channels
        self.stride = stride

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Features (B, in_channels, H, W) to (B, out_channels, ceil(H / stride), ceil(W / stride))."""
        x = x[:, :, :: self.stride, :: self.stride]
        return nn.functional.pad(x, (0, 0, 0, 0, 0, self.added_channels))


@MODELS.register_module()
class CIFARResNet(ResNet_CIFAR):
    """ResNet for small images: He et al., "Deep residual learning for image recognition", CVPR 2016, section 4.2.

    A 3x3 stem without pooling and three stages of n basic blocks each, 6n+2 layers with the classifier. With shortcut
    A and 10 classes it has the paper's number of parameters: 0.27M (depth 20), 0.46M (32), 0.66M (44), 0.85M (56)
    and 1.7M (110).

    Images of 64 pixels, such as Tiny-ImageNet's, take it as it is: its first stage has the image's size. Larger ones
    take the stem of ResNets for ImageNet, as the thesis has it for its other data sets (section 3.3.1): a 7x7
    convolution of stride 2, a norm and ReLU, and 3x3 max-pooling of stride 2. At 224 pixels the stages have 56, 28 and
    14 pixels a side.

    Args:
        depth: 6n+2, such as 20, 32, 44, 56 or 110; 8 and 14 are quick ones. Default: 32.
        in_channels: Channels of the images, 1 for grey ones. Default: 3.
        shortcut: What joins blocks of different shape: ``'A'``, subsampling and zero channels, as in the paper, or
            ``'B'``, a 1x1 convolution with a norm. Default: ``'A'``.
        base_channels: Channels of the stem and of the first stage, doubled in each later one. Default: 16.
        out_indices: The stages whose feature maps are returned, counted from 0. Default: ``(2, )``, the last.
        norm_cfg: Kind of the norm layers, such as ``dict(type='GN', num_groups=8)``. Default: batch norm.
        zero_init_residual: Whether each block starts as the identity, which the paper's do not. Default: False.
        stem: ``'3x3'``, a convolution of stride 1, or ``'7x7'`` for large images. Default: ``'3x3'``.
        **kwargs: Passed on to mmpretrain's ``ResNet_CIFAR``: ``frozen_stages``, ``norm_eval``, ``with_cp``,
            ``drop_path_rate``, ``init_cfg``.

    Raises:
        ConfigError: The depth is not 6n+2, the shortcut or the stem is unknown, or an index names no stage.
        ValueError: If another argument has a wrong type or is out of range.

    Example:
        >>> (features,) = CIFARResNet(depth=20)(torch.rand(2, 3, 32, 32))
        >>> features.shape
        torch.Size([2, 64, 8, 8])
    """

    arch_settings = {6 * n + 2: (BasicBlock, (n, n, n)) for n in range(1, 201)}

    def __init__(
        self,
        depth: int = 32,
        in_channels: int = 3,
        shortcut: str = 'A',
        base_channels: int = 16,
        out_indices: tuple[int, ...] = (2,),
        norm_cfg: dict[str, Any] | None = None,
        zero_init_residual: bool = False,
        stem: str = '3x3',
        **kwargs: Any,
    ) -> None:
        if not is_whole(depth) or depth not in self.arch_settings:
            raise ConfigError('depth', f'{depth!r} is not 6n+2 (20, 32, 44, 56, 110, ... up to 1202)')
        if shortcut not in ('A', 'B'):
            raise ConfigError('shortcut', f"{shortcut!r} is unknown; 'A' pads with zeros, 'B' is a 1x1 convolution")
        check_whole('in_channels', in_channels)
        check_whole('base_channels', base_channels)
        check_stages(out_indices)
        check_part('norm_cfg', norm_cfg)
        check_flag('zero_init_residual', zero_init_residual)
        # Set before the base's constructor, which calls make_res_layer.
        self.shortcut, self.stem_kind = shortcut, check_stem(stem)
        super().__init__(
            depth,
            in_channels=in_channels,
            stem_channels=base_channels,
            base_channels=base_channels,
            num_stages=3,
            strides=(1, 2, 2),
            dilations=(1, 1, 1),
            out_indices=out_indices,
            norm_cfg=norm_cfg or dict(type='BN', requires_grad=True),
            zero_init_residual=zero_init_residual,
            **kwargs,
        )

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Returns a feature map (B, C, H', W') for each of ``out_indices``, of images (B, in_channels, H, W)."""
        return (ResNet if self.stem_kind == '7x7' else ResNet_CIFAR).forward(self, x)

    def make_res_layer(self, **kwargs: Any) -> nn.Sequential:
        """Builds one stage; called by the base's constructor, which has built the stem before the first."""
        if self.stem_kind == '7x7' and not hasattr(self, 'maxpool'):  # here, as modules are to be in the order of use
            small = cast(nn.Conv2d, self.get_submodule('conv1'))
            self.conv1 = nn.Conv2d(small.in_channels, small.out_channels, 7, stride=2, padding=3, bias=False)
            self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        stage = super().make_res_layer(**kwargs)
        first = stage[0]
        if self.shortcut == 'A' and first.downsample is not None:
            first.downsample = ZeroPadShortcut(first.in_channels, first.out_channels, first.stride)
        return stage

    def train(self, mode: bool = True) -> 'CIFARResNet':
        """Sets the mode and returns the network, as any torch module does (mmpretrain's backbones return None)."""
        super().train(mode)
        return self
