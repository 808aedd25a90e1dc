"""Similarity-preserving distillation."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import normalize

from ktg_mm.registry import LOSSES
from ktg_mm.structures import NodeOutput, TransferContext

from .feature_loss import FeatureLoss


@LOSSES.register_module()
class SP(FeatureLoss):
    """Squared distance of how alike the batch's feature maps are to one another (Tung and Mori, ICCV 2019, eq. 4).

    With ``A`` the B flattened maps of one end, the rows of ``A A^T`` are divided by their L2 norms; the loss is the sum
    of the two ends' squared differences over B^2, as in RepDistiller and MDistiller, of whose weights for it 3000 is
    the usual one. Maps may be of any shapes, nothing is learnt of its own. Several layers are added up.

    The loss is relational: a sample's value is its row's, a gate weighs the rows, all samples stay in every row. B is
    the batch of one process; others' samples are not gathered. One sample alone gives 0.

    Args:
        layers: See FeatureLoss. Defaults to ``'map'``, the last feature map.

    Raises:
        ValueError: If the layers are wrong.

    Example:
        >>> target, source = (NodeOutput(None, features=dict(map=torch.eye(2).reshape(2, 2, 1, 1) + more))
        ...                   for more in (0, torch.tensor([[0.0, 1.0], [0.0, 0.0]]).reshape(2, 2, 1, 1)))
        >>> SP()(target, source, None)  # the rows (1, 0), (0, 1) and (2, 1) / sqrt(5), (1, 1) / sqrt(2)
        tensor([0.1056, 0.2929])
    """

    relational = True

    def __init__(self, layers: str | Sequence[str] | Mapping[str, Any] = 'map') -> None:
        super().__init__(layers)

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns each row's share, shape (B,)."""
        shares = []
        for pair in self.pairs(target, source):
            own, others = (_similarities(feature) for feature in pair)
            shares.append((own - others).square().mean(dim=1))
        return torch.stack(shares).sum(dim=0)


def _similarities(feature: Tensor) -> Tensor:
    flat = feature.flatten(1)
    return normalize(flat @ flat.T)
