"""Checks what nodes share and which gradients are let through, before anything is built."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ktg_mm.errors import ConfigError, UntaughtError, did_you_mean

from .pretrained import is_pretrained

if TYPE_CHECKING:
    from .graph_config import GraphConfig


def check_share(name: str, graph: GraphConfig) -> None:
    """Checks a node's ``share``.

    Args:
        name: The node.
        graph: The graph, whose nodes are sound otherwise.

    Raises:
        ConfigError: If it names no other network, or not what is shared; if sharing comes back to the node; or if one
            of the two is a moving average.
        UntaughtError: If the node is a frozen teacher of which the other would change something.
    """
    share = graph.nodes[name].get('share')
    if share is None:
        return
    path = f'model.nodes.{name}.share'
    try:
        check_share_form(share)
    except ValueError as error:
        raise ConfigError(path, str(error).removeprefix('share ')) from error
    if share['node'] not in graph.networks or share['node'] == name:
        others = [other for other in graph.networks if other != name]
        raise ConfigError(
            f'{path}.node', f'no other network is named {share["node"]!r}; {did_you_mean(share["node"], others)}'
        )
    for owner in graph.owners(name):  # refuses a circle
        _check_roles(name, owner, graph)


def check_share_form(share: Any) -> Mapping[str, Any] | None:
    """Returns what a node shares, None if that is nothing.

    Raises:
        ValueError: If it does not say with whom, or not what.

    Example:
        >>> check_share_form(dict(node='net1', until='backbone.layer1'))
        {'node': 'net1', 'until': 'backbone.layer1'}
    """
    if share is None:
        return None
    entries = set(share) if isinstance(share, Mapping) else set()
    if entries == {'node', 'until'}:
        named = [share['node'], share['until']]
    elif entries == {'node', 'modules'} and isinstance(share['modules'], (list, tuple)) and share['modules']:
        named = [share['node'], *share['modules']]
    else:
        named = [None]
    if not all(isinstance(name, str) and name for name in named):
        example = "dict(node=..., until='backbone.layer1') or dict(node=..., modules=['backbone.conv1'])"
        raise ValueError(f'share must be {example}, got {share!r}')
    return share


def _check_roles(name: str, owner: str, graph: GraphConfig) -> None:
    path = f'model.nodes.{name}.share'
    for one in (name, owner):
        average = graph.averaged.get(one)
        if average is not None:
            raise ConfigError(path, f'{one!r} is a moving average ({average.key!r}), whose modules cannot be shared')
    if is_pretrained(graph.nodes[name]) and graph.roles[owner] == 'trained' and graph.roles[name] == 'frozen':
        raise UntaughtError(
            path, f'{name!r} is a frozen teacher, of which {owner!r} would train something; leave share out'
        )


def check_detach(graph: GraphConfig) -> None:
    """Refuses edges whose gradients would end nowhere.

    Args:
        graph: A graph of sound nodes and edges.

    Raises:
        ConfigError: If an edge ends in a node that cannot learn, or does not detach a source that cannot.
    """
    for edge in graph.edges.values():
        ends = [edge.target] if edge.detach else [edge.target, edge.source]
        for name in ends:
            if graph.attached([name]).intersection(graph.learners):
                continue
            reads = bool(graph.members(name))
            remedy = f'; give model.nodes.{name} detach=False, so that what it reads learns, or' if reads else ';'
            if name == edge.target:
                raise ConfigError(
                    edge.path, f'node {name!r} has no parameters, so it cannot learn{remedy} remove the edge'
                )
            raise ConfigError(
                f'{edge.path}.detach', f'node {name!r} has no parameters, so it cannot learn{remedy} leave detach out'
            )
        if not edge.detach and edge.source in graph.averaged:
            raise ConfigError(
                f'{edge.path}.detach', f'{edge.source!r} is a moving average, which learns from no edge; must be True'
            )
