"""What a node says that takes the network of an earlier stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ktg_mm.errors import ConfigError, did_you_mean

_ENTRIES = ('name', 'node', 'epoch')
_REPLACED = ('network', 'checkpoint', 'prefix')


def check_taken(node: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Returns what a node takes: its ``stage``.

    Args:
        node: The node's config, with ``stage``.
        key: Its key.

    Raises:
        ConfigError: If that does not say from which node of which stage, or stands beside what it replaces.

    Example:
        >>> check_taken(dict(type='NetworkNode', stage=dict(name='gen0', node='net1')), 'model.nodes.teacher')
        {'name': 'gen0', 'node': 'net1'}
    """
    stage = node['stage']
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
