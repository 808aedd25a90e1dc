"""Builds the parts of a graph; a mistake becomes one line that names the config key."""

from __future__ import annotations

from typing import Any

from mmengine.config import ConfigDict
from mmengine.registry import Registry

from ktg_mm.errors import ConfigError, UserError
from ktg_mm.registry import GATES, LOSSES, NODES

from .distribution_alignment import DistributionAlignment
from .edge_spec import is_ema, list_of_losses, samples_of
from .edges import TransferEdge
from .nodes import Node


def build_part(registry: Registry, cfg: dict, path: str) -> Any:
    """Builds a part out of its registry.

    Args:
        registry: Where its type is looked up.
        cfg: Its config, which stays as it is.
        path: The config's key, for messages.

    Raises:
        ConfigError: If it does not take its arguments.
    """
    # A graph must not change the config it was built of; building some networks fills in defaults.
    cfg = ConfigDict(cfg).to_dict()
    try:
        return registry.build(cfg)
    except UserError as error:
        raise ConfigError(path, str(error)) from error
    except (TypeError, ValueError, KeyError, AssertionError) as error:
        reason = str(error.args[0] if isinstance(error, KeyError) and error.args else error)
        raise ConfigError(path, reason.splitlines()[0] if reason else type(error).__name__) from error


def build_node(name: str, node: dict) -> Node:
    """Builds a node.

    Args:
        name: Its name.
        node: Its config.

    Raises:
        ConfigError: If it, or a part of its network, does not take its arguments.
    """
    return build_part(NODES, node, f'model.nodes.{name}')


def build_edge(key: str, edge: dict) -> TransferEdge:
    """Builds an edge that is no moving average.

    Args:
        key: Its key, ``'source->target'``.
        edge: Its config.

    Raises:
        ConfigError: If a loss or the gate does not take its arguments.
    """
    path = f'model.edges[{key!r}]'
    assert not is_ema(edge)
    losses = [build_part(LOSSES, dict(loss), f'{path}.loss') for loss in list_of_losses(edge)]
    gate = build_part(GATES, dict(edge.get('gate') or dict(type='ThroughGate')), f'{path}.gate')
    try:
        align = DistributionAlignment(**edge['align']) if edge.get('align') is not None else None
    except ValueError as error:
        raise ConfigError(f'{path}.align', str(error)) from error
    samples = samples_of(key, edge)
    return TransferEdge(key, losses, gate, edge.get('weight', 1.0), edge.get('views'), samples, align)
