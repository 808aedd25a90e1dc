"""A graph's config as a value."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ktg_mm.errors import ConfigError, UntaughtError
from ktg_mm.registry import NODES

from .check_graph import check_graph
from .edge_config import EdgeConfig, parse_edge_key
from .made_views import views_of, with_views_in_use
from .pretrained import is_pretrained
from .type_check import class_of, default_arguments
from .without_node import can_do_without, without_node


class GraphConfig:
    """A graph, as a config has it, and what follows from that: the one place where questions of it are answered.

    It can be asked before it is checked; the answers to a graph with mistakes mean nothing.

    Args:
        model: ``model`` of a config, with ``nodes``, ``edges`` and ``target``; it must not be changed any more.

    Raises:
        ConfigError: If nodes or edges are no dicts, or an edge's key is malformed.

    Example:
        >>> import ktg_mm.models
        >>> network = dict(type='ImageClassifier', backbone=dict(type='LeNet5'))
        >>> graph = GraphConfig(dict(
        ...     nodes=dict(net1=dict(type='NetworkNode', network=network)),
        ...     edges={'label->net1': dict(loss=dict(type='CrossEntropy'))}, target='net1')).check()
        >>> graph.roles, graph.teaches()
        ({'net1': 'trained'}, {'label->net1': ('net1',)})
    """

    def __init__(self, model: Mapping[str, Any]) -> None:
        nodes, edges = model.get('nodes', {}), model.get('edges', {})
        if not isinstance(nodes, Mapping) or not nodes:
            raise ConfigError('model.nodes', 'must be a dict of at least one node')
        if not isinstance(edges, Mapping):
            raise ConfigError('model.edges', "must be a dict of edges with keys such as 'label->net1'")
        self.model = model
        self.nodes: Mapping[str, Any] = nodes
        self.edges = {key: EdgeConfig(key, cfg) for key, cfg in edges.items()}
        self.target: str = model.get('target') or ''

    def check(self) -> GraphConfig:
        """Returns the graph if it is sound.

        Raises:
            ConfigError: At the first mistake; the message names the key.
            UntaughtError: If its parts are sound, but it cannot do its work.
        """
        check_graph(self)
        return self

    def incoming(self, name: str) -> list[EdgeConfig]:
        """The edges that end in a node."""
        return [edge for edge in self.edges.values() if edge.target == name]

    def outgoing(self, name: str) -> list[EdgeConfig]:
        """The edges that begin in a node, or the label."""
        return [edge for edge in self.edges.values() if edge.source == name]

    @property
    def made_views(self) -> Mapping[str, Any]:
        """The configs of the views that the graph makes itself, by name."""
        views = self.model.get('views')
        return views if isinstance(views, Mapping) else {}

    def makers(self, edge: EdgeConfig) -> set[str]:
        """The nodes by which those views are made that an edge looks at."""
        views = self.made_views
        makers = {views[view].get('node') for view in views_of([edge]) if view in views} if views else set()
        return makers - {None}

    def members(self, name: str) -> Sequence[str]:
        """The nodes whose outputs a node reads."""
        members = self.nodes[name].get('members')
        return members if isinstance(members, (list, tuple)) else ()

    def owner(self, name: str) -> str | None:
        """The node whose modules a node shares, None if it shares none."""
        share = self.nodes[name].get('share') if name in self.nodes else None
        owner = share.get('node') if isinstance(share, Mapping) else None
        return owner if isinstance(owner, str) else None

    def owners(self, name: str) -> list[str]:
        """The nodes whose modules a node shares, the nearest first.

        Raises:
            ConfigError: If it comes back to itself.
        """
        owners: list[str] = []
        while (owner := self.owner(owners[-1] if owners else name)) is not None:
            if owner in owners or owner == name:
                circle = ' <- '.join([name, *owners, owner])
                raise ConfigError(f'model.nodes.{name}.share.node', f'shares modules in a circle: {circle}')
            owners.append(owner)
        return owners

    def made_of(self, names: Iterable[str]) -> set[str]:
        """Some nodes, with all whose outputs they read."""
        found: set[str] = set()
        todo = list(names)
        while todo:
            name = todo.pop()
            if name not in found and name in self.nodes:
                found.add(name)
                todo += self.members(name)
        return found

    def attached(self, names: Iterable[str]) -> set[str]:
        """Some nodes, with all that gradients reach through them: those whose outputs they read undetached."""
        found: set[str] = set()
        todo = list(names)
        while todo:
            name = todo.pop()
            if name not in found and name in self.nodes:
                found.add(name)
                node = self.nodes[name]
                todo += () if detaches(node) else self.members(name)[_of_class(node, 'detached_members', 0) :]
        return found

    @functools.cached_property
    def learners(self) -> tuple[str, ...]:
        """The nodes that have parameters; one of an unknown type counts as one."""
        return tuple(name for name, node in self.nodes.items() if _has_parameters(node))

    @functools.cached_property
    def networks(self) -> tuple[str, ...]:
        """The nodes that have parameters and read no other node."""
        return tuple(name for name in self.learners if 'members' not in self.nodes[name])

    @functools.cached_property
    def averaged(self) -> dict[str, EdgeConfig]:
        """The moving averages, each with the edge that makes it one."""
        return {edge.target: edge for edge in self.edges.values() if edge.is_average}

    @functools.cached_property
    def averages(self) -> list[EdgeConfig]:
        """The edges that make moving averages, each after the one that its source depends on.

        Raises:
            UntaughtError: If they form a cycle.
        """
        ordered: list[EdgeConfig] = []
        for first in self.averaged.values():
            chain: list[EdgeConfig] = []
            edge: EdgeConfig | None = first
            while edge is not None and edge not in ordered:
                if edge in chain:
                    keys = ', '.join(edge.key for edge in chain)
                    raise UntaughtError(edge.path, f'the moving averages form a cycle, {keys}; remove one of them')
                chain.append(edge)
                edge = self.averaged.get(edge.source)
            ordered += reversed(chain)
        return ordered

    def teaches(self) -> dict[str, tuple[str, ...]]:
        """The nodes whose parameters each edge's loss reaches, by the edge's key; none where nothing passes.

        They are the target, a source that is not detached, what these read undetached, and the owners of modules that
        these share, all of them where owners share in their turn. A moving average learns from nobody but its source,
        and a network that begins with weights of somebody else's making from no edge but its own.
        """
        return {key: self._taught(reached) for key, reached in self.reached.items()}

    def _taught(self, reached: set[str]) -> tuple[str, ...]:
        with_owners = reached.union(*(self.owners(name) for name in reached))
        return tuple(name for name in self.learners if name in with_owners and not self._stays(name))

    @functools.cached_property
    def reached(self) -> dict[str, set[str]]:
        """The nodes whose outputs get a gradient of each edge's loss, by the edge's key."""
        return {
            key: set()
            if edge.is_cut or edge.target in self.averaged
            else self.attached([edge.target] if edge.detach else [edge.target, edge.source])
            for key, edge in self.edges.items()
        }

    def _stays(self, name: str) -> bool:
        """Whether no edge may change a node."""
        if name in self.averaged:
            return True
        asked = [edge for edge in self.edges.values() if not edge.is_cut]
        own = any(edge.target == name or (edge.source == name and not edge.detach) for edge in asked)
        return not own and is_pretrained(self.nodes[name])

    @property
    def learning_edges(self) -> list[str]:
        """Keys of the edges to compute: those that teach somebody."""
        return [key for key, taught in self.teaches().items() if taught]

    @functools.cached_property
    def roles(self) -> dict[str, str]:
        """The role of each node with parameters: ``'trained'``, ``'ema'``, or ``'frozen'`` if no edge teaches it."""
        taught = {name for names in self.teaches().values() for name in names}
        return {
            name: 'ema' if name in self.averaged else 'trained' if name in taught else 'frozen'
            for name in self.learners
        }

    @property
    def trained(self) -> list[str]:
        """The nodes that learn."""
        return [name for name, role in self.roles.items() if role == 'trained']

    @functools.cached_property
    def without_weights(self) -> list[str]:
        """The nodes that nobody teaches, that begin with no weights of others, and may not stay random.

        One of which others train the shared modules alone is among them.
        """
        reached = set(self.averaged).union(*self.reached.values())
        return [
            name
            for name in self.learners
            if name not in reached and not (is_pretrained(self.nodes[name]) or self.nodes[name].get('allow_random'))
        ]

    @functools.cached_property
    def order(self) -> list[str]:
        """All nodes, each after the nodes that it reads and the owner of what it shares.

        Raises:
            ConfigError: If one reads itself.
        """
        order: list[str] = []

        def visit(name: str, path: tuple[str, ...] = ()) -> None:
            if name in path:
                raise ConfigError(f'model.nodes.{name}', f'reads its own output: {" <- ".join([*path, name])}')
            if name not in order:
                for read in self.members(name):
                    visit(read, (*path, name))
                for owner in reversed(self.owners(name)):
                    visit(owner)
                order.append(name)

        for name in self.nodes:
            visit(name)
        return order

    def reduced(self, scored: Iterable[str]) -> dict[str, Any]:
        """Removes what cannot change some nodes: edges that teach nobody, and nodes that none of them hears.

        Args:
            scored: The nodes that are to be trained as they are here.

        Returns:
            ``model`` of the smaller graph.

        Example:
            >>> import ktg_mm.models
            >>> kl = dict(loss=dict(type='KLDivergence'))
            >>> edges = {'label->a': kl, 'label->b': kl, 'a->b': kl, 'b->a': dict(kl, gate=dict(type='CutoffGate'))}
            >>> model = dict(nodes=dict(a=dict(type='NetworkNode'), b=dict(type='NetworkNode')), edges=edges)
            >>> sorted(GraphConfig(model).reduced(['a'])['edges'])
            ['label->a']
        """
        reaches = self.teaches() | {edge.key: (edge.target,) for edge in self.edges.values() if edge.is_average}
        heard, scored = set[str](), set(scored)
        more = self.made_of(scored)
        while more > heard:
            heard = more
            edges = [self.edges[key] for key, names in reaches.items() if heard.intersection(names)]
            ends = {end for edge in edges for end in (edge.source, edge.target, *self.makers(edge))}
            more = heard | self.made_of(ends.union(*(self.owners(name) for name in heard)))
        nodes = {name: dict(node) for name, node in self.nodes.items() if name in heard}
        kept = {key: dict(self.edges[key].cfg) for key, names in reaches.items() if heard.intersection(names)}
        reduced = with_views_in_use({**self.model, 'nodes': nodes, 'edges': kept})
        ends = {end for key in kept for end in (*parse_edge_key(key)[:2], *self.makers(self.edges[key]))}
        idle = heard - self.made_of(scored | ends)
        for name in [name for name in self.nodes if name in idle and not is_pretrained(self.nodes[name])]:
            if can_do_without(nodes, name):  # it is there for its modules alone, which another one may own
                without_node(reduced, name)
        return reduced


def _has_parameters(node: Mapping[str, Any]) -> bool:
    return _of_class(node, 'has_parameters', True)


def _of_class(node: Mapping[str, Any], attribute: str, default: Any) -> Any:
    return getattr(class_of(NODES, node) if 'type' in node else None, attribute, default)


def detaches(node: Mapping[str, Any]) -> bool:
    """Whether gradients end at a node, and do not reach what it reads."""
    detach = node.get('detach')
    if isinstance(detach, bool):
        return detach
    return default_arguments(class_of(NODES, node) if 'type' in node else None).get('detach', True)
