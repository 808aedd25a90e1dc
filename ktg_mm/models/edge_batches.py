"""A graph's edges, those of one kind computed as one."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

import torch
from mmengine.logging import print_log
from torch import Tensor

from ktg_mm.errors import first_line
from ktg_mm.structures import EdgeValue, LabelOutput, NodeOutput, TransferContext

from .edge_batch import EdgeBatch, edge_kind, edge_numbers
from .edges import TransferEdge
from .needs import Attention, Labels

_FEWEST = 3  # of two edges the stacks take as many operations as they save


class AskedEdge(NamedTuple):
    """An edge of a batch.

    Args:
        edge: The edge.
        target: What its target says.
        source: What its source says, or the label.
        context: What it may know.
    """

    edge: TransferEdge
    target: NodeOutput
    source: NodeOutput
    context: TransferContext


class EdgeBatches:
    """Computes edges; three or more of one kind, whose ends are of one shape, as one.

    That takes fewer operations, which on a GPU are what a step of many small edges takes its time for. Values are those
    of each edge alone but for rounding. Alone are edges whose parts learn, keep a state, draw, or need more than
    outputs, labels and attention maps, and those that do not run as one, which the log says once.

    Example:
        >>> from ktg_mm.models.gates import ThroughGate
        >>> from ktg_mm.models.losses import KLDivergence
        >>> edge, said = TransferEdge('a->b', [KLDivergence()], ThroughGate()), NodeOutput(torch.zeros(3, 2))
        >>> asked = AskedEdge(edge, said, said, TransferContext(torch.tensor([0, 0, 0])))
        >>> {key: value.loss for key, value in EdgeBatches()({'a->b': asked, 'c->b': asked, 'd->b': asked}).items()}
        {'a->b': tensor(0.), 'c->b': tensor(0.), 'd->b': tensor(0.)}
    """

    def __init__(self) -> None:
        self._kinds: dict[str, Hashable] = {}
        self._batches: dict[tuple[str, ...], EdgeBatch | None] = {}

    def __call__(self, edges: Mapping[str, AskedEdge]) -> dict[str, EdgeValue]:
        """Computes all.

        Args:
            edges: By their keys.

        Returns:
            Their values, in the same order.
        """
        groups: dict[Hashable, list[str]] = {}
        for key, asked in edges.items():
            if key not in self._kinds:
                self._kinds[key] = _kind(asked.edge) or key
            shapes = [{name: (said.shape, said.dtype) for name, said in _said(end).items()} for end in asked[1:3]]
            kind = self._kinds[key], repr(shapes), _label(asked)
            groups.setdefault(kind, []).append(key)
        found: dict[str, EdgeValue] = {}
        for keys in groups.values():
            together = [edges[key] for key in keys]
            values = self._as_one(tuple(keys), together) if len(keys) >= _FEWEST else None
            if values is None:
                values = [edge(target, source, context) for edge, target, source, context in together]
            found.update(zip(keys, values, strict=True))
        return {key: found[key] for key in edges}

    def _as_one(self, keys: tuple[str, ...], edges: Sequence[AskedEdge]) -> list[EdgeValue] | None:
        """Their values; None if they do not run as one."""
        first, batch = edges[0], self._batches.get(keys)
        if batch is None and keys in self._batches:
            return None
        source: NodeOutput | dict[str, Tensor] = first.source
        try:
            # A hook of the user's own may change a weight, or a temperature.
            if batch is None or batch.numbers != [edge_numbers(asked.edge) for asked in edges]:
                device = first.target.logits.device
                batch = self._batches[keys] = EdgeBatch([asked.edge for asked in edges], device)
            if not isinstance(source, LabelOutput):
                detach = first.edge.detach
                source = _stacked([asked.source.detach() if detach else asked.source for asked in edges])
            target = _stacked([asked.target for asked in edges])
            losses, gates = batch(target, source, first.context, first.context.progress)
        except Exception as error:  # of a part of the user's own; a mistake in it shows again in the edge alone
            self._batches[keys] = None
            print_log(f'env_cfg.batch_edges: {", ".join(keys)} run alone ({first_line(error)})', logger='current')
            return None
        return [EdgeValue(loss, gate) for loss, gate in zip(losses.unbind(), gates.unbind(), strict=True)]


def _label(asked: AskedEdge) -> Hashable:
    """What edges of one kind have in common if the label teaches, which is one for all; False if a node does."""
    if not isinstance(asked.source, LabelOutput):
        return False
    return True if asked.source.scores is None else f'in {asked.edge.target_view}'


def _kind(edge: TransferEdge) -> Hashable:
    """What edges that may be computed as one have in common; None if it must be alone."""
    for _, part in edge.parts:
        if part.adaptive or part.learns or getattr(part, 'draws', False):
            return None
        if any(not isinstance(need, (Labels, Attention)) for need in part.needs if need.applies(part)):
            return None
    return None if edge.align is not None else edge_kind(edge)


def _said(output: NodeOutput) -> dict[str, Tensor]:
    """What edges that are computed as one may look at, by NodeOutput's arguments."""
    said = dict(logits=output.logits, attention=output.attention, attention_logits=output.attention_logits)
    return {name: value for name, value in said.items() if value is not None}


def _stacked(outputs: Sequence[NodeOutput]) -> dict[str, Tensor]:
    said = [_said(output) for output in outputs]
    return {name: torch.stack([one[name] for one in said]) for name in said[0]}
