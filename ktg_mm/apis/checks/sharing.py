"""What a config's other parts must not do where networks share modules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ktg_mm.errors import ConfigError


def nodes_that_share(cfg: Mapping[str, Any]) -> list[str]:
    """Names of the nodes that share modules of others.

    Args:
        cfg: A config, whose model need not be sound.

    Example:
        >>> nodes_that_share(dict(model=dict(nodes=dict(a={}, b=dict(share=dict(node='a', until='backbone.conv1'))))))
        ['b']
    """
    model = cfg.get('model')
    nodes = model.get('nodes') if isinstance(model, Mapping) else None
    items = nodes.items() if isinstance(nodes, Mapping) else ()
    return [name for name, node in items if isinstance(node, Mapping) and node.get('share')]


def check_sync_bn(cfg: Mapping[str, Any]) -> None:
    """Refuses ``sync_bn``, which gives each network batch norms of its own in place of those that they share.

    Args:
        cfg: A config.

    Raises:
        ConfigError: If networks share.
    """
    if cfg.get('sync_bn') is not None and (sharing := nodes_that_share(cfg)):
        raise ConfigError(
            'sync_bn',
            f"must be None: {sharing[0]!r} would no longer share its batch norms; take norm_cfg=dict(type='SyncBN') in "
            'the networks',
        )
