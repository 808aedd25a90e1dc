"""What dense networks and those that take their place have in common."""

from collections.abc import Sequence
from typing import Any

import torch
from mmcv.cnn import build_norm_layer
from mmengine.model import BaseModule
from torch import nn

from ktg_mm.config.check_number import is_whole
from ktg_mm.errors import ConfigError

DEFAULT_INIT = [
    dict(type='Kaiming', layer=['Conv2d']),
    dict(type='Constant', val=1, layer=['_BatchNorm', 'GroupNorm']),
]


def check_hidden(hidden_channels: Any) -> tuple[int, int, int]:
    """Returns the channels after each of three stages; raises a ConfigError if they are none."""
    numbers = hidden_channels if isinstance(hidden_channels, (list, tuple)) else ()
    if len(numbers) != 3 or any(not is_whole(number) or number < 1 for number in numbers):
        raise ConfigError('hidden_channels', f'{hidden_channels!r} is not the channels after each of three stages')
    first, second, third = numbers
    return first, second, third


class Transition(nn.Sequential):
    """Norm - ReLU - 1x1 convolution, then the mean of 2 x 2 pixels: Huang et al., CVPR 2017, section 3.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        pool: Whether there are half as many pixels a side after it. Default: True.
        norm_cfg: Kind of the norm layer. Default: batch norm.

    Example:
        >>> Transition(8, 4)(torch.rand(2, 8, 7, 7)).shape
        torch.Size([2, 4, 3, 3])
    """

    def __init__(
        self, in_channels: int, out_channels: int, pool: bool = True, norm_cfg: dict[str, Any] | None = None
    ) -> None:
        super().__init__()
        self.add_module('norm', build_norm_layer(norm_cfg or dict(type='BN'), in_channels)[1])
        self.add_module('relu', nn.ReLU(inplace=True))
        self.add_module('conv', nn.Conv2d(in_channels, out_channels, 1, bias=False))
        if pool:
            self.add_module('pool', nn.AvgPool2d(2))


class ThreeStages(BaseModule):
    """A 3x3 stem, three stages with a transition after each, and a last norm and ReLU, as dense networks have them.

    Args:
        in_channels: Channels of the images.
        stem_channels: Channels after the stem.
        hidden_channels: Channels after each of the three transitions; the first two of these halve the map's sides.
        out_indices: The stages whose feature maps are returned, counted from 0.
        norm_cfg: Kind of the norm layers; None for batch norm.
        init_cfg: How mmengine initialises the weights; None for Kaiming's for convolutions, 1 for norms.
        last_transition: Whether there is a transition after the last stage, too. Default: True.

    Attributes:
        out_channels: Channels of the last feature map.
    """

    def __init__(
        self,
        in_channels: int,
        stem_channels: int,
        hidden_channels: Sequence[int],
        out_indices: tuple[int, ...],
        norm_cfg: dict[str, Any] | None,
        init_cfg: dict[str, Any] | list[dict[str, Any]] | None,
        last_transition: bool = True,
    ) -> None:
        super().__init__(init_cfg or DEFAULT_INIT)
        norm_cfg = norm_cfg or dict(type='BN')
        self.out_indices, self.last_transition = out_indices, last_transition
        self.conv1 = nn.Conv2d(in_channels, stem_channels, 3, padding=1, bias=False)
        channels = stem_channels
        for stage, hidden in enumerate(hidden_channels):
            # In the order in which they run, so that a branch point may stand anywhere.
            layer, channels = self.make_layer(channels, hidden, norm_cfg)
            self.add_module(f'layer{stage + 1}', layer)
            if stage < 2 or last_transition:
                self.add_module(f'transition{stage + 1}', Transition(channels, hidden, stage < 2, norm_cfg))
                channels = hidden
        self.norm = build_norm_layer(norm_cfg, channels)[1]
        self.relu = nn.ReLU(inplace=True)
        self.out_channels = channels

    def make_layer(self, in_channels: int, hidden: int, norm_cfg: dict[str, Any]) -> tuple[nn.Module, int]:
        """Builds a stage up to its transition.

        Args:
            in_channels: Channels of its input.
            hidden: Channels after its transition.
            norm_cfg: Kind of the norm layers.

        Returns:
            The stage, and the channels of its output.
        """
        raise NotImplementedError

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Images (B, in_channels, H, W) to the maps after the transitions that were asked for.

        They have the hidden channels and H/2, H/4 and H/4 pixels a side, rounded down; the last has gone through a norm
        and ReLU.
        """
        low = self.transition1(self.layer1(self.conv1(x)))
        middle = self.transition2(self.layer2(low))
        high = self.layer3(middle)
        high = self.relu(self.norm(self.transition3(high) if self.last_transition else high))
        return tuple(features for stage, features in enumerate((low, middle, high)) if stage in self.out_indices)
