"""Which networks begin with weights of somebody else's making."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.model import PretrainedInit


def is_pretrained(node: Mapping[str, Any]) -> bool:
    """Whether a node's config names the weights to begin with.

    They are its ``checkpoint``, those of an earlier ``stage``, its network's ``pretrained``, or an ``init_cfg`` of type
    Pretrained; any other ``init_cfg`` only says how to begin at random.

    Args:
        node: The node's config.

    Example:
        >>> is_pretrained(dict(network=dict(init_cfg=dict(type='Kaiming', layer='Conv2d'))))
        False
        >>> is_pretrained(dict(network=dict(init_cfg=dict(type='Pretrained', checkpoint='a.pth'))))
        True
    """
    network = node.get('network') or {}
    named = node.get('checkpoint') or node.get('stage')
    return bool(named or network.get('pretrained') or pretrained_init(network.get('init_cfg')))


def pretrained_init(init_cfg: Any) -> Mapping[str, Any] | None:
    """The entry of an ``init_cfg`` (a dict or several) that loads weights, None if there is none.

    Example:
        >>> pretrained_init([dict(type='Kaiming'), dict(type='Pretrained', checkpoint='a.pth')])['checkpoint']
        'a.pth'
    """
    return next(filter(_loads, _listed(init_cfg)), None)


def without_weights(node: Mapping[str, Any]) -> dict[str, Any]:
    """The config of the same node that begins at random.

    Args:
        node: The node's config; it stays as it is.

    Example:
        >>> without_weights(dict(network=dict(type='A', pretrained='a.pth'), checkpoint='b.pth', prefix='net1.'))
        {'network': {'type': 'A'}}
    """
    kept = {key: value for key, value in node.items() if key not in ('checkpoint', 'prefix', 'allow_random')}
    if isinstance(network := kept.get('network'), Mapping) and is_pretrained(dict(network=network)):
        init_cfg = [cfg for cfg in _listed(network.get('init_cfg')) if not _loads(cfg)]
        network = {key: value for key, value in network.items() if key not in ('pretrained', 'init_cfg')}
        kept['network'] = network | (dict(init_cfg=init_cfg) if init_cfg else {})
    return kept


def _listed(init_cfg: Any) -> list[Any]:
    return list(init_cfg) if isinstance(init_cfg, (list, tuple)) else [init_cfg] if init_cfg else []


def _loads(init_cfg: Any) -> bool:
    kind = init_cfg.get('type') if isinstance(init_cfg, Mapping) else None
    return kind is PretrainedInit or (isinstance(kind, str) and kind.rpartition('.')[2] == 'Pretrained')
