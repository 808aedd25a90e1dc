"""Builds the parts of a graph; a mistake becomes one line that names the config key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.config import ConfigDict
from mmengine.registry import Registry

from ktg_mm.config import EdgeConfig
from ktg_mm.config.check_argument import split_argument
from ktg_mm.errors import ConfigError, UserError, first_line

from .edges import TransferEdge


def build_part(registry: Registry, cfg: Mapping[str, Any], path: str) -> Any:
    """Builds a part out of its registry.

    Args:
        registry: Where its type is looked up.
        cfg: Its config, which stays as it is.
        path: The config's key, for messages.

    Raises:
        ConfigError: If it does not take its arguments; the message names the argument at fault, if the part does.

    Example:
        >>> from ktg_mm.registry import GATES
        >>> build_part(GATES, dict(type='ThresholdGate', threshold=2), 'gate')
        Traceback (most recent call last):
        ktg_mm.errors.ConfigError: gate.threshold: must be in [0, 1], got 2
    """
    # A graph must not change the config it was built of; building some networks fills in defaults.
    cfg = ConfigDict(cfg).to_dict()
    try:
        return registry.build(cfg)
    except ConfigError as error:
        raise ConfigError(f'{path}.{error.key}', error.problem) from error
    except UserError as error:
        raise ConfigError(path, str(error)) from error
    except (TypeError, ValueError, KeyError, AssertionError) as error:
        reason = first_line(error)
        name, problem = split_argument(reason)
        if name in cfg:
            raise ConfigError(f'{path}.{name}', problem) from error
        raise ConfigError(path, reason) from error


def build_edge(edge: EdgeConfig) -> TransferEdge:
    """Builds an edge that is no moving average.

    Args:
        edge: Its config.

    Raises:
        ConfigError: If a part does not take its arguments.
    """
    losses = [build_part(*loss) for loss in edge.losses]
    align = build_part(*edge.align) if edge.align else None
    weight, views = edge.cfg.get('weight', 1.0), edge.cfg.get('views')
    return TransferEdge(edge.key, losses, build_part(*edge.gate), weight, views, edge.samples, align, edge.detach)
