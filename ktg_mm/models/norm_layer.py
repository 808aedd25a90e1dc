"""Norm layers of a config."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from mmcv.cnn import ConvModule, build_norm_layer
from torch import nn

from ktg_mm.config.check_argument import check_whole
from ktg_mm.errors import first_line


def norm_layer(norm_cfg: Mapping[str, Any], channels: int) -> nn.Module:
    """Builds a norm layer.

    Args:
        norm_cfg: Its config, ``type`` included, as mmcv takes it; a number of groups that does not divide the channels
            is lowered to the largest that divides both.
        channels: How many channels it is for.

    Raises:
        ValueError: If mmcv does not take it.

    Example:
        >>> norm_layer(dict(type='GN', num_groups=4), 10).num_groups
        2
    """
    try:
        return build_norm_layer(_fitting(norm_cfg, channels), channels)[1]
    except KeyError as error:
        raise ValueError(
            f"norm_cfg: unknown norm layer {norm_cfg.get('type')!r}; take 'BN', 'GN' or the like"
        ) from error
    except (AssertionError, TypeError, ValueError) as error:
        raise ValueError(f'norm_cfg: {first_line(error)}') from error


def conv_norm_relu(
    in_channels: int, channels: int, size: int, norm_cfg: Mapping[str, Any], groups: int = 1
) -> nn.Module:
    """Builds a convolution that keeps height and width, without bias, with a norm layer and ReLU.

    Args:
        in_channels: Channels that it is given.
        channels: Channels that it makes.
        size: Of its kernel, odd.
        norm_cfg: Of the norm layer, as :func:`norm_layer` takes it.
        groups: Of the convolution. Defaults to 1.

    Raises:
        ValueError: If mmcv does not take the norm layer.

    Example:
        >>> conv_norm_relu(4, 8, 3, dict(type='BN'))(torch.rand(2, 4, 5, 5)).shape
        torch.Size([2, 8, 5, 5])
    """
    norm_layer(norm_cfg, channels)  # one that mmcv does not take shows here
    norm_cfg = _fitting(norm_cfg, channels)
    return ConvModule(in_channels, channels, size, padding=size // 2, groups=groups, norm_cfg=norm_cfg)


def check_norm(module: nn.Module, *shape: int) -> None:
    """Refuses a module whose norm layers are for inputs of another number of axes.

    Args:
        module: What they are in; it keeps its mode and its buffers.
        shape: Of one sample of its input.

    Raises:
        ValueError: If it cannot be run.

    Example:
        >>> check_norm(nn.BatchNorm2d(3), 3)
        Traceback (most recent call last):
        ValueError: norm_cfg: expected 4D input (got 2D input)
    """
    mode = module.training
    try:
        with torch.no_grad():
            module.eval()(torch.zeros(2, *shape))
    except (RuntimeError, ValueError) as error:
        raise ValueError(f'norm_cfg: {first_line(error)}') from error
    finally:
        module.train(mode)


def _fitting(norm_cfg: Mapping[str, Any], channels: int) -> dict[str, Any]:
    """The config with a number of groups that divides the channels."""
    if norm_cfg.get('type') == 'GN' and 'num_groups' not in norm_cfg:
        raise ValueError('GN needs num_groups, such as 8')
    if 'num_groups' not in norm_cfg:
        return dict(norm_cfg)
    return dict(norm_cfg, num_groups=math.gcd(check_whole('num_groups', norm_cfg['num_groups']), channels))
