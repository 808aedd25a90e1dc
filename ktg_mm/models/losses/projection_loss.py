"""What losses share that compare projections of one network's features."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from ktg_mm.config import check_number
from ktg_mm.config.check_argument import check_whole
from ktg_mm.models.needs import LabeledSource, OneNode
from ktg_mm.structures import NodeOutput, TransferContext

from .feature_loss import FeatureLoss


class ProjectionLoss(FeatureLoss):
    """Learns a pseudo-label that a memory of projections smooths, and how alike the projections themselves are.

    A projection is a linear layer, a ReLU, a linear layer, and a division by the length. It is the edge's and one for
    both ends, which are one network in two views; only what the target gives teaches it.

    Args:
        layers: One, see FeatureLoss; a feature map is averaged over its cells.
        threshold: What the smoothed pseudo-label's highest probability must reach, in [0, 1].
        temperature: Of the similarities, above 0.
        smoothing: Share of the source's own probabilities in the pseudo-label, in [0, 1].
        warm_up: Share of the run without the memory, in [0, 1].
        embed_dims: Dimensions of a projection.

    Raises:
        ValueError: If an argument is wrong.
    """

    adaptive = True
    learns = True
    of_vectors = True
    trains_head = True
    teaches_source = False
    needs = (*FeatureLoss.needs, OneNode(), LabeledSource(classes=True))

    projection: nn.Sequential

    def __init__(
        self,
        layers: str | Sequence[str] | Mapping[str, Any],
        threshold: float,
        temperature: float,
        smoothing: float,
        warm_up: float,
        embed_dims: int,
    ) -> None:
        super().__init__(layers)
        if len(self.layers['target']) > 1 or self.layers['target'] != self.layers['source']:
            raise ValueError(f'layers must be one, the same at both ends, got {layers!r}')
        self.threshold = check_number('threshold', threshold, '[0, 1]')
        self.temperature = check_number('temperature', temperature, '(0, inf)')
        self.smoothing = check_number('smoothing', smoothing, '[0, 1]')
        self.warm_up = check_number('warm_up', warm_up, '[0, 1]')
        self.embed_dims = check_whole('embed_dims', embed_dims)

    def set_num_classes(self, num_classes: int) -> None:
        """Tells the loss the number of classes."""
        self.num_classes = num_classes

    def set_shapes(self, target: list[torch.Size], source: list[torch.Size]) -> None:
        """Makes the projection."""
        super().set_shapes(target, source)
        dims = target[0][0]
        self.projection = nn.Sequential(nn.Linear(dims, dims), nn.ReLU(), nn.Linear(dims, self.embed_dims))

    def project(self, output: NodeOutput) -> Tensor:
        """Projections of length 1, shape (B, embed_dims)."""
        ((vectors, _),) = self.pairs(output, output)
        return normalize(self.projection(vectors))

    def one_hot(self, labels: Tensor) -> Tensor:
        """Shape (B, C), of the memory's type."""
        rows = torch.zeros(
            len(labels), self.num_classes, device=labels.device, dtype=next(self.projection.parameters()).dtype
        )
        return rows.scatter_(1, labels.unsqueeze(1), 1.0)

    def smoothed(self, own: Tensor, remembered: Tensor, begun: Tensor) -> Tensor:
        """The pseudo-labels: the source's probabilities and, once that has begun, the memory's; shape (B, C)."""
        return torch.where(begun, self.smoothing * own + (1 - self.smoothing) * remembered, own)

    def cross_entropy(self, target: NodeOutput, pseudo_labels: Tensor) -> Tensor:
        """Of the target with the pseudo-labels that are sure, per sample, shape (B,)."""
        loss = -(pseudo_labels * target.log_probabilities()).sum(dim=1)
        return torch.where(pseudo_labels.amax(dim=1) >= self.threshold, loss, 0.0)

    def has_begun(self, context: TransferContext) -> Tensor:
        """Whether the warm-up is over, shape ()."""
        return context.progress > self.warm_up
