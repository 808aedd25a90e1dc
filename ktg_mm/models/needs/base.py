"""What all needs share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from mmpretrain.structures import DataSample
from torch import Tensor

from ktg_mm.config.edge_config import EdgeConfig, PartConfig
from ktg_mm.models.forward_pass import ForwardPass
from ktg_mm.models.nodes import Node
from ktg_mm.structures import LabelOutput, SampleRows, TransferContext

if TYPE_CHECKING:
    from ktg_mm.models.edges import TransferEdge


class Batch(NamedTuple):
    """A batch whose nodes have run.

    Args:
        run: The forward pass, with all that was asked for.
        rows: Which of its B samples have a label.
        labels: Integers of shape (B,), ``UNLABELED`` where there is none.
        scores: Soft labels of shape (B, C), None if labels are single classes.
        numbers: What the needs have read of the samples, integers of shape (B,) by name.
    """

    run: ForwardPass
    rows: SampleRows
    labels: Tensor
    scores: Tensor | None
    numbers: Mapping[str, Tensor]

    def label(self, samples: str, num_classes: int, view: str | None = None) -> LabelOutput:
        """The labels of some samples, as a teacher; those of their images in a view that relabels these."""
        if (made := self.run.labels(view)) is not None:
            scores = made[self.run.rows(view).rows(samples)]
            return LabelOutput(scores.argmax(dim=1), num_classes, scores)
        rows = self.rows.rows(samples)
        return LabelOutput(self.labels[rows], num_classes, None if self.scores is None else self.scores[rows])


class Need:
    """Something that a part must be given.

    ``part`` is a part of an edge, or the dict of its arguments; ``path`` is the part's config key. All errors that a
    need raises are ConfigErrors.

    Args:
        argument: The part's argument that the need is about; a part that has None there needs nothing. Defaults to
            None: there is no such argument.

    Attributes:
        needs_labels: True if all samples of the edge must have a label.
        needs_classes: True if labels must be single classes; soft ones, such as mixed ones, are refused.
        between_nodes: True if the label cannot be the source.
        samples: Which samples the batch must have besides those that the edge is about, None if there are none.

    Example:
        >>> Need('threshold').value(dict(type='ThresholdGate', threshold=0.9))
        0.9
    """

    needs_labels = False
    needs_classes = False
    between_nodes = False
    samples: str | None = None

    def __init__(self, argument: str | None = None) -> None:
        self.argument = argument

    def value(self, part: Any) -> Any:
        """The argument's value, None if there is no such argument."""
        if self.argument is None:
            return None
        return part.get(self.argument) if isinstance(part, Mapping) else getattr(part, self.argument)

    def applies(self, part: Any) -> bool:
        """Whether a part is in need."""
        return self.argument is None or self.value(part) is not None

    def check(self, part: PartConfig, edge: EdgeConfig, nodes: Mapping[str, Any]) -> None:
        """Refuses an edge, or ``model.nodes``, that cannot meet the need."""

    def views(self, part: Any) -> list[str]:
        """The views that a part looks at besides the edge's."""
        return []

    def prepare(self, path: str, part: Any, edge: TransferEdge, nodes: Mapping[str, Node]) -> None:
        """Tells the built nodes what their outputs must hold."""

    def ask(self, part: Any, edge: TransferEdge, run: ForwardPass) -> None:
        """Asks for the outputs that the part looks at besides the edge's."""

    def read(
        self, path: str, part: Any, edge: TransferEdge, data_samples: Sequence[DataSample]
    ) -> dict[str, list[int]]:
        """Reads numbers of the samples, by name, before the step, or refuses data that do not have them."""
        return {}

    def fill(self, path: str, part: Any, edge: TransferEdge, batch: Batch, context: TransferContext) -> None:
        """Puts what is needed into the context: what is there as tensors, without a look at their values."""
