"""Builds a node's network; a mistake becomes one line that names the config key."""

import copy
import inspect
from collections.abc import Mapping
from typing import Any

from mmcv.cnn import is_norm
from mmengine.model import BaseModule
from mmengine.registry import WEIGHT_INITIALIZERS
from mmpretrain.registry import MODELS
from torch import nn

from ktg_mm.config import check_number, check_type
from ktg_mm.config.check_argument import check_part, split_argument
from ktg_mm.errors import ConfigError, UserError, first_line

# What libraries raise of a value that they cannot work with.
_LIBRARY_ERRORS = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)


def build_network(network: Mapping[str, Any]) -> BaseModule:
    """Builds a classifier of mmpretrain.

    Args:
        network: Its config.

    Raises:
        ConfigError: If it cannot be built, a norm layer's momentum or epsilon makes no sense, or its head makes other
            logits of images whose label it is told. The key is the one in the node's config.

    Example:
        >>> import mmpretrain.models
        >>> build_network(dict(type='ImageClassifier', backbone=dict(type='CIFARResNet', in_channels=0)))
        Traceback (most recent call last):
        ktg_mm.errors.ConfigError: network.backbone.in_channels: must be a whole number, at least 1, got 0
    """
    if network is None:
        raise ConfigError('network', "must be a dict with a 'type', got None")
    check_part('network', network)
    try:
        built = MODELS.build(network)
    except ConfigError as error:
        raise ConfigError(_key(error.key, network), error.problem) from error
    except UserError as error:
        raise ConfigError('network', str(error)) from error
    except _LIBRARY_ERRORS as error:
        name, problem = split_argument(first_line(error))
        key = _key(name, network)
        raise ConfigError(_part_at_fault(network) if key == 'network' else key, problem) from error
    _check_norms(built)
    _check_beginnings(built)
    head = getattr(built, 'head', None)
    if isinstance(head, nn.Module) and 'target' in inspect.signature(head.forward).parameters:
        raise ConfigError(
            'network.head',
            f"{type(head).__name__}'s margin needs the label, which a node is not told; take LinearClsHead",
        )
    return built


def _key(argument: str, network: Mapping[str, Any]) -> str:
    """The config key of an argument of the network or of its parts, that of the network if none has it."""
    if argument in network:
        return f'network.{argument}'
    for part in ('backbone', 'neck', 'head'):
        cfg = network.get(part)
        if isinstance(cfg, Mapping) and argument in cfg:
            return f'network.{part}.{argument}'
    return 'network'


def _part_at_fault(network: Mapping[str, Any]) -> str:
    """The key of the first part that cannot be built on its own, that of the network if all can.

    If the part can be built without one of its entries, and no other one, it is that entry's.
    """
    for part in ('backbone', 'neck', 'head'):
        if isinstance(cfg := network.get(part), Mapping) and not _builds(cfg):
            without = {name: {other: cfg[other] for other in cfg if other != name} for name in cfg if name != 'type'}
            alone = [name for name, rest in without.items() if _builds(rest)]
            return f'network.{part}.{alone[0]}' if len(alone) == 1 else f'network.{part}'
    return 'network'


def _builds(part: Mapping[str, Any]) -> bool:
    try:
        MODELS.build(copy.deepcopy(part))
    except (UserError, *_LIBRARY_ERRORS):
        return False
    return True


def _check_beginnings(network: nn.Module) -> None:
    """Checks every init_cfg, which is looked at when the weights are initialised."""
    for name, module in network.named_modules():
        init_cfg = getattr(module, 'init_cfg', None)
        for cfg in init_cfg if isinstance(init_cfg, (list, tuple)) else [init_cfg]:
            if cfg is not None:
                path = '.'.join(filter(None, ('network', name, 'init_cfg')))
                rest = {key: cfg[key] for key in cfg if key != 'override'} if isinstance(cfg, Mapping) else cfg
                check_type(rest, WEIGHT_INITIALIZERS, path, 'beginning')  # mmengine takes the exceptions out


def _check_norms(network: nn.Module) -> None:
    for name, module in network.named_modules():
        if not is_norm(module):
            continue
        try:
            check_number('eps', module.eps, '(0, inf)')
            # None is the mean over all batches.
            if (momentum := getattr(module, 'momentum', None)) is not None:
                check_number('momentum', momentum, '[0, 1]')
        except ValueError as error:
            raise ConfigError('network', f'the norm layer {name}: {error}; norm_cfg gives it') from error
