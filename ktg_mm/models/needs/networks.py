"""What a part may need of the networks at both ends: their attention, their features, their classifiers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ktg_mm.config.check_argument import split_argument
from ktg_mm.config.edge_config import EdgeConfig, PartConfig
from ktg_mm.errors import ConfigError, UserError
from ktg_mm.models.nodes import Node
from ktg_mm.structures import TransferContext

from .base import Batch, Need

if TYPE_CHECKING:
    from ktg_mm.models.edges import TransferEdge


class Attention(Need):
    """An attention map of both ends."""

    def prepare(self, path: str, part: Any, edge: TransferEdge, nodes: Mapping[str, Node]) -> None:
        """Makes the outputs of both ends hold their maps."""
        for name in {edge.source_name, edge.target_name}:
            try:
                nodes[name].ask_for_attention()
            except ValueError as error:
                raise ConfigError(path, f'node {name!r}: {error}') from error


class Features(Need):
    """What layers of both ends give; the part's ``layers`` names them, and its ``set_shapes`` is told their shapes."""

    between_nodes = True

    def prepare(self, path: str, part: Any, edge: TransferEdge, nodes: Mapping[str, Node]) -> None:
        """Makes the outputs of both ends hold the features."""
        shapes = {}
        for end, name in (('target', edge.target_name), ('source', edge.source_name)):
            layers = part.layers[end]
            try:
                found = nodes[name].ask_for_features(layers)
            except (UserError, ValueError) as error:
                problem = str(error).removeprefix('layers: ')
                raise ConfigError(f'{path}.layers', f'node {name!r}: {problem}') from error
            shapes[end] = [found[layer] for layer in layers]
        try:
            part.set_shapes(**shapes)
        except ValueError as error:
            argument, problem = split_argument(str(error))
            raise ConfigError(f'{path}.{argument or "layers"}', problem) from error


class Classifiers(Need):
    """The matrices of both ends' classifiers, ``target_classifier`` and ``source_classifier``, of shape (C, D).

    The part's argument is ``'classes'`` if features of both must have one length.
    """

    between_nodes = True

    def check(self, part: PartConfig, edge: EdgeConfig, nodes: Mapping[str, Any]) -> None:
        """Refuses a gate that tells samples apart: a classifier is the same for all."""
        if not edge.gate.says('by_progress'):
            raise ConfigError(
                edge.gate.path,
                f'weighs samples, but {part.cfg["type"]} depends on weights alone; take ThroughGate, or one that goes '
                "by the run's progress",
            )

    def prepare(self, path: str, part: Any, edge: TransferEdge, nodes: Mapping[str, Node]) -> None:
        """Refuses ends without a classifier, or with unlike ones."""
        shapes = {}
        for name in (edge.target_name, edge.source_name):
            try:
                shapes[name] = tuple(nodes[name].classifier().shape)
            except ValueError as error:
                raise ConfigError(path, f'node {name!r}: {error}') from error
        axes = {shape if self.value(part) == 'classes' else shape[0] for shape in shapes.values()}
        if len(axes) > 1:
            text = ', '.join(f'{name} {rows} x {columns}' for name, (rows, columns) in shapes.items())
            raise ConfigError(path, f'the classifiers have matrices that cannot be multiplied: {text}')

    def fill(self, path: str, part: Any, edge: TransferEdge, batch: Batch, context: TransferContext) -> None:
        """Fills in the matrices, the source's detached if the edge does so."""
        context.target_classifier = batch.run.classifier(edge.target_name)
        source = batch.run.classifier(edge.source_name)
        context.source_classifier = source.detach() if edge.detach else source
