"""Neuron selectivity transfer."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import normalize

from ktg_mm.registry import LOSSES
from ktg_mm.structures import NodeOutput, TransferContext

from .feature_loss import FeatureLoss, pool_to_match


@LOSSES.register_module()
class NST(FeatureLoss):
    """Maximum mean discrepancy of where channels are active, squared (Huang and Wang, 2017, arXiv 1707.01219).

    Each channel of a feature map, divided by its L2 norm over the cells, is one point u of a set; with the kernel
    ``k(u, v) = (u . v)^2`` a layer's value is ``mean k(u_source, u'_source) + mean k(u_target, u'_target)
    - 2 mean k(u_source, u_target)``, over all pairs of channels; several layers are added up. RepDistiller's and
    MDistiller's loss, of whose weights for it 50 is the usual one. Maps of different size are pooled to the smaller
    before. Nothing is learnt of its own, and channels may differ. The products of C_target x C_target, C_target x
    C_source and C_source x C_source channels of each sample are kept for the backward pass.

    Args:
        layers: See FeatureLoss. Defaults to ``['backbone.layer1', 'backbone.layer2', 'backbone.layer3']``.

    Raises:
        ValueError: If the layers are wrong.

    Example:
        >>> map_ = torch.eye(4).reshape(1, 4, 2, 2)
        >>> target, source = (NodeOutput(None, features=dict(map=map_[:, :channels])) for channels in (1, 4))
        >>> NST('map')(target, source, None)  # 1 / 4 + 1 - 2 / 4
        tensor([0.7500])
    """

    def __init__(
        self,
        layers: str | Sequence[str] | Mapping[str, Any] = ('backbone.layer1', 'backbone.layer2', 'backbone.layer3'),
    ) -> None:
        super().__init__(layers)

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns the discrepancy per sample, shape (B,)."""
        values = []
        for pair in self.pairs(target, source):
            own, others = (normalize(map_.flatten(2), dim=2) for map_ in pool_to_match(*pair))
            values.append(_kernel(others, others) + _kernel(own, own) - 2 * _kernel(others, own))
        return torch.stack(values).sum(dim=0)


def _kernel(first: Tensor, second: Tensor) -> Tensor:
    """The kernel's mean over all pairs of channels, shape (B,)."""
    return (first @ second.transpose(1, 2)).square().mean(dim=(1, 2))
