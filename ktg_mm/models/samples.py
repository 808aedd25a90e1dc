"""What is known of a batch's samples, as tensors on their device."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import torch
from mmpretrain.structures import DataSample
from torch import Tensor

from ktg_mm.structures import SampleRows

from .soft_labels import labels_of

if TYPE_CHECKING:
    from .edges import TransferEdge


@dataclass(frozen=True)
class Samples:
    """What a step may know of a batch's B samples; it is read and checked before the step, which never looks again.

    Args:
        rows: Which of them have a label.
        labels: Integers of shape (B,), ``UNLABELED`` where there is none.
        scores: Soft labels of shape (B, C). Defaults to None: labels are single classes.
        numbers: What the parts of the edges read besides, integers of shape (B,) by name. Defaults to nothing.

    Example:
        >>> Samples.of([DataSample().set_gt_label(label) for label in (3, 0)]).labels
        tensor([3, 0])
    """

    rows: SampleRows
    labels: Tensor
    scores: Tensor | None = None
    numbers: Mapping[str, Tensor] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        data_samples: Sequence[DataSample],
        edges: Iterable[TransferEdge] = (),
        num_classes: int | None = None,
        rows: SampleRows | None = None,
    ) -> Samples:
        """Reads data samples.

        Args:
            data_samples: One per image, with its label; or per chunk of a text, with those of its tokens, and rows.
            edges: Those whose parts may need more. Defaults to none.
            num_classes: Number of classes of soft labels. Defaults to None: any.
            rows: Which have a label, if that is known: labels on a device need not be looked at then. Defaults to None.

        Raises:
            ConfigError: If labels are missing or wrong, or what a part needs is.
        """
        labels, scores = labels_of(data_samples, num_classes, None if rows is None else rows.size)
        read: dict[str, list[int]] = {}
        for edge in edges:
            for path, part, need in edge.needs:
                read |= need.read(path, part, edge, data_samples)
        numbers = {name: torch.tensor(values).to(labels.device, non_blocking=True) for name, values in read.items()}
        return cls(_on(labels.device, rows or SampleRows.of(labels)), labels, scores, numbers)


def _on(device: torch.device, rows: SampleRows) -> SampleRows:
    """The same rows, as an index on the device where they are no slices."""
    labeled, unlabeled = rows.labeled, rows.unlabeled
    if isinstance(labeled, Tensor) and isinstance(unlabeled, Tensor):
        rows = replace(rows, labeled=labeled.to(device), unlabeled=unlabeled.to(device))
    return rows
