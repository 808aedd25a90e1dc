"""Reads from a model's config what a graph picture shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ktg_mm.config import parse_edge_key
from ktg_mm.errors import ConfigError, did_you_mean

from .graph_text import edge_text, gate_name, model_name


@dataclass(frozen=True)
class Link:
    """One edge of the picture.

    Args:
        source: Who teaches: a node or 'label'.
        target: Who learns.
        text: What and when, in short.
        gate: Name of the gate.
        config: The edge's config.

    Example:
        >>> Link('label', 'net1', 'CE · Through', 'Through', {}).target
        'net1'
    """

    source: str
    target: str
    text: str
    gate: str
    config: Mapping[str, Any]


def read_nodes(model_cfg: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Returns the configs of the nodes by name.

    Args:
        model_cfg: The ``model`` of a config.

    Raises:
        ConfigError: If there are none, or the target is none of them.

    Example:
        >>> list(read_nodes(dict(nodes=dict(net1=dict(type='NetworkNode')), target='net1')))
        ['net1']
    """
    nodes = model_cfg.get('nodes')
    if not nodes or not isinstance(nodes, Mapping):
        raise ConfigError('model.nodes', 'config has no model.nodes')
    for name, node in nodes.items():
        if not isinstance(node, Mapping):
            raise ConfigError(f'model.nodes.{name}', f'a node is a dict, not {node!r}')
    target = model_cfg.get('target')
    if target is not None and target not in nodes:
        raise ConfigError('model.target', f'no node is named {target!r}; {did_you_mean(target, nodes)}')
    return nodes


def read_links(model_cfg: Mapping[str, Any], nodes: Mapping[str, Any]) -> list[Link]:
    """Returns the edges that let something through.

    Args:
        model_cfg: The ``model`` of a config.
        nodes: The nodes that edges may name.

    Raises:
        ConfigError: If an edge is no dict or names no node.

    Example:
        >>> edges = {'label->a': dict(loss=dict(type='CrossEntropy'), gate=dict(type='CutoffGate'))}
        >>> read_links(dict(edges=edges), dict(a={}))
        []
    """
    configs = model_cfg.get('edges') or {}
    if not isinstance(configs, Mapping):
        raise ConfigError('model.edges', "edges are a dict keyed by 'source->target'")
    links = []
    for key, config in configs.items():
        parsed = parse_edge_key(key)
        for name, known in ((parsed.source, ['label', *nodes]), (parsed.target, list(nodes))):
            if name not in known:
                message = f'no node is named {name!r}; {did_you_mean(name, known)}'
                raise ConfigError(f'model.edges[{key!r}]', message)
        if not isinstance(config, Mapping):
            raise ConfigError(f'model.edges[{key!r}]', f'an edge is a dict, not {config!r}')
        for part in (config.get('gate'), *_listed(config.get('loss'))):
            if part is not None and not isinstance(part, Mapping):
                raise ConfigError(f'model.edges[{key!r}]', f'losses and gates are dicts, not {part!r}')
        if gate_name(config) != 'Cutoff':
            links.append(Link(parsed.source, parsed.target, edge_text(config), gate_name(config), config))
    return links


def parts_of(node: Mapping[str, Any]) -> list[str]:
    """Returns the nodes that a node is made of: an ensemble's members, a branch's inputs.

    Args:
        node: The node's config.

    Example:
        >>> parts_of(dict(type='EnsembleNode', members=['net1', 'net2']))
        ['net1', 'net2']
    """
    return _listed(node.get('members') or node.get('inputs'))


def node_lines(
    name: str, node: Mapping[str, Any], links: Sequence[Link], target: str | None
) -> tuple[list[str], list[str]]:
    """Returns a node's name and model, line by line, and its roles.

    Args:
        name: The node's name.
        node: Its config.
        links: All edges.
        target: Name of the target node.

    Example:
        >>> node_lines('teacher', dict(type='NetworkNode', network=dict(type='HuggingFace')), [], 'net1')
        (['teacher', 'HuggingFace'], ['frozen'])
    """
    arriving = [link for link in links if link.target == name]
    roles = ['target'] if name == target else []
    if any(link.gate == 'EMA' for link in arriving):
        roles.append('moving average')
    elif not arriving and not node.get('members'):
        roles.append('frozen')
    model = model_name(node)
    lines = (model.replace(' ', '\n') if len(model) > 20 else model).split('\n')
    return [name, *(line for line in lines if line.lower() != name.lower())], roles


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
