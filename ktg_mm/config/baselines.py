"""The graphs that a found one is measured against: the same networks under other teaching."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Set
from itertools import permutations
from typing import Any

from .edge_config import LABEL
from .graph_config import GraphConfig
from .made_views import sources_of
from .pretrained import without_weights


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
    graph = GraphConfig(model).check()
    return _taught_by_labels(graph, graph.made_of([graph.target]))


def deep_mutual_learning(model: Mapping[str, Any]) -> dict[str, Any]:
    """Deep mutual learning (Zhang et al., CVPR 2018) of all networks that a graph trains, and of the target's.

    Every one learns from the labels and, by the Kullback-Leibler divergence, from every other.

    Args:
        model: The config of a graph (``model`` in a config).
    """
    graph = GraphConfig(model).check()
    trained = [name for name in graph.trained if name in graph.networks]
    mutual = _taught_by_labels(graph, graph.made_of([graph.target, *trained]))
    for source, target in permutations(GraphConfig(mutual).networks, 2):
        views = mutual['edges'][f'{LABEL}->{target}'].get('views')
        mutual['edges'][f'{source}->{target}'] = dict(loss=dict(type='KLDivergence'), gate=dict(type='ThroughGate'))
        if views:
            mutual['edges'][f'{source}->{target}']['views'] = dict(views, source=views['target'])
    return mutual


def _taught_by_labels(graph: GraphConfig, kept: Set[str]) -> dict[str, Any]:
    """The graph of some of the nodes, whose networks hear the labels alone and share nothing.

    An ensemble that learns becomes the mean of its members.
    """
    nodes = {name: copy.deepcopy(dict(node)) for name, node in graph.nodes.items() if name in kept}
    for name, node in nodes.items():
        node.pop('share', None)
        if name in graph.learners and name not in graph.networks:
            nodes[name] = dict(type='EnsembleNode', members=node['members'])
    for name in kept & set(graph.networks) - set(graph.trained):
        nodes[name] = without_weights(nodes[name])  # trained here, so it does not begin with a teacher's weights
    label: dict[str, Any] = dict(loss=dict(type='CrossEntropy'))
    made = graph.made_views  # nobody looks at them any more
    targets = [view for edge in graph.outgoing(LABEL) if (view := edge.view('target')) is not None]
    views = [view for view in targets if view not in made]
    views += [sources_of(made[view])[0] for view in targets if view in made]
    if views and views[0] is not None:  # the data pipeline makes several
        label['views'] = dict(target=views[0])
    edges = {f'{LABEL}->{name}': copy.deepcopy(label) for name in graph.networks if name in kept}
    rest = {key: copy.deepcopy(value) for key, value in graph.model.items() if key != 'views'}
    return {**rest, 'nodes': nodes, 'edges': edges}
