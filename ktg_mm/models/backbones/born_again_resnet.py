"""Residual networks whose stages stand in the place of a dense network's blocks."""

from collections.abc import Sequence
from typing import Any

import torch
from mmcv.cnn import build_norm_layer
from mmpretrain.registry import MODELS
from torch import nn

from ktg_mm.config import check_number
from ktg_mm.config.check_argument import check_init, check_part, check_whole
from ktg_mm.errors import ConfigError

from .resnet_cifar import check_stages
from .three_stages import ThreeStages, check_hidden
from .wide_resnet import PreActBlock


class PreActBottleneck(nn.Module):
    """Norm - ReLU - convolution, thrice, 1x1, 3x3 and 1x1, plus the input: He et al., ECCV 2016.

    The 3x3 convolution has a quarter of the output's channels, rounded down. Where the shape changes, the
    shortcut is a 1x1 convolution, and the first norm and ReLU come before both ways.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output, at least 4.
        norm_cfg: Kind of the norm layers. Default: batch norm.
        stride: Stride of the first convolution and of the shortcut, as in the authors' code. Default: 1.

    Example:
        >>> PreActBottleneck(16, 32)(torch.rand(4, 16, 8, 8)).shape
        torch.Size([4, 32, 8, 8])
    """

    def __init__(
        self, in_channels: int, out_channels: int, norm_cfg: dict[str, Any] | None = None, stride: int = 1
    ) -> None:
        super().__init__()
        norm_cfg, middle = norm_cfg or dict(type='BN'), out_channels // 4
        self.norm1 = build_norm_layer(norm_cfg, in_channels)[1]
        self.conv1 = nn.Conv2d(in_channels, middle, 1, stride=stride, bias=False)
        self.norm2 = build_norm_layer(norm_cfg, middle)[1]
        self.conv2 = nn.Conv2d(middle, middle, 3, padding=1, bias=False)
        self.norm3 = build_norm_layer(norm_cfg, middle)[1]
        self.conv3 = nn.Conv2d(middle, out_channels, 1, bias=False)
        self.relu = nn.ReLU(inplace=True)
        self.shortcut: nn.Module | None = None
        if stride != 1 or in_channels != out_channels:
            self.shortcut = nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Features (B, in_channels, H, W) to (B, out_channels, ceil(H / stride), ceil(W / stride)), not rectified."""
        out = self.relu(self.norm1(x))
        identity = x if self.shortcut is None else self.shortcut(out)
        out = self.relu(self.norm2(self.conv1(out)))
        return self.conv3(self.relu(self.norm3(self.conv2(out)))) + identity


@MODELS.register_module()
class BornAgainResNet(ThreeStages):
    """A ResNet with a DenseNet's stem, transitions and hidden states: Furlanello et al., ICML 2018, table 5.

    In the place of each dense block stand residual units with ``ratio`` times the channels of the hidden state after
    it. The table names a network by its kind, the units and the ratio; document 004 does not say more. Read so, its
    wide networks of a DenseNet-90-60's hidden states and 100 classes have the parameters that it prints: 21.07M
    (Wide-ResNet-1-1, printed 20.9M), 43.19M (2-1, 43.1M), 24.41M (4-0.5, 24.3M) and 87.43M (4-1, 87.3M). Its
    pre-activation ResNets of 14 bottlenecks do not: 20.41M (14-1, 17.7M) and 5.73M (14-0.5, 7.3M).

    Its ``conv1`` is that of a CIFARDenseNet of the same stem, and so is the classifier: a student shares both with its
    teacher by ``share=dict(node='teacher', modules=['backbone.conv1', 'head.fc'])``.

    Args:
        units: Residual units in each of the three stages. Default: 1.
        ratio: Channels of the units for each of the hidden state after them, above 0. Default: 1.
        block: ``'wide'``, the two 3x3 convolutions of wide residual networks, or ``'bottleneck'``. Default: ``'wide'``.
        hidden_channels: Channels after each of the three transitions. Default: ``(480, 660, 750)``, DenseNet-90-60's.
        stem_channels: Channels of the stem. Default: 120, DenseNet-90-60's.
        in_channels: Channels of the images, 1 for grey ones. Default: 3.
        out_indices: The stages whose feature maps are returned, as CIFARDenseNet does. Default: ``(2, )``, the last.
        norm_cfg: Kind of the norm layers, such as ``dict(type='GN', num_groups=2)``. Default: batch norm.
        init_cfg: How mmengine initialises the weights. Default: Kaiming for convolutions, 1 for norms.

    Attributes:
        out_channels: Channels of the last feature map.

    Raises:
        ConfigError: The block is unknown, an index names no stage, the hidden channels are not three, or so few that
            nothing is left of them.
        ValueError: If another argument has a wrong type or is out of range.

    Example:
        >>> network = BornAgainResNet(units=2, ratio=0.5, hidden_channels=(16, 24, 32), stem_channels=8)
        >>> (features,) = network(torch.rand(2, 3, 32, 32))
        >>> features.shape
        torch.Size([2, 32, 8, 8])
    """

    _blocks = dict(wide=PreActBlock, bottleneck=PreActBottleneck)

    def __init__(
        self,
        units: int = 1,
        ratio: float = 1.0,
        block: str = 'wide',
        hidden_channels: Sequence[int] = (480, 660, 750),
        stem_channels: int = 120,
        in_channels: int = 3,
        out_indices: tuple[int, ...] = (2,),
        norm_cfg: dict[str, Any] | None = None,
        init_cfg: dict[str, Any] | list[dict[str, Any]] | None = None,
    ) -> None:
        self.units = check_whole('units', units)
        self.ratio = check_number('ratio', ratio, '(0, inf)')
        if not isinstance(block, str) or block not in self._blocks:
            raise ConfigError('block', f"{block!r} is unknown; must be 'wide' or 'bottleneck'")
        self.block = block
        hidden, least = check_hidden(hidden_channels), 1 if block == 'wide' else 4
        if round(min(hidden) * ratio) < least:
            raise ConfigError(
                'ratio', f'{ratio!r} of {min(hidden)} channels is less than {least}, which {block!r} needs'
            )
        check_whole('stem_channels', stem_channels)
        check_whole('in_channels', in_channels)
        check_part('norm_cfg', norm_cfg)
        check_init('init_cfg', init_cfg)
        super().__init__(in_channels, stem_channels, hidden, check_stages(out_indices), norm_cfg, init_cfg)

    def make_layer(self, in_channels: int, hidden: int, norm_cfg: dict[str, Any]) -> tuple[nn.Module, int]:
        """Builds the residual units of a stage."""
        width, units = round(hidden * self.ratio), []
        for _ in range(self.units):
            units.append(self._blocks[self.block](in_channels, width, norm_cfg=norm_cfg))
            in_channels = width
        return nn.Sequential(*units), width
