"""Repulsion of attention maps."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ktg_mm.models.needs import Attention
from ktg_mm.registry import LOSSES
from ktg_mm.structures import NodeOutput, TransferContext

from .attention_crops import attention_crops, check_sizes
from .base import EdgeLoss


@LOSSES.register_module()
class AttentionCosine(EdgeLoss):
    """Cosine similarity of attention crops around the source's peak, averaged over the crop sizes.

    Minimised, it makes the target attend to other places than its source (Okamoto et al., ECCV 2022).

    Args:
        sizes: Sides of the square crops, in cells of the map. Defaults to None: in proportion to the map.

    Raises:
        ValueError: If a size is not a positive whole number.

    Example:
        >>> import torch
        >>> from ktg_mm.structures import NodeOutput
        >>> target = NodeOutput(torch.zeros(1, 2), attention=torch.eye(3)[None])
        >>> AttentionCosine(sizes=[3])(target, target.detach(), None)
        tensor([1.0000])
    """

    needs = (Attention(),)
    trains_head = False

    def __init__(self, sizes: Sequence[int] | None = None) -> None:
        super().__init__()
        self.sizes = check_sizes(sizes)

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns the similarity per sample, shape (B,)."""
        crops = attention_crops(target, source, self.sizes)
        similarities = [(target_crop * source_crop).sum(dim=1) for target_crop, source_crop in crops]
        return torch.stack(similarities).mean(dim=0)
