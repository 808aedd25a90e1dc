"""Makes nodes and edges fit one another, once they are built."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import torch

from ktg_mm.config.check_argument import split_argument
from ktg_mm.errors import ConfigError, UserError

from .edges import TransferEdge
from .nodes import Node
from .views import View


def common_num_classes(nodes: Mapping[str, Node], expected: int | None) -> int | None:
    """The number of classes that all nodes share, None if nobody says it.

    Args:
        nodes: The graph's nodes.
        expected: What the data preprocessor says.

    Raises:
        ConfigError: If two of them differ.
    """
    found = {'data_preprocessor.num_classes': expected}
    for name, node in nodes.items():
        found |= {f'model.nodes.{name}.{key}': number for key, number in node.numbers_of_classes().items()}
    known = [(key, number) for key, number in found.items() if number is not None]
    for key, number in known[1:]:
        if number != known[0][1]:
            raise ConfigError(key, f'is {number}, but {known[0][0]} is {known[0][1]}; they must be the same')
    return known[0][1] if known else None


def tell_num_classes(
    nodes: Mapping[str, Node],
    edges: Mapping[str, TransferEdge],
    num_classes: int | None,
    views: Mapping[str, View] = MappingProxyType({}),
) -> None:
    """Tells the parts that keep or make something for each class.

    Raises:
        ConfigError: If one needs the number, and nobody says it.
    """
    for key, edge in edges.items():
        if num_classes is not None:
            edge.set_num_classes(num_classes)
        elif any(part.adaptive for _, part in edge.parts):
            raise ConfigError('data_preprocessor.num_classes', f'is missing; the edge {key!r} needs it')
    for name, view in views.items():
        if num_classes is not None:
            view.set_num_classes(num_classes)
        elif view.relabels:
            raise ConfigError('data_preprocessor.num_classes', f'is missing; the view {name!r} needs it')
    for node in nodes.values():
        if num_classes is not None:
            node.set_num_classes(num_classes)


def join(nodes: Mapping[str, Node], edges: Mapping[str, TransferEdge]) -> None:
    """Makes networks give the features that others ask for, and tells these their shapes.

    What nodes and edges then make to learn begins with random weights, which must not change those of the networks: the
    random generator is afterwards as before.

    Raises:
        ConfigError: If a network has no such feature, or a part cannot work with its shape.
    """
    with torch.random.fork_rng(devices=[]):
        for name, node in nodes.items():
            shapes: dict[str, Mapping[str, torch.Size]] = {}
            for member, layers in node.reads().items():
                try:
                    if layers:
                        shapes[member] = nodes[member].ask_for_features(layers)
                except (UserError, ValueError) as error:
                    problem = str(error).removeprefix('layers: ')
                    raise ConfigError(f'model.nodes.{name}.layer', f'node {member!r}: {problem}') from error
            try:
                if shapes:
                    node.set_shapes(shapes)
            except ValueError as error:
                argument, problem = split_argument(str(error))
                raise ConfigError(f'model.nodes.{name}{argument and "."}{argument}', problem) from error
        for edge in edges.values():
            for path, part, need in edge.needs:
                need.prepare(path, part, edge, nodes)
