"""What ``env_cfg`` says of speed: memory layout, edges as one, compiled networks, threads."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from typing import Any

import torch

from ktg_mm.errors import ConfigError, UserError, did_you_mean
from ktg_mm.models.edge_batches import EdgeBatches
from ktg_mm.models.graph import KnowledgeTransferGraph
from ktg_mm.models.nodes import NetworkNode

SPEED = ('batch_edges', 'channels_last', 'compile', 'threads')


def check_speed(env_cfg: Mapping[str, Any]) -> None:
    """Checks the entries that are no numbers, without the graph.

    Args:
        env_cfg: The config's.

    Raises:
        ConfigError: If one has a wrong type or is out of range.

    Example:
        >>> check_speed(dict(channels_last=True, compile=['net1']))
    """
    for name in ('batch_edges', 'channels_last'):
        if not isinstance(value := env_cfg.get(name, False), bool):
            raise ConfigError(f'env_cfg.{name}', f'must be True or False, got {value!r}')
    nodes = env_cfg.get('compile', False)
    if not isinstance(nodes, bool) and not (
        isinstance(nodes, (list, tuple)) and nodes and all(isinstance(name, str) for name in nodes)
    ):
        raise ConfigError('env_cfg.compile', f'must be True, False or a list of nodes, got {nodes!r}')


def set_threads(env_cfg: Mapping[str, Any]) -> None:
    """Sets how many threads torch has, if ``threads`` is there.

    Args:
        env_cfg: The config's, checked.
    """
    if env_cfg.get('threads'):
        torch.set_num_threads(env_cfg['threads'])


def set_layout(graph: KnowledgeTransferGraph, env_cfg: Mapping[str, Any]) -> None:
    """Gives the networks' kernels, and so what they make, the layout NHWC, if ``channels_last`` says so.

    Args:
        graph: The graph; its weights stay what they are, by value and by shape.
        env_cfg: The config's, checked.
    """
    if env_cfg.get('channels_last'):
        graph.memory_format = torch.channels_last
        graph.to(memory_format=torch.channels_last)


def batch_edges(graph: KnowledgeTransferGraph, env_cfg: Mapping[str, Any]) -> None:
    """Lets the training steps compute edges of one kind as one, if ``batch_edges`` says so.

    Args:
        graph: The graph.
        env_cfg: The config's, checked.

    Raises:
        ConfigError: If its update takes the edges apart, or it is no graph.
    """
    if not env_cfg.get('batch_edges'):
        return
    if not isinstance(graph, KnowledgeTransferGraph):
        raise ConfigError('env_cfg.batch_edges', f'must be False: {type(graph).__name__} is no graph')
    if graph.update.takes_apart:
        name = type(graph.update).__name__
        raise ConfigError('env_cfg.batch_edges', f'must be False: {name} takes the gradient of each edge by itself')
    graph.edge_batches = EdgeBatches()


def compile_networks(graph: KnowledgeTransferGraph, env_cfg: Mapping[str, Any]) -> None:
    """Lets the training steps run compiled networks, those of ``compile``; they are compiled in the first step.

    Args:
        graph: The graph.
        env_cfg: The config's, checked.

    Raises:
        ConfigError: If one is no network that can be compiled.
        UserError: If there is no compiler of C++, which torch needs on a CPU.
    """
    if not (names := env_cfg.get('compile', False)):
        return
    reasons = {name: _obstacle(graph, name) for name in graph.nodes}
    able = [name for name, reason in reasons.items() if reason is None]
    for name in [] if names is True else names:
        if name not in reasons:
            raise ConfigError('env_cfg.compile', f'there is no node {name!r}; {did_you_mean(name, able)}')
        if (reason := reasons[name]) is not None:
            raise ConfigError('env_cfg.compile', f'{name!r} {reason}; name others, of {able}')
    if not able:
        name, reason = next(iter(reasons.items()))
        raise ConfigError('env_cfg.compile', f'must be False: {name!r} {reason}, and so do the others')
    _check_compiler(next(graph.parameters()).device)
    graph.compiled.nodes = [graph.nodes[name] for name in (able if names is True else names)]


def _obstacle(graph: KnowledgeTransferGraph, name: str) -> str | None:
    """Why a node's network cannot be compiled; None if it can."""
    node = graph.nodes[name]
    if not isinstance(node, NetworkNode):
        return f'is of type {type(node).__name__}, no network'
    if graph.shared is not None and len(graph.shared.group(name)) > 1:
        return 'shares modules, which run once for several networks'
    return None


def _check_compiler(device: torch.device) -> None:
    compiler = os.environ.get('CXX') or ('clang++' if sys.platform == 'darwin' else 'g++')
    if device.type == 'cpu' and sys.platform != 'win32' and shutil.which(compiler) is None:
        raise UserError(
            f'env_cfg.compile: there is no {compiler}, the compiler of C++ that torch.compile needs on a CPU; install '
            'it, name another in the environment variable CXX, or set False'
        )
