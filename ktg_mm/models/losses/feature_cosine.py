"""Cosine similarity of features."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity

from ktg_mm.config.check_argument import check_whole
from ktg_mm.models.needs import OneNode
from ktg_mm.registry import LOSSES
from ktg_mm.structures import NodeOutput, TransferContext

from .feature_loss import FeatureLoss


@LOSSES.register_module()
class FeatureCosine(FeatureLoss):
    """Makes a network's features differ where its images do (CRMatch: Fan, Kukleva, Dai and Schiele, GCPR 2021).

    ``max(0, cos(h_target, h_source))``, h being one linear layer of all cells of a feature map, to as many dimensions
    as it has channels (USB's). The layer is the edge's and one for both ends, which are one network in two views. In
    CRMatch both ends learn: give the edge ``detach=False``.

    Args:
        layers: One, see FeatureLoss. Defaults to ``'map'``, the last feature map.
        size: Height and width of the map. Defaults to 8, as it is for CIFAR's images.

    Raises:
        ValueError: If an argument is wrong, or the map is not of that size.

    Example:
        >>> loss = FeatureCosine(size=2)
        >>> loss.set_shapes([torch.Size([3, 2, 2])], [torch.Size([3, 2, 2])])
        >>> said = NodeOutput(None, features=dict(map=torch.rand(2, 3, 2, 2)))
        >>> loss(said, said, None).round(decimals=3)
        tensor([1., 1.], grad_fn=<RoundBackward1>)
    """

    learns = True
    needs = (*FeatureLoss.needs, OneNode())

    embed: nn.Linear

    def __init__(self, layers: str | Sequence[str] | Mapping[str, Any] = 'map', size: int = 8) -> None:
        super().__init__(layers)
        if len(self.layers['target']) > 1 or self.layers['target'] != self.layers['source']:
            raise ValueError(f'layers must be one, the same at both ends, got {layers!r}')
        self.size = check_whole('size', size)

    def set_shapes(self, target: list[torch.Size], source: list[torch.Size]) -> None:
        """Makes the linear layer."""
        super().set_shapes(target, source)
        channels = target[0][0]
        self.embed = nn.Linear(channels * self.size**2, channels)

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns the similarity per sample, shape (B,)."""
        (maps,) = self.pairs(target, source)
        if maps[0].shape[2:] != (self.size, self.size):
            height, width = maps[0].shape[2:]
            raise ValueError(f'size must be that of the maps, {height} x {width}, got {self.size}')
        own, others = (self.embed(map_.flatten(1)) for map_ in maps)
        return cosine_similarity(own, others).clamp(min=0)
