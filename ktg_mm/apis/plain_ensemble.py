"""A node of a graph, with all that it reads, as one classifier."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from torch import Tensor, nn

from ktg_mm.errors import UserError, did_you_mean
from ktg_mm.models import KnowledgeTransferGraph
from ktg_mm.models.nodes import NetworkNode

from .plain_config import is_plain, plain_network


def plain_classifier(
    graph: KnowledgeTransferGraph, nodes: Mapping[str, Any], name: str, packages: Collection[str] = ()
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The config of a node as a classifier without a graph, and its weights.

    That of a network is its own; an ensemble's has the networks that it reads, through other ensembles, too, and runs
    them one after the other (:class:`ktg_mm.models.EnsembleBackbone`).

    Args:
        graph: The graph.
        nodes: The configs of its nodes, ``model.nodes``.
        name: The node.
        packages: The packages that its config will import, whose parts may be in it. Defaults to none.

    Raises:
        UserError: If there is no such node, or it has a part that is of no library, of none of these packages and
            not of ktg_mm.

    Example:
        >>> network = dict(type='ImageClassifier', backbone=dict(type='LeNet5', num_classes=10),
        ...                head=dict(type='ClsHead'))
        >>> nodes = {name: dict(type='NetworkNode', network=network) for name in ('net1', 'net2')}
        >>> nodes['both'] = dict(type='EnsembleNode', members=['net1', 'net2'])
        >>> edges = {f'label->{name}': dict(loss=dict(type='CrossEntropy')) for name in ('net1', 'net2')}
        >>> config, weights = plain_classifier(KnowledgeTransferGraph(nodes, edges, 'net1'), nodes, 'both')
        >>> list(config['backbone']['networks']), list(weights)[0]
        (['net1', 'net2'], 'backbone.networks.net1.backbone.features.0.weight')
    """
    if name not in graph.nodes:
        raise UserError(f'--node {name}: the graph has no such node; {did_you_mean(name, graph.nodes)}')
    read = _all_read(graph, name)
    for one in read:
        _check_parts(name, graph.nodes[one], packages)
    configs = {one: plain_network(nodes[one]['network']) for one in read if isinstance(graph.nodes[one], NetworkNode)}
    if name in configs:
        return configs[name], graph.nodes[name].network.state_dict()
    ensembles = [one for one in read if one not in configs]
    shapes: dict[str, dict[str, tuple[int, ...]]] = {}
    for ensemble in ensembles:
        for member, layers in graph.nodes[ensemble].reads().items():
            if layers:
                found = graph.nodes[member].ask_for_features(layers)
                shapes.setdefault(member, {}).update({layer: tuple(shape) for layer, shape in found.items()})
    backbone: dict[str, Any] = dict(
        type='EnsembleBackbone', networks=configs, ensembles={one: plain_network(nodes[one]) for one in ensembles}
    )
    more = dict(shapes=shapes, shared=_shared({one: graph.nodes[one].network for one in configs}))
    backbone |= {key: value for key, value in more.items() if value}
    if graph.num_classes is not None:
        backbone['num_classes'] = graph.num_classes
    weights = {
        f'backbone.networks.{one}.{key}': value
        for one in configs
        for key, value in graph.nodes[one].network.state_dict().items()
    }
    weights |= {
        f'backbone.ensembles.{one}.{key}': value
        for one in ensembles
        for key, value in graph.nodes[one].state_dict().items()
    }
    return dict(type='ImageClassifier', backbone=backbone, head=dict(type='ClsHead')), weights


def _all_read(graph: KnowledgeTransferGraph, name: str) -> list[str]:
    """A node after all nodes that it reads, each after those that it reads itself."""
    wanted = {name}
    for one in reversed(list(graph.nodes)):
        if one in wanted:
            wanted.update(graph.nodes[one].inputs)
    return [one for one in graph.nodes if one in wanted]


def package_of(kind: type) -> str:
    """The package of a class.

    Example:
        >>> package_of(nn.Linear)
        'torch'
    """
    return kind.__module__.partition('.')[0]


def _check_parts(name: str, node: nn.Module, packages: Collection[str]) -> None:
    for kind in _parts(node.network if isinstance(node, NetworkNode) else node, packages):
        if not is_plain(kind) and package_of(kind) not in ('ktg_mm', *packages):
            raise UserError(
                f'--node {name}: its network has a {kind.__name__}, which needs the module {kind.__module__}; only '
                "networks of mmpretrain's, timm's, torchvision's and ktg_mm's parts, and of the modules that "
                'custom_imports names, are exported'
            )


def _parts(module: nn.Module, packages: Collection[str]) -> Iterator[type]:
    """The classes of a network's parts; what is in one of these packages' parts it makes itself."""
    yield type(module)
    if package_of(type(module)) not in packages:
        for child in module.children():
            yield from _parts(child, packages)


def _shared(networks: Mapping[str, nn.Module]) -> dict[str, dict[str, list[str]]]:
    """The modules that networks have from earlier ones, as :class:`ktg_mm.models.EnsembleBackbone` takes them."""
    owners: dict[int, str] = {}
    found: dict[str, dict[str, list[str]]] = {}
    for name, network in networks.items():
        covered: list[str] = []
        for path, module in network.named_modules():
            owner = owners.setdefault(id(module), name)
            if owner != name and not path.startswith(tuple(f'{outer}.' for outer in covered)):
                covered.append(path)
                found.setdefault(name, {}).setdefault(owner, []).append(path)
    return found
