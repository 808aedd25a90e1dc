"""Edges of one kind, of several graphs, computed as one."""

from __future__ import annotations

import copy
from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.func import vmap

from ktg_mm.models.edge_part import EdgePart
from ktg_mm.models.edges import TransferEdge
from ktg_mm.structures import LabelOutput, NodeOutput, TransferContext

from .likeness import likeness


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
        """What edges that are computed as one have in common: all but numbers that may be tensors."""
        parts = tuple(likeness(part, without=part.numbers) for part in _parts(self.edge))
        return self.source is None, self.edge.detach, parts


class EdgeStack:
    """Edges of one kind: the same losses and the same gate, which may have other numbers, such as temperatures.

    Their formulas are the edges' own, run by ``vmap``.

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
        first = edges[0].edge
        self._targets = torch.tensor([one.target for one in edges], device=device)
        # Of edges of one kind either all or none have a source that is no label.
        sources = [one.source for one in edges if one.source is not None]
        self._sources = torch.tensor(sources, device=device) if sources else None
        self._graphs = torch.tensor([one.graph for one in edges], device=device)
        self._weights = _numbers((one.edge.weight for one in edges), device)
        # Modules of their own, as numbers of theirs become tensors.
        self._parts = [copy.copy(part) for part in _parts(first)]
        *losses, gate = self._parts
        self._edge = TransferEdge(first.key, losses, gate, samples=first.samples, detach=first.detach)  # type: ignore[arg-type]
        self._differing: dict[str, Tensor] = {}
        for i, part in enumerate(self._parts):
            for name in part.numbers:
                found = {float(getattr(_parts(one.edge)[i], name)) for one in edges}
                if len(found) > 1:
                    self._differing[f'{i}.{name}'] = _numbers(
                        (getattr(_parts(one.edge)[i], name) for one in edges), device
                    )

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

        def compute(
            target: Tensor, source: Tensor | None, share: Tensor, numbers: dict[str, Tensor]
        ) -> tuple[Tensor, Tensor]:
            for place, number in numbers.items():
                i, name = place.split('.')
                setattr(self._parts[int(i)], name, number)
            context = TransferContext(labels, share, self._edge.source_name, self._edge.target_name)
            teacher = label if source is None else NodeOutput(source)
            value = self._edge(NodeOutput(target), teacher, context)
            gate = value.gate_weight
            return value.loss, gate if isinstance(gate, Tensor) else value.loss.new_full((), gate)

        source = None if self._sources is None else logits[self._sources]
        in_dims = (0, None if source is None else 0, 0, 0)
        losses, gates = vmap(compute, in_dims=in_dims)(
            logits[self._targets], source, progress[self._graphs], self._differing
        )
        return losses * self._weights.to(losses.dtype), gates.detach()


def _parts(edge: TransferEdge) -> list[EdgePart]:
    """The edge's losses, and its gate at the end."""
    return [*edge.losses, edge.gate]


def _numbers(values: Iterable[float], device: torch.device) -> Tensor:
    return torch.tensor([float(value) for value in values], dtype=torch.float64, device=device)
