"""Edges of one kind, computed as one."""

from __future__ import annotations

import copy
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.func import vmap

from ktg_mm.structures import NodeOutput, TransferContext

from .edge_part import EdgePart
from .edges import TransferEdge
from .likeness import likeness


class _OfAll(TransferContext):
    """What edges of several names may know; a part that asks for a name does not run so."""

    def __getattribute__(self, name: str) -> Any:
        if name in ('source_name', 'target_name'):
            raise RuntimeError('a part asks for the name of a node, but edges of several are computed as one')
        return super().__getattribute__(name)


class EdgeBatch:
    """Edges of one kind: the same losses and the same gate, which may have other numbers, such as temperatures.

    Their formulas are the edges' own, run by ``vmap``.

    Args:
        edges: All of one :func:`edge_kind`.
        device: Of what is computed.

    Attributes:
        numbers: The edges' :func:`edge_numbers`, which it computes with whatever becomes of them.

    Example:
        >>> from ktg_mm.models.gates import ThroughGate
        >>> from ktg_mm.models.losses import KLDivergence
        >>> edges = [TransferEdge('a->b', [KLDivergence(temperature)], ThroughGate()) for temperature in (1.0, 2.0)]
        >>> said = dict(logits=torch.zeros(2, 3, 2))
        >>> EdgeBatch(edges, torch.device('cpu'))(said, said, TransferContext(torch.tensor([0, 0, 0])), torch.ones(()))
        (tensor([0., 0.]), tensor([1., 1.]))
    """

    def __init__(self, edges: Sequence[TransferEdge], device: torch.device) -> None:
        first = edges[0]
        self.numbers = [edge_numbers(edge) for edge in edges]
        weights = [edge.weight for edge in edges]
        self._weights = None if set(weights) == {1.0} else _numbers(weights, device)
        # Modules of their own, as numbers of theirs become tensors.
        self._parts = [copy.copy(part) for part in _parts(first)]
        *losses, gate = self._parts
        self._edge = TransferEdge(first.key, losses, gate, samples=first.samples, detach=first.detach)  # type: ignore[arg-type]
        self._differing: dict[str, Tensor] = {}
        for i, part in enumerate(self._parts):
            for name in part.numbers:
                found = [float(getattr(_parts(edge)[i], name)) for edge in edges]
                if len(set(found)) > 1:
                    self._differing[f'{i}.{name}'] = _numbers(found, device)

    def __call__(
        self,
        target: Mapping[str, Tensor],
        source: Mapping[str, Tensor] | NodeOutput,
        context: TransferContext,
        progress: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Computes all E edges.

        Args:
            target: What the targets say, arguments of NodeOutput, each of shape (E, B, ...).
            source: The sources likewise; or the label, which teaches all.
            context: What all may know, but for the progress.
            progress: How far the run is, shape (), or that of each edge, shape (E,).

        Returns:
            The edges' losses and the means of their gates, both of shape (E,).
        """

        def compute(
            target: dict[str, Any], source: dict[str, Any], share: Tensor, numbers: dict[str, Tensor]
        ) -> tuple[Tensor, Tensor]:
            for place, number in numbers.items():
                i, name = place.split('.')
                setattr(self._parts[int(i)], name, number)
            known = _OfAll(context.labels, share, seed=context.seed)
            value = self._edge(NodeOutput(**target), label or NodeOutput(**source), known)
            gate = value.gate_weight
            return value.loss, gate if isinstance(gate, Tensor) else value.loss.new_full((), gate)

        label = source if isinstance(source, NodeOutput) else None
        sources = {} if isinstance(source, NodeOutput) else dict(source)
        in_dims = (0, 0, 0 if progress.dim() else None, 0)
        losses, gates = vmap(compute, in_dims=in_dims)(dict(target), sources, progress, self._differing)
        if self._weights is not None:
            losses = losses * self._weights.to(losses.dtype)
        return losses, gates.detach()


def edge_kind(edge: TransferEdge) -> Hashable:
    """What edges that are computed as one have in common: all but their ends, and numbers that may be tensors."""
    return edge.detach, edge.samples, tuple(likeness(part, without=part.numbers) for part in _parts(edge))


def edge_numbers(edge: TransferEdge) -> tuple[Any, ...]:
    """An edge's weight, and the numbers of its parts that may be tensors."""
    return edge.weight, *(getattr(part, name) for part in _parts(edge) for name in part.numbers)


def _parts(edge: TransferEdge) -> list[EdgePart]:
    """The edge's losses, and its gate at the end."""
    return [*edge.losses, edge.gate]


def _numbers(values: Iterable[float], device: torch.device) -> Tensor:
    return torch.tensor([float(value) for value in values], dtype=torch.float64, device=device)
