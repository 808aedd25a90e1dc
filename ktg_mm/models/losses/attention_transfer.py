"""Attention transfer, stage by stage."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import normalize

from ktg_mm.registry import LOSSES
from ktg_mm.structures import NodeOutput, TransferContext

from .feature_loss import FeatureLoss, pool_to_match


@LOSSES.register_module()
class AttentionTransfer(FeatureLoss):
    """Squared distance of normalised attention maps, added up over the stages (Zagoruyko and Komodakis, ICLR 2017).

    A feature map's attention is the mean over its channels of the squared activation, divided by its L2 norm; the
    distance of two is the mean over their cells, as in the authors' code, RepDistiller and MDistiller (the paper's
    eq. 2 has a norm that is not squared), of whose weights for it 1000 is the usual one. Feature maps of different size
    are pooled to the smaller before. Nothing is learnt of its own, and channels may differ.

    Args:
        layers: See FeatureLoss. Defaults to ``['backbone.layer1', 'backbone.layer2', 'backbone.layer3']``.

    Raises:
        ValueError: If the layers are wrong.

    Example:
        >>> loss = AttentionTransfer('map')
        >>> output = NodeOutput(torch.zeros(1, 2), features=dict(map=torch.ones(1, 3, 4, 4)))
        >>> loss(output, output.detach(), None)
        tensor([0.])
    """

    def __init__(
        self,
        layers: str | Sequence[str] | Mapping[str, Any] = ('backbone.layer1', 'backbone.layer2', 'backbone.layer3'),
    ) -> None:
        super().__init__(layers)

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns the distance per sample, shape (B,)."""
        distances = []
        for pair in self.pairs(target, source):
            own, others = (_attention(feature) for feature in pool_to_match(*pair))
            distances.append((own - others).square().mean(dim=1))
        return torch.stack(distances).sum(dim=0)


def _attention(feature: Tensor) -> Tensor:
    return normalize(feature.square().mean(dim=1).flatten(1))
