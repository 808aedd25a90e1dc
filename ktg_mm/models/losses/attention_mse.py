"""Attraction of attention maps."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ktg_mm.config.check_argument import check_flag
from ktg_mm.models.needs import Attention
from ktg_mm.registry import LOSSES
from ktg_mm.structures import NodeOutput, TransferContext, full_precision

from .attention_crops import attention_crops, attention_maps, check_sizes
from .base import EdgeLoss


@LOSSES.register_module()
class AttentionMSE(EdgeLoss):
    """Squared distance of L2-normalised attention crops around the source's peak, averaged over the crop sizes.

    Okamoto et al., ECCV 2022.

    Args:
        sizes: Sides of the square crops, in cells of the map. Defaults to None: in proportion to the map.
        reduction: ``'mean'`` averages the squared distance over a crop's cells as the authors' code does, ``'sum'``
            adds it up: about 11 times stronger at their sizes. Defaults to ``'mean'``.
        whole: Whether the maps are compared whole and as they are, without crops and norms, as Okamoto's thesis
            distils many teachers (section 4.3.3). Defaults to False.

    Raises:
        ValueError: If the reduction is unknown, a size is not a positive whole number, or ``whole`` is no flag or comes
            with sizes.

    Example:
        >>> import torch
        >>> from ktg_mm.structures import NodeOutput
        >>> target = NodeOutput(torch.zeros(1, 2), attention=torch.eye(3)[None])
        >>> AttentionMSE(sizes=[3])(target, target.detach(), None)
        tensor([0.])
    """

    needs = (Attention(),)
    trains_head = False

    def __init__(self, sizes: Sequence[int] | None = None, reduction: str = 'mean', whole: bool = False) -> None:
        super().__init__()
        if reduction not in ('mean', 'sum'):
            raise ValueError(f"reduction must be 'mean' or 'sum', got {reduction!r}")
        self.sizes = check_sizes(sizes)
        self.reduction = reduction
        self.whole = check_flag('whole', whole)
        if self.whole and sizes is not None:
            raise ValueError('whole: whole maps have no crops; leave out sizes, or whole')

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns the distance per sample, shape (B,)."""
        if self.whole:
            maps = [full_precision(attention.flatten(1)) for attention in attention_maps(target, source)]
            pairs = [(maps[0], maps[1])]
        else:
            pairs = attention_crops(target, source, self.sizes)
        distances = []
        for target_crop, source_crop in pairs:
            squared = (target_crop - source_crop).square()
            distances.append(squared.mean(dim=1) if self.reduction == 'mean' else squared.sum(dim=1))
        return torch.stack(distances).mean(dim=0)
