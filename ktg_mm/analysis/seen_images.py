"""What networks see of images, and where they look, while they predict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

import numpy as np
from torch import Tensor

from ktg_mm.apis.attention_layers import Layer, is_small, larger_layer
from ktg_mm.datasets.seen_pixels import undo_normalization
from ktg_mm.models import KnowledgeTransferGraph
from ktg_mm.structures import NodeOutput


class SeenImages:
    """Keeps the pixels and attention maps of the images that :func:`ktg_mm.apis.predict` predicts, as its ``watch``.

    Attributes:
        pixels: Of each image what the networks get, not normalised, in the pipeline's unit, shape (H, W, 3).
        attention: Of each image the attention maps (rows, columns) of the node, and of the nodes that it reads, where
            they have some.
        larger: Layers with larger maps, of the nodes whose maps have too few cells.
    """

    def __init__(self) -> None:
        self.pixels: list[np.ndarray] = []
        self.attention: list[dict[str, np.ndarray]] = []
        self.larger: dict[str, Layer] = {}
        self._graph: KnowledgeTransferGraph | None = None

    @property
    def sizes(self) -> dict[str, tuple[int, int]]:
        """Rows and columns of each node's maps, those of the last image."""
        return {name: (len(some), some.shape[1]) for maps in self.attention for name, some in maps.items()}

    def begin(self, graph: KnowledgeTransferGraph, node: str) -> Sequence[str]:
        """Asks the node, and those that it reads, for attention maps."""
        self._graph = graph
        under = _nodes_under(graph, node)
        for name in under:
            with suppress(ValueError):  # has none
                graph.nodes[name].ask_for_attention()
        return [name for name in graph.nodes if name in under and name != node]

    def see(self, inputs: Sequence[Tensor], images: Tensor, outputs: Mapping[str, NodeOutput]) -> None:
        """Keeps a batch."""
        assert self._graph is not None
        maps = {name: outputs[name].attention for name in self._graph.nodes if name in outputs}
        found = {name: some.float().cpu().numpy() for name, some in maps.items() if some is not None}
        for name, some in found.items() if not self.pixels else ():
            if is_small(*some.shape[1:]) and hasattr(self._graph.nodes[name], 'network'):
                layer = larger_layer(self._graph, name, images[:1])
                self.larger |= {name: layer} if layer else {}
        self.pixels += [undo_normalization(self._graph.data_preprocessor, image) for image in inputs]
        self.attention += [{name: some[place] for name, some in found.items()} for place in range(len(inputs))]


def _nodes_under(graph: KnowledgeTransferGraph, node: str) -> set[str]:
    return {node}.union(*(_nodes_under(graph, name) for name in graph.nodes[node].inputs))
