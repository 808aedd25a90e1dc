"""Reads a graph's config and checks it before anything is built: every message names the key at fault."""

from __future__ import annotations

import functools
import inspect
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from mmengine.registry import Registry
from mmpretrain.registry import MODELS
from torch import nn

from ktg_mm.errors import ConfigError, did_you_mean
from ktg_mm.registry import GATES, LOSSES, NODES

LABEL = 'label'
_KEY = re.compile(r'(\w+)->(\w+)(?::(\w+))?')
_EDGE_ENTRIES = {
    'TransferEdge': {'type', 'loss', 'gate', 'weight', 'views'},
    'EMAEdge': {'type', 'decay', 'mode'},
}


class UntaughtError(ConfigError):
    """A graph of sound parts that cannot do its work: a network that nobody teaches, a target that never learns.

    A search draws another graph then; any other error in a config is a mistake.
    """


class EdgeKey(NamedTuple):
    """The parts of an edge's key: ``'source->target'`` or ``'source->target:suffix'``."""

    source: str
    target: str
    suffix: str | None = None


@functools.cache
def parse_edge_key(key: str) -> EdgeKey:
    """Splits an edge's key into its parts.

    Args:
        key: Such as ``'net1->net2'``, or ``'net1->net2:attention'`` for a second edge between the same nodes.

    Raises:
        ConfigError: If the key is malformed.

    Example:
        >>> parse_edge_key('net1->net2')
        EdgeKey(source='net1', target='net2', suffix=None)
    """
    match = _KEY.fullmatch(key) if isinstance(key, str) else None
    if match is None:
        raise ConfigError(
            f'model.edges[{key!r}]', "an edge's key must read 'source->target' or 'source->target:suffix'"
        )
    return EdgeKey(*match.groups())


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
        _check_edge(key, edge, nodes)
    roles = _roles(nodes, edges)
    ema_edges = _ordered_ema_edges(edges)
    learning = [key for key in edges if not is_cut(edges[key]) and roles[parse_edge_key(key).target] == 'trained']
    _check_target(target, nodes, edges, roles)
    return GraphSpec(roles, _node_order(nodes), learning, ema_edges)


def is_ema(edge: Mapping[str, Any]) -> bool:
    """Whether an edge's config is a moving average's."""
    return edge.get('type') == 'EMAEdge'


def list_of_losses(edge: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The configs of an edge's losses: one dict or a list of dicts in the config."""
    loss = edge['loss']
    return list(loss) if isinstance(loss, (list, tuple)) else [loss]


def is_cut(edge: Mapping[str, Any]) -> bool:
    """Whether nothing ever passes, so that the edge is not computed; a moving average passes no loss either."""
    if is_ema(edge):
        return True
    return bool(edge.get('gate')) and class_of(GATES, edge['gate']).cut


def class_of(registry: Registry, cfg: Mapping[str, Any]) -> Any:
    """The class that a config names, None if there is none."""
    if not isinstance(cfg['type'], str):
        return cfg['type']
    # Registry.get writes a line of the log each time, which takes most of a check's time.
    return registry.module_dict.get(cfg['type']) or registry.get(cfg['type'])


def check_type(cfg: Any, registry: Registry, path: str, what: str) -> Any:
    """Returns the class that a config names, after a look at the arguments that it gives.

    Args:
        cfg: The config of a part, ``dict(type=..., **arguments)``.
        registry: Where the part is registered.
        path: Config key of the part, for the message.
        what: What the part is, for the message.

    Raises:
        ConfigError: If no part of this type exists, or it does not take one of the arguments.

    Example:
        >>> import ktg_mm.models
        >>> check_type(dict(type='CorrectGate'), GATES, 'model.edges.gate', 'gate').__name__
        'CorrectGate'
    """
    if not isinstance(cfg, Mapping) or 'type' not in cfg:
        raise ConfigError(path, f"must be the dict of one {what} with a 'type', got {cfg!r}")
    found = class_of(registry, cfg)
    if found is None or not callable(found):
        known = [name for scope in (registry, registry.parent) if scope for name in scope.module_dict]
        raise ConfigError(f'{path}.type', f'unknown {what} {cfg["type"]!r}; {did_you_mean(cfg["type"], known)}')
    if (arguments := _arguments(found)) is not None:
        for argument in cfg:
            if argument not in ('type', '_scope_', *arguments):
                hint = did_you_mean(argument, arguments) if arguments else 'it takes none'
                raise ConfigError(path, f'{found.__name__} has no argument {argument!r}; {hint}')
    return found


@functools.cache
def _arguments(cls: Any) -> list[str] | None:
    """Names of a class's arguments, None if it takes any."""
    if not inspect.isclass(cls) or cls.__init__ in (nn.Module.__init__, object.__init__):
        return [] if inspect.isclass(cls) else None
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return [parameter.name for parameter in parameters]


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


def _check_edge(key: str, edge: Any, nodes: Mapping[str, Any]) -> None:
    path = f'model.edges[{key!r}]'
    source, target, _ = parse_edge_key(key)
    if source != LABEL and source not in nodes:
        raise ConfigError(path, f'no node is named {source!r}; {did_you_mean(source, [*nodes, LABEL])}')
    if target not in nodes:
        raise ConfigError(path, f'no node is named {target!r}; {did_you_mean(target, nodes)}')
    if not class_of(NODES, nodes[target]).has_parameters:
        raise ConfigError(path, f'node {target!r} has no parameters, so it cannot learn; remove the edge')
    if not isinstance(edge, Mapping):
        raise ConfigError(
            path, f'must be a dict with a loss such as dict(loss=dict(type="KLDivergence")), got {edge!r}'
        )
    kind = edge.get('type', 'TransferEdge')
    if kind not in _EDGE_ENTRIES:
        raise ConfigError(f'{path}.type', f'unknown edge {kind!r}; {did_you_mean(kind, _EDGE_ENTRIES)}')
    for entry in edge:
        if entry not in _EDGE_ENTRIES[kind]:
            raise ConfigError(path, f'unknown entry {entry!r}; {did_you_mean(entry, _EDGE_ENTRIES[kind])}')
    if kind == 'EMAEdge':
        _check_ema_edge(path, source, target, edge, nodes)
    else:
        _check_transfer_edge(path, source, target, edge)


def _check_ema_edge(path: str, source: str, target: str, edge: Mapping[str, Any], nodes: Mapping[str, Any]) -> None:
    if source == target or source == LABEL or not class_of(NODES, nodes[source]).has_parameters:
        raise ConfigError(path, 'a moving average needs another network as its source')
    if edge.get('mode', 'train') not in ('train', 'eval'):
        raise ConfigError(f'{path}.mode', f"must be 'train' or 'eval', got {edge['mode']!r}")
    decay = edge.get('decay', 0.999)
    if not isinstance(decay, (int, float)) or not 0 <= decay < 1:
        raise ConfigError(f'{path}.decay', f'must be in [0, 1), got {decay!r}')


def _check_transfer_edge(path: str, source: str, target: str, edge: Mapping[str, Any]) -> None:
    views = edge.get('views') or {}
    if not isinstance(views, Mapping) or not set(views) <= {'source', 'target'}:
        raise ConfigError(f'{path}.views', "must be a dict with the views' names, dict(source=..., target=...)")
    if source == target and views.get('source') == views.get('target'):
        raise ConfigError(path, 'a self edge needs two different views, views=dict(source=..., target=...)')
    weight = edge.get('weight', 1.0)
    if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 < weight < math.inf:
        raise ConfigError(f'{path}.weight', f'must be a number above 0, got {weight!r}; CutoffGate cuts an edge off')
    if not edge.get('loss'):
        raise ConfigError(f'{path}.loss', 'is missing; give a loss such as dict(type="KLDivergence")')
    for loss in list_of_losses(edge):
        allowed = check_type(loss, LOSSES, f'{path}.loss', 'loss').sources
        if (LABEL if source == LABEL else 'node') not in allowed:
            needed = 'the label' if allowed == (LABEL,) else 'a node'
            raise ConfigError(f'{path}.loss', f'{loss["type"]} learns from {needed}, not from {source!r}')
    if edge.get('gate') is not None:
        check_type(edge['gate'], GATES, f'{path}.gate', 'gate')


def _roles(nodes: Mapping[str, Any], edges: Mapping[str, Any]) -> dict[str, str]:
    """Each network node's role: an EMA edge decides, else any edge that is not cut off trains, else it is frozen."""
    roles = {}
    for name, node in nodes.items():
        if not class_of(NODES, node).has_parameters:
            continue
        incoming = {key: edge for key, edge in edges.items() if parse_edge_key(key).target == name}
        averages = [key for key, edge in incoming.items() if is_ema(edge)]
        if len(averages) > 1:
            raise ConfigError(
                f'model.edges[{averages[1]!r}]',
                f'{name!r} is a moving average already ({averages[0]!r}); remove one of the two',
            )
        if averages:
            roles[name] = 'ema'
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
                raise ConfigError(
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
