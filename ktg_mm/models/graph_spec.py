"""Reads a graph's config and checks it before anything is built: every message names the key at fault."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mmpretrain.registry import MODELS
from torch import nn

from ktg_mm.errors import ConfigError, did_you_mean
from ktg_mm.registry import NODES

from .edge_spec import LABEL, check_edge, is_cut, is_ema, parse_edge_key
from .type_check import check_type, class_of

# What of a backbone's config says how its weights are shaped.
_ARCHITECTURE = ('type', 'arch', 'depth', 'widen_factor', 'base_channels')


class UntaughtError(ConfigError):
    """A graph of sound parts that cannot do its work: a network that nobody teaches, a target that never learns, moving
    averages of one another, of two networks or of another kind of network.

    A search draws another graph then; any other error in a config is a mistake.
    """


@dataclass(frozen=True)
class GraphSpec:
    """A checked graph.

    Args:
        roles: Each network node's role, which follows from its incoming edges: ``'trained'``, ``'frozen'`` or
            ``'ema'``; nodes without parameters have none.
        order: All nodes, each after the nodes whose outputs it reads.
        learning_edges: Keys of the edges to compute: not cut off, and into a trained node.
        ema_edges: Keys of the moving averages, each after the one that its source depends on.
    """

    roles: dict[str, str]
    order: list[str]
    learning_edges: list[str]
    ema_edges: list[str]


def read_graph(nodes: Mapping[str, Any], edges: Mapping[str, Any], target: str) -> GraphSpec:
    """Checks the config of a graph and derives the roles of its nodes.

    Args:
        nodes: ``model.nodes``: a node's config by its name.
        edges: ``model.edges``: an edge's config by its key.
        target: ``model.target``: the node to deploy.

    Raises:
        ConfigError: At the first mistake.

    Example:
        >>> import ktg_mm.models
        >>> network = dict(type='ImageClassifier', backbone=dict(type='LeNet5'))
        >>> spec = read_graph(
        ...     nodes=dict(net1=dict(type='NetworkNode', network=network)),
        ...     edges={'label->net1': dict(loss=dict(type='CrossEntropy'))}, target='net1')
        >>> spec.roles
        {'net1': 'trained'}
    """
    if not isinstance(nodes, Mapping) or not nodes:
        raise ConfigError('model.nodes', 'must be a dict of at least one node')
    if not isinstance(edges, Mapping):
        raise ConfigError('model.edges', "must be a dict of edges with keys such as 'label->net1'")
    for name, node in nodes.items():
        _check_node(name, node, nodes)
    for key, edge in edges.items():
        check_edge(key, edge, nodes)
    roles = _roles(nodes, edges)
    ema_edges = _ordered_ema_edges(edges)
    learning = [key for key in edges if not is_cut(edges[key]) and roles[parse_edge_key(key).target] == 'trained']
    _check_target(target, nodes, edges, roles)
    return GraphSpec(roles, _node_order(nodes), learning, ema_edges)


def _check_node(name: str, node: Any, nodes: Mapping[str, Any]) -> None:
    path = f'model.nodes.{name}'
    if not isinstance(name, str) or not re.fullmatch(r'\w+', name) or name == LABEL:
        raise ConfigError(path, f"a node's name must be letters, digits and _, and not {LABEL!r}")
    if hasattr(nn.ModuleDict, name) or name == 'training':
        raise ConfigError(path, f'{name!r} is a word of torch; give the node another name, such as {name + "1"!r}')
    check_type(node, NODES, path, 'node')
    if 'network' in node:
        check_type(node['network'], MODELS, f'{path}.network', 'network')
        for part in ('backbone', 'neck', 'head'):
            # A neck may be a list of necks.
            cfgs = node['network'].get(part)
            for cfg in cfgs if isinstance(cfgs, (list, tuple)) else [cfgs]:
                if cfg is not None:
                    check_type(cfg, MODELS, f'{path}.network.{part}', part)
    members = node.get('members', ())
    if not isinstance(members, (list, tuple)):
        raise ConfigError(f'{path}.members', f'must be a list of nodes, got {members!r}')
    for member in members:
        if member not in nodes:
            raise ConfigError(f'{path}.members', f'no node is named {member!r}; {did_you_mean(member, nodes)}')


def _roles(nodes: Mapping[str, Any], edges: Mapping[str, Any]) -> dict[str, str]:
    """Each network node's role: an EMA edge decides, else any edge that is not cut off trains, else it is frozen."""
    roles = {}
    for name, node in nodes.items():
        if not class_of(NODES, node).has_parameters:
            continue
        incoming = {key: edge for key, edge in edges.items() if parse_edge_key(key).target == name}
        averages = [key for key, edge in incoming.items() if is_ema(edge)]
        if len(averages) > 1:
            raise UntaughtError(
                f'model.edges[{averages[1]!r}]',
                f'{name!r} is a moving average already ({averages[0]!r}); remove one of the two',
            )
        if averages:
            roles[name] = 'ema'
            _check_same_network(averages[0], nodes)
        elif any(not is_cut(edge) for edge in incoming.values()):
            roles[name] = 'trained'
        else:
            roles[name] = 'frozen'
            if not (node.get('checkpoint') or _is_pretrained(node.get('network', {})) or node.get('allow_random')):
                raise UntaughtError(
                    f'model.nodes.{name}',
                    'nobody teaches this network and it has no checkpoint; give it an edge such as '
                    f"'label->{name}', a checkpoint, or allow_random=True",
                )
    return roles


def _check_same_network(key: str, nodes: Mapping[str, Any]) -> None:
    """Refuses the average of another kind of network; what the configs do not show, the edge finds when built."""
    source, target, _ = parse_edge_key(key)
    backbones = [(nodes[name].get('network') or {}).get('backbone') or {} for name in (source, target)]
    if any(backbones[0].get(entry) != backbones[1].get(entry) for entry in _ARCHITECTURE):
        raise UntaughtError(f'model.edges[{key!r}]', 'the moving average needs the same network at both ends')


def _is_pretrained(network: Mapping[str, Any]) -> bool:
    """Whether a network's own config names the weights to begin with."""
    init_cfg = network.get('init_cfg') or []
    init_cfgs = init_cfg if isinstance(init_cfg, (list, tuple)) else [init_cfg]
    return bool(network.get('pretrained')) or any(cfg.get('type') == 'Pretrained' for cfg in init_cfgs)


def _ordered_ema_edges(edges: Mapping[str, Any]) -> list[str]:
    """EMA edges, each after the one into its source; a cycle of averages is refused."""
    into = {parse_edge_key(key).target: key for key, edge in edges.items() if is_ema(edge)}
    ordered: list[str] = []
    for first in into.values():
        chain: list[str] = []
        key: str | None = first
        while key is not None and key not in ordered:
            if key in chain:
                raise UntaughtError(
                    f'model.edges[{key!r}]', f'the moving averages form a cycle, {", ".join(chain)}; remove one of them'
                )
            chain.append(key)
            key = into.get(parse_edge_key(key).source)
        ordered += reversed(chain)
    return ordered


def _node_order(nodes: Mapping[str, Any]) -> list[str]:
    """All nodes, each after the nodes it reads."""
    order: list[str] = []

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            raise ConfigError(f'model.nodes.{name}', f'reads its own output: {" <- ".join([*path, name])}')
        if name not in order:
            for read in nodes[name].get('members', ()):
                visit(read, (*path, name))
            order.append(name)

    for name in nodes:
        visit(name, ())
    return order


def _check_target(target: str, nodes: Mapping[str, Any], edges: Mapping[str, Any], roles: dict[str, str]) -> None:
    if target not in nodes:
        problem = f'no node is named {target!r}' if target else 'is missing'
        raise ConfigError('model.target', f'{problem}; {did_you_mean(target, nodes)}')

    averaged = {parse_edge_key(key).target: parse_edge_key(key).source for key in edges if is_ema(edges[key])}

    def made_of(name: str) -> Sequence[str]:
        return [averaged[name]] if name in averaged else nodes[name].get('members', ())

    def learns(name: str) -> bool:
        return roles.get(name) == 'trained' or any(learns(part) for part in made_of(name))

    _node_order(nodes)  # refuses nodes that read themselves, which learns() would follow for ever
    if not learns(target):
        network = target
        while parts := made_of(network):
            network = parts[0]
        raise UntaughtError(
            'model.target',
            f'{target!r} never learns: no edge that is not cut off ends in it or in what it is made of; '
            f"add one such as 'label->{network}'",
        )
