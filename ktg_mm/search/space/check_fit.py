"""Checks that what an edge of a search space looks at is there in the networks that may stand at its ends."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from mmpretrain.registry import MODELS

from ktg_mm.config import EdgeConfig, GraphConfig, parse_edge_key
from ktg_mm.config.fingerprint import as_text
from ktg_mm.errors import UntaughtError
from ktg_mm.models.build import build_edge, build_part
from ktg_mm.models.needs import Need
from ktg_mm.models.nodes import Node
from ktg_mm.registry import NODES

from .parameter import Parameter
from .space import SearchSpace


class FitCheck:
    """Builds nodes and edges without weights, each kind once.

    Example:
        >>> import ktg_mm.models
        >>> network = dict(type='ImageClassifier', backbone=dict(type='CIFARResNet', depth=8), head=dict(
        ...     type='LinearClsHead', num_classes=2, in_channels=64), neck=dict(type='GlobalAveragePooling'))
        >>> nodes = dict.fromkeys('ab', dict(type='NetworkNode', network=network))
        >>> edges = {'a->b': dict(loss=dict(type='FitNets', layers='backbone.layer4'))}
        >>> FitCheck().edge(dict(nodes=nodes, edges=edges), 'a->b')  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ktg_mm.errors.ConfigError: model.edges['a->b'].loss.layers: node 'b': the network has no module 'backbone...
    """

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}
        self._done: set[str] = set()

    def node(self, model: Mapping[str, Any], name: str) -> Node:
        """Builds a node, one for all that are alike.

        Raises:
            ConfigError: If its config is wrong.
        """
        text = as_text(model['nodes'][name])
        if text not in self._nodes:
            with torch.random.fork_rng(devices=[]):
                self._nodes[text] = build_part(NODES, model['nodes'][name], f'model.nodes.{name}')
        return self._nodes[text]

    def edge(self, model: Mapping[str, Any], key: str) -> None:
        """Checks that both ends of an edge have what its parts look at.

        Raises:
            ConfigError: If one has not.
        """
        edge = EdgeConfig(key, model['edges'][key])
        if not looks_into_networks(edge) or not {edge.source, edge.target} <= set(model['nodes']):
            return
        nodes = {name: self.node(model, name) for name in (edge.source, edge.target)}
        done = as_text([edge.cfg, *map(id, nodes.values())])
        if done not in self._done:
            with torch.random.fork_rng(devices=[]):
                built = build_edge(edge)
                for path, part, need in built.needs:
                    need.prepare(path, part, built, nodes)
            self._done.add(done)

    def graph(self, config: Mapping[str, Any]) -> None:
        """Builds a whole graph, if a node of it shares modules or learns from what others give.

        Raises:
            ConfigError: If the graph is wrong, one that cannot learn excepted.
        """
        model = config['model']
        graph = GraphConfig(model)
        if not any(graph.owner(name) or graph.members(name) for name in graph.learners):
            return
        done = as_text([model['nodes'], model['edges']])
        if done not in self._done:
            self._done.add(done)
            with torch.random.fork_rng(devices=[]):
                try:
                    MODELS.build({**model, 'data_preprocessor': config.get('data_preprocessor')})
                except UntaughtError:
                    pass


def looks_into_networks(edge: EdgeConfig) -> bool:
    """Whether a part of an edge looks at more than what its ends say.

    Example:
        >>> import ktg_mm.models
        >>> looks_into_networks(EdgeConfig('a->b', dict(loss=dict(type='KLDivergence'))))
        False
    """
    return not edge.is_average and any(
        type(need).prepare is not Need.prepare for part in edge.parts for need in part.needs
    )


def networks_at(space: SearchSpace, parameter: Parameter) -> Iterator[dict[str, Any]]:
    """What the parameters of the networks at the ends of an edge may be, all combinations.

    Args:
        space: The space.
        parameter: One of a place in an edge.
    """
    ends = parse_edge_key(parameter.path[2])[:2]
    others = [
        other
        for other in space.parameters
        if other.path[:2] == ('model', 'nodes') and other.path[2:3] in ((ends[0],), (ends[1],))
        if other.path[3:4] in ((), ('network',), ('attention_layer',))
    ]
    for values in itertools.product(*(other.ends for other in others)):
        yield dict(zip((other.name for other in others), values, strict=True))
