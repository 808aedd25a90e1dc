"""Takes a node out of a graph's config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ktg_mm.errors import UntaughtError

from .edge_config import parse_edge_key
from .made_views import without_views_by


def without_node(model: dict[str, Any], name: str) -> None:
    """Takes a node out of ``model``, in place, with its edges, the views that it makes and its place in ensembles.

    Of the nodes that share its modules the first becomes their owner, or that node of which it has shared them itself.

    Args:
        model: ``model`` of a config.
        name: The node's name.

    Raises:
        UntaughtError: If they share other modules than one another, or than it does, so that nobody can own all.

    Example:
        >>> model = dict(nodes=dict(a={}, b=dict(share=dict(node='a', until='c')), ens=dict(members=['a', 'b'])))
        >>> without_node(model, 'a')
        >>> model
        {'nodes': {'b': {}, 'ens': {'members': ['b']}}}
    """
    nodes = model['nodes']
    if not can_do_without(nodes, name):
        raise UntaughtError(f'model.nodes.{name}', 'cannot be left out: different modules of it are shared by others')
    heirs = _sharers(nodes, name)
    gone = nodes.pop(name, None) or {}
    for key in [key for key in model.get('edges', {}) if name in parse_edge_key(key)[:2]]:
        del model['edges'][key]
    without_views_by(model, name)
    for node in nodes.values():
        if 'members' in node:
            node['members'] = [member for member in node['members'] if member != name]
    for heir in heirs:
        node = nodes[heir]
        if gone.get('share'):
            node['share'] = dict(node['share'], node=gone['share']['node'])
        elif heir == heirs[0]:
            del node['share']
        else:
            node['share'] = dict(node['share'], node=heirs[0])


def can_do_without(nodes: Mapping[str, Any], name: str) -> bool:
    """Whether others can own what a node shares: they share the same modules, and it no others with its own owner.

    Args:
        nodes: ``model.nodes``.
        name: The node's name.

    Example:
        >>> nodes = dict(a={}, b=dict(share=dict(node='a', until='c')), d=dict(share=dict(node='a', until='e')))
        >>> can_do_without(nodes, 'a'), can_do_without(nodes, 'b')
        (False, True)
    """
    heirs = _sharers(nodes, name)
    own = nodes.get(name, {}).get('share')
    what = [{key: value for key, value in nodes[heir]['share'].items() if key != 'node'} for heir in heirs]
    if heirs and own:
        what.append({key: value for key, value in own.items() if key != 'node'})
    return all(one == what[0] for one in what)


def _sharers(nodes: Mapping[str, Any], name: str) -> list[str]:
    return [other for other, node in nodes.items() if (node.get('share') or {}).get('node') == name]
