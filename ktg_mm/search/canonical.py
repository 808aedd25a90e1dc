"""What makes two graphs the same: unheard nodes count for nothing, and auxiliary nodes have no names."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ktg_mm.models.edge_spec import LABEL, is_cut, is_ema, parse_edge_key, samples_of
from ktg_mm.models.type_check import class_of
from ktg_mm.registry import GATES

# More ways than this to exchange nodes are not tried; two equal graphs might then count as two.
_MOST_ORDERS = 5040


def reduce_graph(model: Mapping[str, Any], scored: Iterable[str]) -> dict[str, Any]:
    """Removes what cannot change the scored nodes: edges that are cut off, and nodes that none of them hears.

    Args:
        model: The config of a graph (``model`` in a config).
        scored: The nodes whose accuracy is the score.

    Returns:
        The config of the smaller graph, which gives the scored nodes the same training.

    Example:
        >>> import ktg_mm.models
        >>> kl = dict(loss=dict(type='KLDivergence'))
        >>> edges = {'label->a': kl, 'label->b': kl, 'a->b': kl, 'b->a': dict(kl, gate=dict(type='CutoffGate'))}
        >>> model = dict(nodes=dict(a={}, b={}), edges=edges)
        >>> sorted(reduce_graph(model, ['a'])['edges'])
        ['label->a']
    """
    nodes = model['nodes']
    averages = {parse_edge_key(key).target for key, edge in model['edges'].items() if is_ema(edge)}
    edges = {
        key: edge
        for key, edge in model['edges'].items()
        if is_ema(edge)
        or not (is_cut(edge) or parse_edge_key(key).target in averages)  # an average learns nothing else
    }
    heard: set[str] = set()
    todo = [name for name in scored if name in nodes]
    while todo:
        name = todo.pop()
        if name in heard or name not in nodes:
            continue
        heard.add(name)
        todo += nodes[name].get('members', ())
        todo += [parse_edge_key(key).source for key in edges if parse_edge_key(key).target == name]
    reduced = dict(model)
    reduced['nodes'] = {name: dict(node) for name, node in nodes.items() if name in heard}
    reduced['edges'] = {key: dict(edge) for key, edge in edges.items() if parse_edge_key(key).target in heard}
    return reduced


def graph_key(model: Mapping[str, Any], named: Collection[str], rest: Any = None) -> str:
    """A name that two graphs share if and only if they are the same but for the names of exchangeable nodes.

    Args:
        model: A reduced graph, from :func:`reduce_graph`.
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
    nodes = {name: _text(node, without='members') for name, node in model['nodes'].items()}
    members = {name: frozenset(node.get('members', ())) for name, node in model['nodes'].items()}
    edges = [(*parse_edge_key(key)[:2], _edge_text(key, edge)) for key, edge in model['edges'].items()]
    colours = {name: f'named {name}' if name in named else nodes[name] for name in nodes}
    for _ in nodes:  # each round tells nodes apart by what they hear and who hears them
        colours = {name: _colour(name, colours, members, edges) for name in nodes}
    groups = [[name for name in nodes if colours[name] == colour] for colour in sorted(set(colours.values()))]
    everything = (
        _written(order, nodes, members, edges)
        for order in itertools.islice(itertools.product(*map(itertools.permutations, groups)), _MOST_ORDERS)
    )
    named_nodes = {name: colours[name] for name in nodes if name in named}
    others = {key: value for key, value in model.items() if key not in ('nodes', 'edges')}
    text = _text([min(everything), named_nodes, others, rest])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _text(value: Any, without: str = '') -> str:
    if isinstance(value, Mapping) and without:
        value = {key: entry for key, entry in value.items() if key != without}
    return json.dumps(value, sort_keys=True, default=repr)


def _edge_text(key: str, edge: Mapping[str, Any]) -> str:
    """An edge without its key's suffix, which is only a name, a gate that is always open, and the default samples."""
    edge = dict(edge)
    samples = edge.pop('samples', None)
    if samples is not None and samples != samples_of(key, edge):
        edge['samples'] = samples
    gate = edge.pop('gate', None)
    if gate is not None:
        cls = class_of(GATES, gate)
        always_open = cls.open or (cls.open_to_label and parse_edge_key(key).source == LABEL)
        if not always_open:
            edge['gate'] = gate
    return _text(edge)


def _colour(
    name: str, colours: Mapping[str, str], members: Mapping[str, frozenset[str]], edges: list[tuple[str, str, str]]
) -> str:
    heard = sorted((colours.get(source, source), text) for source, target, text in edges if target == name)
    hears = sorted((colours[target], text) for source, target, text in edges if source == name)
    within = sorted(colours[other] for other in members if name in members[other])
    of = sorted(colours[member] for member in members[name] if member in colours)
    return hashlib.sha256(_text([colours[name], heard, hears, within, of]).encode()).hexdigest()


def _written(
    order: tuple[tuple[str, ...], ...],
    nodes: Mapping[str, str],
    members: Mapping[str, frozenset[str]],
    edges: list[tuple[str, str, str]],
) -> str:
    """The graph with its nodes numbered in one order."""
    number = {name: f'{i:03d}' for i, name in enumerate(itertools.chain(*order))}
    return _text(
        [
            [nodes[name] for name in number],
            [sorted(number[member] for member in members[name] if member in number) for name in number],
            sorted((number.get(source, source), number[target], text) for source, target, text in edges),
        ]
    )
