"""Edges of one kind, of several graphs, computed as one."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ktg_mm.models.edge_batch import EdgeBatch, edge_kind
from ktg_mm.models.edges import TransferEdge
from ktg_mm.structures import LabelOutput, TransferContext


class PlacedEdge(NamedTuple):
    """An edge of one of the graphs, and where its ends are.

    Args:
        edge: The graph's.
        graph: The graph's place in the stack.
        target: The row of the stacked logits that is its target's.
        source: That of its source, None if that is the label.
    """

    edge: TransferEdge
    graph: int
    target: int
    source: int | None

    @property
    def kind(self) -> Hashable:
        """What edges that are computed as one have in common."""
        return self.source is None, edge_kind(self.edge)


class EdgeStack:
    """Edges of one kind: the same losses and the same gate, which may have other numbers, such as temperatures.

    Args:
        edges: All of one :attr:`PlacedEdge.kind`.
        device: Of the logits.

    Attributes:
        edges: As given.

    Example:
        >>> from ktg_mm.models.gates import ThroughGate
        >>> from ktg_mm.models.losses import KLDivergence
        >>> edges = [TransferEdge('a->b', [KLDivergence(temperature)], ThroughGate()) for temperature in (1.0, 2.0)]
        >>> stack = EdgeStack([PlacedEdge(edges[0], 0, 1, 0), PlacedEdge(edges[1], 1, 3, 2)], torch.device('cpu'))
        >>> labels = torch.tensor([0, 0, 0])
        >>> losses, gates = stack(torch.zeros(4, 3, 2), LabelOutput(labels, 2), labels, torch.ones(2))
        >>> losses, gates
        (tensor([0., 0.]), tensor([1., 1.]))
    """

    def __init__(self, edges: Sequence[PlacedEdge], device: torch.device) -> None:
        self.edges = list(edges)
        self._targets = torch.tensor([one.target for one in edges], device=device)
        # Of edges of one kind either all or none have a source that is no label.
        sources = [one.source for one in edges if one.source is not None]
        self._sources = torch.tensor(sources, device=device) if sources else None
        self._graphs = torch.tensor([one.graph for one in edges], device=device)
        self._batch = EdgeBatch([one.edge for one in edges], device)

    def __call__(
        self, logits: Tensor, label: LabelOutput, labels: Tensor | None, progress: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Computes all E edges.

        Args:
            logits: What the networks of all graphs say, shape (rows, B, C).
            label: The batch's labels as a teacher.
            labels: The true classes, shape (B,), None if labels are soft.
            progress: How far the run of each graph is, shape (graphs,).

        Returns:
            The edges' losses and the means of their gates, both of shape (E,).
        """
        source = label if self._sources is None else dict(logits=logits[self._sources])
        known = TransferContext(labels, progress)
        return self._batch(dict(logits=logits[self._targets]), source, known, progress[self._graphs])
