"""Builds the parts of a graph; a mistake becomes one line that names the config key."""

from __future__ import annotations

from typing import Any

from mmengine.config import ConfigDict
from mmengine.registry import Registry

from ktg_mm.config import EdgeConfig
from ktg_mm.errors import ConfigError, UserError
from ktg_mm.registry import GATES, NODES

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


def build_edge(edge: EdgeConfig) -> TransferEdge:
    """Builds an edge that is no moving average.

    Args:
        edge: Its config.

    Raises:
        ConfigError: If a part does not take its arguments.
    """
    losses = [build_part(loss.registry, dict(loss.cfg), loss.path) for loss in edge.losses]
    gate, align = edge.gate, edge.align
    return TransferEdge(
        edge.key,
        losses,
        build_part(GATES, dict(gate.cfg) if gate else dict(type='ThroughGate'), f'{edge.path}.gate'),
        edge.cfg.get('weight', 1.0),
        edge.cfg.get('views'),
        edge.samples,
        build_part(align.registry, dict(align.cfg), align.path) if align else None,
    )
