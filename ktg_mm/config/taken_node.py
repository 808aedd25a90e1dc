"""What a node says that takes the network of an earlier stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ktg_mm.errors import ConfigError, did_you_mean
from ktg_mm.registry import NODES

from .signatures import arguments_of
from .type_check import class_of

_ENTRIES = ('name', 'node', 'epoch')
_REPLACED = ('network', 'checkpoint', 'prefix')


def is_taken(node: Any) -> bool:
    """Whether a node's config says that its network is an earlier stage's.

    Example:
        >>> is_taken(dict(stage=dict(name='gen0', node='net1'))), is_taken(dict(type='EnsembleNode'))
        (True, False)
    """
    return isinstance(node, Mapping) and 'stage' in node


def check_taken(node: Any, key: str) -> Mapping[str, Any] | None:
    """Returns what a node takes: its ``stage``; None if it is none that could.

    Args:
        node: The node's config.
        key: Its key.

    Raises:
        ConfigError: If that does not say from which node of which stage, or stands beside what it replaces.

    Example:
        >>> check_taken(dict(type='NetworkNode', stage=dict(name='gen0', node='net1')), 'model.nodes.teacher')
        {'name': 'gen0', 'node': 'net1'}
    """
    if not is_taken(node) or not _has_network(node):
        return None
    stage: Any = node['stage']
    if not isinstance(stage, Mapping):
        raise ConfigError(f'{key}.stage', f"must be dict(name='gen0', node='net1'), got {stage!r}")
    for entry in stage:
        if entry not in _ENTRIES:
            raise ConfigError(f'{key}.stage', f'has no entry {entry!r}; {did_you_mean(entry, _ENTRIES)}')
    for entry in ('name', 'node'):
        if not isinstance(stage.get(entry), str):
            what = f'must be a text, got {stage[entry]!r}' if entry in stage else 'is missing'
            raise ConfigError(f'{key}.stage.{entry}', f"{what}; a node takes dict(name='gen0', node='net1')")
    epoch = stage.get('epoch')
    if epoch is not None and (not isinstance(epoch, int) or isinstance(epoch, bool) or epoch < 1):
        raise ConfigError(f'{key}.stage.epoch', f'must be None or a whole number, at least 1, got {epoch!r}')
    for entry in _REPLACED:
        if node.get(entry) is not None:
            raise ConfigError(
                f'{key}.stage',
                f'stands in place of {entry}; leave one of them out (_delete_=True drops what is merged)',
            )
    return stage


def _has_network(node: Mapping[str, Any]) -> bool:
    """Whether a node's class takes a network; an ensemble takes no stage either, as any check of its class says."""
    found = class_of(NODES, node) if 'type' in node else None
    return callable(found) and 'network' in arguments_of(found)[0]
