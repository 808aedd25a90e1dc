"""Entries of a config, outside the graph, that name its nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmpretrain.registry import METRICS

from .graph_config import GraphConfig
from .made_views import with_views_in_use
from .phases import optimizer_phases, without_phases
from .type_check import class_of

_EVALUATORS = ('val_evaluator', 'test_evaluator')


def without_absent(config: Mapping[str, Any], model: Mapping[str, Any]) -> dict[str, Any]:
    """A config that names no node that a graph has lost, and has neither phases without edges nor views unlooked at.

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
    graph = GraphConfig(model).check()
    learning = set(graph.trained)
    changed = without_phases(config, model, graph.learning_edges)
    if changed.get('model', {}).get('views'):
        changed['model'] = with_views_in_use(changed['model'])
    if isinstance(optim := changed.get('optim_wrapper'), Mapping):
        changed['optim_wrapper'] = _optimizer(optim, learning)
        changed['optim_wrapper'] |= {
            phase: _optimizer(wrapper, learning) for phase, wrapper in optimizer_phases(optim).items()
        }
    for name in _EVALUATORS:
        if name in changed:
            changed[name] = _evaluators(changed[name], graph)
    return changed


def existing_metrics(save_best: Any, model: Mapping[str, Any]) -> Any:
    """The metrics to keep the best checkpoint of, with the target in place of nodes that the graph has lost.

    Args:
        save_best: A metric's name, or several, as ``default_hooks.checkpoint.save_best`` says them.
        model: The graph, a ``model`` of a config.

    Example:
        >>> existing_metrics('ensemble/accuracy/top1', dict(nodes=dict(net1={}), target='net1'))
        'net1/accuracy/top1'
    """
    if isinstance(save_best, (list, tuple)):
        return list(dict.fromkeys(existing_metrics(name, model) for name in save_best))
    node, slash, kind = str(save_best).partition('/')
    return f'{model["target"]}/{kind}' if slash and node not in model['nodes'] else save_best


def _optimizer(wrapper: Mapping[str, Any], learning: set[str]) -> dict[str, Any]:
    """An optimiser's wrapper that gives options to nodes that learn alone."""
    nodes = (wrapper.get('paramwise_cfg') or {}).get('nodes')
    if not isinstance(nodes, Mapping) or learning.issuperset(nodes):
        return dict(wrapper)
    kept = {name: options for name, options in nodes.items() if name in learning}
    return {**wrapper, 'paramwise_cfg': {**wrapper['paramwise_cfg'], 'nodes': kept}}


def _evaluators(config: Any, graph: GraphConfig) -> Any:
    """An evaluator's config, or a list of them; one that is left without a node looks at all."""
    if isinstance(config, (list, tuple)):
        return [_evaluators(entry, graph) for entry in config if not _lacks_a_pair(entry, graph)]
    if not isinstance(config, Mapping) or not isinstance(config.get('nodes'), (list, tuple)):
        return config
    return {**config, 'nodes': [name for name in config['nodes'] if name in graph.nodes] or None}


def _lacks_a_pair(evaluator: Any, graph: GraphConfig) -> bool:
    known = isinstance(evaluator, Mapping) and 'type' in evaluator
    if not getattr(class_of(METRICS, evaluator) if known else None, 'compares_networks', False):
        return False
    return sum(name in graph.nodes for name in evaluator.get('nodes') or graph.networks) < 2
