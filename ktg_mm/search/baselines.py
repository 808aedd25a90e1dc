"""The graphs that a found one is measured against: the same networks under other teaching."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from itertools import permutations
from typing import Any

from ktg_mm.models.edge_spec import LABEL, parse_edge_key
from ktg_mm.models.graph_spec import read_graph

from .named_nodes import networks_of


def independent(model: Mapping[str, Any]) -> dict[str, Any]:
    """The target's network alone, taught by the labels; all members if the target is an ensemble.

    Args:
        model: The config of a graph (``model`` in a config).

    Example:
        >>> import ktg_mm.models
        >>> network = dict(type='ImageClassifier', backbone=dict(type='LeNet5'))
        >>> model = dict(target='a', nodes={n: dict(type='NetworkNode', network=network) for n in 'abc'}, edges={
        ...     'label->a': dict(loss=dict(type='CrossEntropy')), 'label->b': dict(loss=dict(type='CrossEntropy')),
        ...     'label->c': dict(loss=dict(type='CrossEntropy')), 'b->a': dict(loss=dict(type='KLDivergence'))})
        >>> list(independent(model)['edges'])
        ['label->a']
        >>> list(deep_mutual_learning(model)['edges'])[3:]
        ['a->b', 'a->c', 'b->a', 'b->c', 'c->a', 'c->b']
    """
    return _taught_by_labels(model, _parts_of_target(model))


def deep_mutual_learning(model: Mapping[str, Any]) -> dict[str, Any]:
    """Deep mutual learning (Zhang et al., CVPR 2018) of all networks that a graph trains, and of the target's.

    Every one learns from the labels and, by the Kullback-Leibler divergence, from every other.

    Args:
        model: The config of a graph (``model`` in a config).
    """
    roles = read_graph(model['nodes'], model['edges'], model['target']).roles
    parts = _parts_of_target(model)
    mutual = _taught_by_labels(model, parts | {name for name, role in roles.items() if role == 'trained'})
    for source, target in permutations(networks_of(mutual), 2):
        views = mutual['edges'][f'{LABEL}->{target}'].get('views')
        mutual['edges'][f'{source}->{target}'] = dict(loss=dict(type='KLDivergence'), gate=dict(type='ThroughGate'))
        if views:
            mutual['edges'][f'{source}->{target}']['views'] = dict(views, source=views['target'])
    return mutual


def number_of_networks(model: Mapping[str, Any]) -> int:
    """How many networks a graph has."""
    return len(networks_of(model))


def _parts_of_target(model: Mapping[str, Any]) -> set[str]:
    """The target and, if it is an ensemble, what it is made of."""
    parts: set[str] = set()
    todo = [model['target']]
    while todo:
        name = todo.pop()
        parts.add(name)
        todo += model['nodes'][name].get('members', ())
    return parts


def _taught_by_labels(model: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The graph of some of the nodes, whose networks hear the labels alone."""
    roles = read_graph(model['nodes'], model['edges'], model['target']).roles
    kept = set(names)
    nodes = {name: copy.deepcopy(node) for name, node in model['nodes'].items() if name in kept}
    for name, node in nodes.items():
        if roles.get(name, 'trained') != 'trained':  # trained here, so it does not begin with a teacher's weights
            for key in ('checkpoint', 'prefix', 'allow_random'):
                node.pop(key, None)
    label: dict[str, Any] = dict(loss=dict(type='CrossEntropy'))
    for key, edge in model['edges'].items():
        if parse_edge_key(key).source == LABEL and edge.get('views'):  # the data pipeline makes several
            label['views'] = dict(edge['views'])
            break
    edges = {f'{LABEL}->{name}': copy.deepcopy(label) for name in networks_of(dict(nodes=nodes))}
    return {**copy.deepcopy(dict(model)), 'nodes': nodes, 'edges': edges}
