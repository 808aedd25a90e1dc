"""What makes two graphs the same: auxiliary nodes have no names."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ktg_mm.registry import NODES

from .edge_config import EdgeConfig
from .fingerprint import as_text, fingerprint
from .graph_config import GraphConfig, detaches
from .phases import edges_of_phases, phases_of
from .type_check import class_of

# More ways than this to exchange nodes are not tried; two equal graphs might then count as two.
_MOST_ORDERS = 5040


def graph_key(model: Mapping[str, Any], named: Collection[str], rest: Any = None) -> str:
    """A name that two graphs share if and only if they are the same but for the names of exchangeable nodes.

    Args:
        model: A reduced graph, from :meth:`GraphConfig.reduced`.
        named: Nodes that are told from others by their name: the target, and those that the rest of the config names.
        rest: What else distinguishes two candidates, such as a learning rate. Plain values.

    Returns:
        32 hexadecimal digits.

    Example:
        >>> import ktg_mm.models
        >>> kl, ce = dict(loss=dict(type='KLDivergence')), dict(loss=dict(type='CrossEntropy'))
        >>> one = dict(nodes=dict(a={}, b={}, c={}), edges={'label->a': ce, 'label->b': ce, 'c->a': kl, 'b->c': kl})
        >>> two = dict(nodes=dict(a={}, b={}, c={}), edges={'label->a': ce, 'label->c': ce, 'b->a': kl, 'c->b': kl})
        >>> graph_key(one, ['a']) == graph_key(two, ['a'])
        True
    """
    graph = GraphConfig(model)
    nodes = {name: _node_text(node) + _made_by(name, graph) for name, node in graph.nodes.items()}
    members = {name: graph.members(name) for name in nodes}
    phases = _phases(graph)
    edges = [(edge.source, edge.target, _edge_text(edge) + phases.get(key, '')) for key, edge in graph.edges.items()]
    edges += _shared(graph, nodes)
    for name, node in graph.nodes.items():
        if graph.members(name) and 'type' in node and getattr(class_of(NODES, node), 'ordered', False):
            edges += [(member, name, f'member {i}') for i, member in enumerate(graph.members(name))]
    colours = {name: f'named {name}' if name in named else nodes[name] for name in nodes}
    for _ in nodes:  # each round tells nodes apart by what they hear and who hears them
        colours = {name: _colour(name, colours, members, edges) for name in nodes}
    groups = [[name for name in nodes if colours[name] == colour] for colour in sorted(set(colours.values()))]
    everything = (
        _written(order, nodes, members, edges)
        for order in itertools.islice(itertools.product(*map(itertools.permutations, groups)), _MOST_ORDERS)
    )
    named_nodes = {name: colours[name] for name in nodes if name in named}
    others = {key: value for key, value in model.items() if key not in ('nodes', 'edges', 'views')}
    return fingerprint([min(everything), named_nodes, others, rest])[:32]


def _node_text(node: Mapping[str, Any]) -> str:
    """A node without what it reads and shares, and without a default that it says."""
    kept = _without(node, 'members', 'share')
    if 'detach' in node and node['detach'] == detaches(_without(node, 'detach')):
        del kept['detach']
    return as_text(kept)


def _made_by(name: str, graph: GraphConfig) -> str:
    """The views that a node makes."""
    made = {view: _without(cfg, 'node') for view, cfg in graph.made_views.items() if cfg.get('node') == name}
    return as_text(made) if made else ''


def _phases(graph: GraphConfig) -> dict[str, str]:
    """The phase of the update that each edge's key, its suffix included, makes it one of; none if there are none."""
    phases = phases_of(graph.model.get('update'))
    found = edges_of_phases(phases, graph.learning_edges) if phases else {}
    return {key: f' in phase {phase}' for phase, keys in found.items() for key in keys}


def _edge_text(edge: EdgeConfig) -> str:
    """An edge without its key's suffix, which names it or its phase, an ever open gate, and the default samples."""
    cfg = _without(edge.cfg, *(entry for entry in ('gate', 'samples') if edge.cfg.get(entry) is None))
    if EdgeConfig(edge.key, _without(cfg, 'samples')).samples == edge.samples:
        cfg = _without(cfg, 'samples')
    if isinstance(align := cfg.get('align'), Mapping) and align.get('type') == 'DistributionAlignment':  # the default
        cfg['align'] = _without(align, 'type')
    if edge.detach:  # the default
        cfg = _without(cfg, 'detach')
    return as_text(_without(cfg, 'gate') if edge.is_open else cfg)


def _shared(graph: GraphConfig, nodes: Mapping[str, str]) -> set[tuple[str, str, str]]:
    """What nodes share, as edges: from the owner, or between all of them where any could be the owner."""
    edges: set[tuple[str, str, str]] = set()
    for name, node in graph.nodes.items():
        if (owner := graph.owner(name)) is not None:
            text = f'share {as_text(_without(node["share"], "node"))}'
            sharing = [owner, *(other for other in nodes if graph.nodes[other].get('share') == node['share'])]
            alike = len({nodes[other] for other in sharing}) == 1
            pairs = itertools.permutations(sharing, 2) if alike else [(owner, name)]
            edges |= {(one, other, text) for one, other in pairs}
    return edges


def _without(cfg: Mapping[str, Any], *entries: str) -> dict[str, Any]:
    return {key: value for key, value in cfg.items() if key not in entries}


def _colour(
    name: str, colours: Mapping[str, str], members: Mapping[str, Sequence[str]], edges: list[tuple[str, str, str]]
) -> str:
    heard = sorted((colours.get(source, source), text) for source, target, text in edges if target == name)
    hears = sorted((colours[target], text) for source, target, text in edges if source == name)
    within = sorted(colours[other] for other in members if name in members[other])
    of = sorted(colours[member] for member in members[name] if member in colours)
    return fingerprint([colours[name], heard, hears, within, of])


def _written(
    order: tuple[tuple[str, ...], ...],
    nodes: Mapping[str, str],
    members: Mapping[str, Sequence[str]],
    edges: list[tuple[str, str, str]],
) -> str:
    """The graph with its nodes numbered in one order."""
    number = {name: f'{i:03d}' for i, name in enumerate(itertools.chain(*order))}
    return as_text(
        [
            [nodes[name] for name in number],
            [sorted(number[member] for member in members[name] if member in number) for name in number],
            sorted((number.get(source, source), number[target], text) for source, target, text in edges),
        ]
    )
