"""What a graph is made of, in a few lines of text: what a run's log begins with."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from torch import Tensor

from ktg_mm.config import LABEL, EdgeConfig, GraphConfig
from ktg_mm.config.made_views import sources_of
from ktg_mm.models import KnowledgeTransferGraph

from .graph_text import edge_text, model_name, read_graph, shared_text, short_number, shown_edges, type_name

_WORTH_SAYING = 100_000
"""Bytes of an edge's buffers; smaller ones are a gate's averages or a norm's."""


def graph_summary(graph: KnowledgeTransferGraph, model_cfg: Mapping[str, Any]) -> str:
    """Returns a line for each node and made view, and one for each edge, or for all that differ in their ends alone.

    A node's parameters are its own, and those of another one whose modules it shares; the total counts each once. Whom
    an edge teaches is said if it is not its target alone, without the owners of what these share. What an edge
    remembers is said from 0.1 MB. Edges are idle that teach nobody. Many nodes in a row are ``net1..net5``.

    Args:
        graph: The graph.
        model_cfg: The ``model`` of the config that it was built of.

    Example:
        >>> import ktg_mm.models
        >>> network = dict(type='ImageClassifier', backbone=dict(type='LeNet5', num_classes=10),
        ...                head=dict(type='ClsHead'))
        >>> model = dict(nodes=dict(net1=dict(type='NetworkNode', network=network)), target='net1',
        ...              edges={'label->net1': dict(loss=dict(type='CrossEntropy'))})
        >>> print(graph_summary(KnowledgeTransferGraph(**model), model))
        1 node, 1 edge; 61,706 parameters, 61,706 of them learn
          net1: LeNet5, 61,706 parameters; trained, target
          label->net1: CrossEntropy · ThroughGate
    """
    config = read_graph(model_cfg)
    edges = shown_edges(config)
    learning = sum(_size(parameters) for _, parameters in graph.parameter_groups())
    idle = len(config.edges) - len(edges)
    counts = f'{_count(len(config.nodes), "node")}, {_count(len(config.edges), "edge")}'
    counts += f', {idle} of them idle' if idle else ''
    total = f'{_count(_size(graph.parameters()), "parameter")}, {learning:,} of them learn'
    groups: dict[_Kind, list[EdgeConfig]] = {}
    for edge in edges:
        groups.setdefault(_kind(graph, config, edge), []).append(edge)
    lines = [f'{name}: {_node_text(graph, config, name)}' for name in config.nodes]
    lines += [f'view {name}: {_view_text(view)}' for name, view in config.made_views.items()]
    lines += [f'{_ends(config, group)}: {kind.text(len(group))}' for kind, group in groups.items()]
    return '\n  '.join([f'{counts}; {total}', *lines])


def _node_text(graph: KnowledgeTransferGraph, config: GraphConfig, name: str) -> str:
    """A node's kind, what it reads, its parameters and its role."""
    node = graph.nodes[name]
    text = model_name(config.nodes[name])
    if node.inputs:
        layers = sorted({layer for read in node.reads().values() for layer in read})
        text += f' of {_names(config, node.inputs)}' + (f', reads {", ".join(layers)}' if layers else '')
    own = _size(node.own_parameters())
    text += f', {_count(own, "parameter")}' if own else ''
    if node.shared:
        text += f' + {_size(node.parameters()) - own:,} of {config.owner(name)} ({shared_text(config, name)})'
    role = graph.roles.get(name, '')
    if role == 'ema':
        role = f'moving average of {config.averaged[name].source}'
    roles = ', '.join(filter(None, [role, 'target' if name == graph.target else '']))
    return f'{text}; {roles}' if roles else text


def _view_text(view: Mapping[str, Any]) -> str:
    """How a view is made, of which other one, and by which node."""
    arguments = ', '.join(f'{name}={short_number(view[name])}' for name in view if name not in ('type', 'node', 'of'))
    text = type_name(view) + (f'({arguments})' if arguments else '')
    of = ', '.join(filter(None, sources_of(view)))
    return text + (f' of {of}' if of else '') + f', by {view["node"]}'


class _Kind(NamedTuple):
    """What edges may have in common."""

    teaches: str
    learnt: int
    remembered: int
    whom: str

    def text(self, number: int) -> str:
        each = ' each' if number > 1 else ''
        parts = [self.teaches]
        parts += [f'learns {_count(self.learnt, "parameter")}{each}'] if self.learnt else []
        parts += [f'remembers {self.remembered / 1e6:,.1f} MB{each}'] if self.remembered >= _WORTH_SAYING else []
        parts += [f'teaches {self.whom}'] if self.whom else []
        return ', '.join(parts)


def _kind(graph: KnowledgeTransferGraph, config: GraphConfig, edge: EdgeConfig) -> _Kind:
    if edge.is_average:
        return _Kind(edge_text(edge), 0, 0, '')
    built = graph.edges[edge.key]
    remembered = sum(buffer.nbytes for buffer in built.buffers())
    reached = config.reached[edge.key]
    whom = ', '.join(name for name in graph.teaches[edge.key] if name in reached)
    if reached <= {edge.target, edge.source}:
        whom = 'its source as well' if edge.source in reached and edge.source != edge.target else ''
    return _Kind(edge_text(edge, short=False), _size(built.parameters()), remembered, whom)


def _ends(config: GraphConfig, edges: list[EdgeConfig]) -> str:
    """The keys of a few edges; of many their number and which nodes they join."""
    if len(edges) <= 3:
        return ', '.join(edge.key for edge in edges)
    sources, targets = ({getattr(edge, end) for edge in edges} for end in ('source', 'target'))
    if sources & targets:
        return f'{len(edges)} edges between {_names(config, sources | targets)}'
    return f'{len(edges)} edges from {_names(config, sources)} to {_names(config, targets)}'


def _names(config: GraphConfig, some: Collection[str]) -> str:
    """Names in the order of the nodes, ``net1..net5`` for many that stand in a row."""
    order = [LABEL, *config.nodes]
    places = sorted(map(order.index, some))
    alike = len({order[place].rstrip('0123456789') for place in places}) == 1
    if alike and len(places) > 3 and places[-1] - places[0] == len(places) - 1:
        return f'{order[places[0]]}..{order[places[-1]]}'
    return ', '.join(order[place] for place in places)


def _size(parameters: Iterable[Tensor]) -> int:
    return sum(parameter.numel() for parameter in parameters)


def _count(number: int, what: str) -> str:
    return f'{number:,} {what}' + ('' if number == 1 else 's')
