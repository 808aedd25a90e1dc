"""Collects what an edge may know of a batch besides the outputs of its two ends."""

from __future__ import annotations

from ktg_mm.structures import TransferContext

from .edges import TransferEdge
from .needs import Batch


def build_context(edge: TransferEdge, batch: Batch, progress: float, seed: int = 0) -> TransferContext:
    """What an edge may know. It sees labels only if all samples that it is about have one, so that none can leak.

    Args:
        edge: The edge.
        batch: A batch whose nodes have run, with all that the edge has asked for.
        progress: k / k_end.
        seed: The run's. Defaults to 0.

    Raises:
        ConfigError: If a part needs something that the data do not have.
    """
    rows = batch.rows
    all_known = rows.count('labeled') == rows.size or edge.samples == 'labeled'
    labels = batch.labels[rows.rows(edge.samples)] if all_known else None
    context = TransferContext(labels, progress, edge.source_name, edge.target_name, seed)
    for path, part, need in edge.needs:
        need.fill(path, part, edge, batch, context)
    return context
