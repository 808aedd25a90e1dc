"""Feature-level ensemble distillation."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from ktg_mm.config.check_argument import check_part
from ktg_mm.models.norm_layer import norm_layer
from ktg_mm.registry import LOSSES
from ktg_mm.structures import NodeOutput, TransferContext

from .feature_loss import FeatureLoss, pool_to_match
from .ft import translator


@LOSSES.register_module()
class FEED(FeatureLoss):
    """Distance of the source's feature map and a non-linear transformation of the target's (Park and Kwak, 2019).

    The mean over channels and cells of ``|N(F_target) / ||N(F_target)||_2 - F_source / ||F_source||_2|``, the norms
    over channels and cells; several layers are added up. Every edge has an N of its own: of several teachers, each
    teaches through one edge, which is the paper's parallel form (arXiv 1909.10754). The sequential form is stages,
    in which a student goes on with another teacher. N are the three convolutions of factor transfer's translator, and
    the mean, where the paper has the sum, is torchdistill's of factor transfer with its weight of 1000: the paper's
    layers and weight we have not seen. Maps of different size are pooled to the smaller before.

    Args:
        layers: See FeatureLoss. Defaults to ``'map'``, the last feature map.
        norm_cfg: Kind of N's norms, such as ``dict(type='GN', num_groups=8)``. Default: batch norm.

    Raises:
        ValueError: If an argument is wrong.

    Example:
        >>> loss = FEED()
        >>> loss.set_shapes([torch.Size([4, 5, 5])], [torch.Size([8, 5, 5])])
        >>> target, source = (NodeOutput(None, features=dict(map=torch.rand(2, c, 5, 5))) for c in (4, 8))
        >>> loss(target, source, None).shape
        torch.Size([2])
    """

    learns = True

    def __init__(
        self, layers: str | Sequence[str] | Mapping[str, Any] = 'map', norm_cfg: dict[str, Any] | None = None
    ) -> None:
        super().__init__(layers)
        self.norm_cfg = check_part('norm_cfg', norm_cfg) or dict(type='BN')
        norm_layer(self.norm_cfg, 1)  # one that mmcv does not take shows here
        self.transformations = nn.ModuleList()

    def set_shapes(self, target: list[torch.Size], source: list[torch.Size]) -> None:
        """Makes the transformation of each layer."""
        super().set_shapes(target, source)
        pairs = zip(target, source, strict=True)
        self.transformations = nn.ModuleList(translator(own[0], others[0], self.norm_cfg) for own, others in pairs)

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns the distance per sample, shape (B,)."""
        distances = []
        for pair, transformation in zip(self.pairs(target, source), self.transformations, strict=True):
            own, others = pool_to_match(*pair)
            own, others = normalize(transformation(own).flatten(1)), normalize(others.flatten(1))
            distances.append((own - others).abs().mean(dim=1))
        return torch.stack(distances).sum(dim=0)
