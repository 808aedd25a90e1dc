"""Checks a graph's config before anything is built: every message names the key at fault."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mmpretrain.registry import MODELS
from torch import nn

from ktg_mm.errors import ConfigError, UntaughtError, did_you_mean
from ktg_mm.registry import NODES

from .check_edge import check_edge
from .check_share import check_detach, check_share
from .edge_config import LABEL, EdgeConfig
from .made_views import check_lookers, check_made_views
from .taken_node import check_taken, is_taken
from .type_check import check_type
from .value_check import check_values

if TYPE_CHECKING:
    from .graph_config import GraphConfig

# The loss of a head that a label edge stands for.
_PLAIN_LOSS = dict(
    type='CrossEntropyLoss',
    loss_weight=1.0,
    use_sigmoid=False,
    use_soft=False,
    reduction='mean',
    class_weight=None,
    pos_weight=None,
)

# What of a backbone's config says how its weights are shaped.
_ARCHITECTURE = ('type', 'arch', 'depth', 'widen_factor', 'base_channels')


def check_graph(graph: GraphConfig) -> None:
    """Checks a graph.

    Args:
        graph: The graph.

    Raises:
        ConfigError: At the first mistake.
        UntaughtError: If its parts are sound, but it cannot do its work.
    """
    joint_views = graph.model.get('joint_views', False)
    if not isinstance(joint_views, bool):
        raise ConfigError('model.joint_views', f'must be True or False, got {joint_views!r}')
    for name, node in graph.nodes.items():
        _check_node(name, node, graph.nodes)
    check_made_views(graph)
    for edge in graph.edges.values():
        check_edge(edge, graph.nodes)
    check_lookers(graph)
    for name in graph.nodes:
        check_share(name, graph)
    check_detach(graph)
    for name in graph.learners:
        _check_role(name, graph)
    _check_target(graph)


def _check_node(name: str, node: Any, nodes: Mapping[str, Any]) -> None:
    path = f'model.nodes.{name}'
    if not isinstance(name, str) or not re.fullmatch(r'\w+', name) or name == LABEL:
        raise ConfigError(path, f"a node's name must be letters, digits and _, and not {LABEL!r}")
    if hasattr(nn.ModuleDict, name) or name == 'training':
        raise ConfigError(path, f'{name!r} is a word of torch; give the node another name, such as {name + "1"!r}')
    taken = check_taken(node, path)
    check_type({key: value for key, value in node.items() if key != 'stage'} if taken else node, NODES, path, 'node')
    if 'network' in node and not taken:
        found = check_type(node['network'], MODELS, f'{path}.network', 'network')
        check_values(found, node['network'], f'{path}.network', strict=False)
        _check_nothing_unread(f'{path}.network', node['network'])
        for part in ('backbone', 'neck', 'head'):
            # A neck may be a list of necks.
            cfgs = node['network'].get(part)
            for cfg in cfgs if isinstance(cfgs, (list, tuple)) else [cfgs]:
                if cfg is not None:
                    found = check_type(cfg, MODELS, f'{path}.network.{part}', part)
                    check_values(found, cfg, f'{path}.network.{part}', strict=False)
    if node.get('prefix') and not node.get('checkpoint'):
        raise ConfigError(f'{path}.prefix', 'has no checkpoint to take a part of; give one, or leave the prefix out')
    members = node.get('members', ())
    if not isinstance(members, (list, tuple)):
        raise ConfigError(f'{path}.members', f'must be a list of nodes, got {members!r}')
    for member in members:
        if not isinstance(member, str) or member not in nodes:
            raise ConfigError(f'{path}.members', f'no node is named {member!r}; {did_you_mean(member, nodes)}')


def _check_nothing_unread(path: str, network: Mapping[str, Any]) -> None:
    """Refuses what would change how a classifier of mmpretrain learns, as a node computes logits alone."""
    if network.get('train_cfg'):
        raise ConfigError(
            f'{path}.train_cfg', 'nobody reads it in a graph; images are mixed by data_preprocessor.batch_augments'
        )
    if network.get('data_preprocessor'):
        raise ConfigError(
            f'{path}.data_preprocessor',
            'nobody reads it in a graph; all nodes share the data_preprocessor of the config',
        )
    # timm's and Hugging Face's classifiers have no head.
    for key, part in (('loss', network), ('head.loss', network.get('head'))):
        loss = part.get('loss') if isinstance(part, Mapping) else None
        if isinstance(loss, Mapping) and {**_PLAIN_LOSS, **loss, 'type': _name(loss.get('type'))} != _PLAIN_LOSS:
            raise ConfigError(
                f'{path}.{key}',
                'nobody reads it in a graph, whose edges say what a network learns: leave it out, and write '
                "model.edges['label->net1'].loss=dict(type='CrossEntropy', label_smoothing=0.1) or the like",
            )


def _name(kind: Any) -> str:
    """A type's plain name: of ``'mmpretrain.CrossEntropyLoss'``, or of the class."""
    return getattr(kind, '__name__', str(kind)).rpartition('.')[2]


def _check_role(name: str, graph: GraphConfig) -> None:
    averages = [edge for edge in graph.incoming(name) if edge.is_average]
    if len(averages) > 1:
        raise UntaughtError(
            averages[1].path, f'{name!r} is a moving average already ({averages[0].key!r}); remove one of the two'
        )
    if averages:
        _check_same_network(averages[0], graph.nodes)
    if name in graph.without_weights:
        remedy = 'a checkpoint, or allow_random=True'
        what = 'this network and it has no checkpoint'
        if name not in graph.networks:
            what, remedy = 'what this node learns', 'or detach=False to an edge from it'
        raise UntaughtError(
            f'model.nodes.{name}', f"nobody teaches {what}; give it an edge such as 'label->{name}', {remedy}"
        )


def _check_same_network(edge: EdgeConfig, nodes: Mapping[str, Any]) -> None:
    """Refuses the average of another kind of network; what the configs do not show, the edge finds when built."""
    if any(is_taken(nodes[name]) for name in (edge.source, edge.target)):
        return
    backbones = [(nodes[name].get('network') or {}).get('backbone') or {} for name in (edge.source, edge.target)]
    if any(backbones[0].get(entry) != backbones[1].get(entry) for entry in _ARCHITECTURE):
        raise UntaughtError(edge.path, 'the moving average needs the same network at both ends')


def _check_target(graph: GraphConfig) -> None:
    target = graph.target
    if not isinstance(target, str) or target not in graph.nodes:
        problem = f'no node is named {target!r}' if target else 'is missing'
        raise ConfigError('model.target', f'{problem}; {did_you_mean(target, graph.nodes)}')

    learning = set(graph.trained)
    for edge in graph.averages:
        if edge.source in learning:
            learning.add(edge.target)
    for name in graph.order:
        if learning.intersection(graph.members(name)):
            learning.add(name)
    if target not in learning:
        network = target
        while parts := [graph.averaged[network].source] if network in graph.averaged else graph.members(network):
            network = parts[0]
        raise UntaughtError(
            'model.target',
            f'{target!r} never learns: no edge that is not cut off ends in it or in what it is made of; '
            f"add one such as 'label->{network}'",
        )
