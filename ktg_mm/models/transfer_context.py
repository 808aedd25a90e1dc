"""Collects what an edge may know of a batch besides the outputs of its two ends."""

from __future__ import annotations

import torch
from mmpretrain.structures import DataSample
from torch import Tensor

from ktg_mm.errors import ConfigError
from ktg_mm.structures import SampleRows, TransferContext

from .edges import TransferEdge
from .forward_pass import ForwardPass


def build_context(
    edge: TransferEdge,
    run: ForwardPass,
    rows: SampleRows,
    labels: Tensor,
    data_samples: list[DataSample],
    progress: float,
    seed: int = 0,
) -> TransferContext:
    """What an edge may know. It sees labels only if all samples that it is about have one, so that none can leak.

    Args:
        edge: The edge.
        run: A forward pass that has run, with all that the edge has asked for.
        rows: Which samples of the batch have a label.
        labels: Integers of shape (B,), ``UNLABELED`` where there is none.
        data_samples: One per image.
        progress: k / k_end.
        seed: The run's. Defaults to 0.

    Raises:
        ConfigError: If the gate needs the images' numbers and they are not known, or are too large for it.
    """
    mine = rows.rows(edge.samples)
    all_known = rows.count('labeled') == rows.size or edge.samples == 'labeled'
    context = TransferContext(labels[mine] if all_known else None, progress, edge.source_name, edge.target_name, seed)
    if edge.gate.needs_sample_ids:
        context.sample_ids = _sample_ids(edge, data_samples, labels.device)[mine]
    if edge.needs_labeled_source:
        context.labeled_source = run.output(edge.source_name, edge.source_view, 'labeled').detach()
        context.labeled_labels = labels[rows.rows('labeled')]
    if (view := edge.gate.other_view) is not None:
        context.other_source = run.output(edge.source_name, view, edge.samples).detach()
        context.other_target = run.output(edge.target_name, view, edge.samples).detach()
    return context


def _sample_ids(edge: TransferEdge, data_samples: list[DataSample], device: torch.device) -> Tensor:
    """The number of each image among the unlabelled ones, -1 for the others; integers of shape (B,)."""
    path = f'model.edges[{edge.key!r}].gate'
    numbers = [sample.get('unlabeled_id', -1) for sample in data_samples]
    largest = max(numbers)
    if largest < 0:
        raise ConfigError(
            path,
            f'{type(edge.gate).__name__} needs the number of each unlabelled image; take the data set SemiSupervised '
            'and PackViews',
        )
    size = edge.gate.num_samples
    if size is not None and largest >= size:
        raise ConfigError(
            f'{path}.num_samples',
            f'is {size}, but there is an unlabelled image with the number {largest}; must be how many there are',
        )
    return torch.tensor(numbers, dtype=torch.long).to(device, non_blocking=True)
