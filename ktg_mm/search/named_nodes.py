"""Entries of a config, outside the graph, that name its nodes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_EVALUATORS = ('val_evaluator', 'test_evaluator')


def without_absent(config: Mapping[str, Any], learning: Iterable[str], present: Iterable[str]) -> dict[str, Any]:
    """A config whose optimiser and evaluators name no node that its graph has lost.

    Args:
        config: A config, plain dicts.
        learning: The nodes that learn; of others ``optim_wrapper.paramwise_cfg.nodes`` must not speak.
        present: The nodes that are there; no others can be evaluated.

    Example:
        >>> without_absent({'optim_wrapper': dict(paramwise_cfg=dict(nodes=dict(a=1, b=2)))}, 'a', 'ab')
        {'optim_wrapper': {'paramwise_cfg': {'nodes': {'a': 1}}}}
    """
    learning, present = set(learning), set(present)
    changed = dict(config)
    optim = dict(changed.get('optim_wrapper') or {})
    nodes = (optim.get('paramwise_cfg') or {}).get('nodes')
    if isinstance(nodes, Mapping) and not learning.issuperset(nodes):
        kept = {name: options for name, options in nodes.items() if name in learning}
        changed['optim_wrapper'] = optim | dict(paramwise_cfg={**optim['paramwise_cfg'], 'nodes': kept})
    for name in _EVALUATORS:
        if name in changed:
            changed[name] = _evaluators(changed[name], present)
    return changed


def _evaluators(config: Any, present: set[str]) -> Any:
    """An evaluator's config, or a list of them; one that is left without a node looks at all."""
    if isinstance(config, (list, tuple)):
        return [_evaluators(entry, present) for entry in config]
    if not isinstance(config, Mapping) or not isinstance(config.get('nodes'), (list, tuple)):
        return config
    return {**config, 'nodes': [name for name in config['nodes'] if name in present] or None}
