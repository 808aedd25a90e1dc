"""Norm layers of a config."""

import math
from collections.abc import Mapping
from typing import Any

from mmcv.cnn import build_norm_layer
from torch import nn

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
        if 'num_groups' in norm_cfg:
            norm_cfg = dict(norm_cfg, num_groups=math.gcd(norm_cfg['num_groups'], channels))
        return build_norm_layer(dict(norm_cfg), channels)[1]
    except (AssertionError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f'norm_cfg: {first_line(error)}') from error
