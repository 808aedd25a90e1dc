"""Entries of a config, outside the graph, that name its nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ktg_mm.evaluation import DiversityMetric
from ktg_mm.models.graph_spec import read_graph
from ktg_mm.registry import NODES

_EVALUATORS = ('val_evaluator', 'test_evaluator')
_OF_PAIRS = ('DiversityMetric', DiversityMetric)


def without_absent(config: Mapping[str, Any], model: Mapping[str, Any]) -> dict[str, Any]:
    """A config whose optimiser and evaluators name no node that a graph has lost.

    ``optim_wrapper.paramwise_cfg.nodes`` speaks of nodes that learn alone, evaluators of those that are there. Where
    evaluators are a list, one that compares networks goes if fewer than two are left.

    Args:
        config: A config, plain dicts.
        model: The graph, a ``model`` of a config.

    Raises:
        ConfigError: If the graph is wrong; UntaughtError if it cannot learn.

    Example:
        >>> import ktg_mm.models
        >>> network = dict(type='ImageClassifier', backbone=dict(type='LeNet5'))
        >>> model = dict(target='a', nodes=dict(a=dict(type='NetworkNode', network=network)),
        ...     edges={'label->a': dict(loss=dict(type='CrossEntropy'))})
        >>> without_absent({'optim_wrapper': dict(paramwise_cfg=dict(nodes=dict(a=1, b=2)))}, model)
        {'optim_wrapper': {'paramwise_cfg': {'nodes': {'a': 1}}}}
    """
    roles = read_graph(model['nodes'], model['edges'], model['target']).roles
    learning = {name for name, role in roles.items() if role == 'trained'}
    changed = dict(config)
    optim = dict(changed.get('optim_wrapper') or {})
    nodes = (optim.get('paramwise_cfg') or {}).get('nodes')
    if isinstance(nodes, Mapping) and not learning.issuperset(nodes):
        kept = {name: options for name, options in nodes.items() if name in learning}
        changed['optim_wrapper'] = optim | dict(paramwise_cfg={**optim['paramwise_cfg'], 'nodes': kept})
    for name in _EVALUATORS:
        if name in changed:
            changed[name] = _evaluators(changed[name], model)
    return changed


def networks_of(model: Mapping[str, Any]) -> tuple[str, ...]:
    """The nodes of a graph's config that have parameters; a type that is unknown counts as one."""
    return tuple(name for name, node in model['nodes'].items() if getattr(_type(node), 'has_parameters', True))


def _type(node: Mapping[str, Any]) -> Any:
    kind = node.get('type')
    return NODES.get(kind) if isinstance(kind, str) else kind


def _evaluators(config: Any, model: Mapping[str, Any]) -> Any:
    """An evaluator's config, or a list of them; one that is left without a node looks at all."""
    if isinstance(config, (list, tuple)):
        return [_evaluators(entry, model) for entry in config if not _lacks_a_pair(entry, model)]
    if not isinstance(config, Mapping) or not isinstance(config.get('nodes'), (list, tuple)):
        return config
    return {**config, 'nodes': [name for name in config['nodes'] if name in model['nodes']] or None}


def _lacks_a_pair(evaluator: Any, model: Mapping[str, Any]) -> bool:
    if not isinstance(evaluator, Mapping) or evaluator.get('type') not in _OF_PAIRS:
        return False
    nodes = evaluator.get('nodes') or networks_of(model)
    return sum(name in model['nodes'] for name in nodes) < 2
