"""Ensemble whose weights come out of fused feature maps."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ktg_mm.config.check_argument import check_part
from ktg_mm.models.norm_layer import check_norm, conv_norm_relu, norm_layer
from ktg_mm.registry import NODES
from ktg_mm.structures import NodeOutput

from .weighted_ensemble import WeightedEnsembleNode


@NODES.register_module()
class FusionEnsembleNode(WeightedEnsembleNode):
    """The feature fusion module: the branches' last feature maps, fused, say how much each counts.

    Feature fusion and classifier diversification (document 003), eqs. 2 to 4: the M maps are concatenated, go through
    convolutions with norm and ReLU, an average over the places, a linear layer and a softmax. How many convolutions
    and of what size the paper does not say: here two of 3 x 3, (M C -> C) and (C -> C). The weights learn through what
    is made of them, so an edge from here is not detached.

    Args:
        members: Names of the nodes that vote; at least two, each once.
        layer: The members' layer, a feature map. Defaults to ``'map'``, the last one.
        norm_cfg: Kind of the norm layers. Defaults to None: batch norm.
        detach: Whether gradients end here, and do not reach the members. Defaults to False.

    Raises:
        ValueError: If an argument is something else.

    Example:
        >>> node = FusionEnsembleNode(members=['a', 'b'])
        >>> node.set_shapes({name: dict(map=torch.Size([8, 4, 4])) for name in 'ab'})
        >>> outputs = [NodeOutput(torch.rand(3, 5), features=dict(map=torch.rand(3, 8, 4, 4))) for _ in 'ab']
        >>> node(outputs).logits.shape
        torch.Size([3, 5])
    """

    def __init__(
        self, members: Sequence[str], layer: str = 'map', norm_cfg: dict[str, Any] | None = None, detach: bool = False
    ) -> None:
        super().__init__(members, layer, detach)
        self.norm_cfg = check_part('norm_cfg', norm_cfg) or dict(type='BN')
        norm_layer(self.norm_cfg, 1)  # one that mmcv does not take shows here

    def set_shapes(self, shapes: Mapping[str, Mapping[str, torch.Size]]) -> None:
        """Makes the convolutions and the linear layer."""
        total, channels = fused_channels({name: shapes[name][self.layer] for name in self.inputs})
        self.fusion = nn.Sequential(
            conv_norm_relu(total, channels, 3, self.norm_cfg),
            conv_norm_relu(channels, channels, 3, self.norm_cfg),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(channels, len(self.inputs)),
        )
        check_norm(self.fusion, total, *shapes[self.inputs[0]][self.layer][1:])

    def weights(self, inputs: list[NodeOutput]) -> Tensor:
        """Returns the softmax over the members, shape (B, M)."""
        scores = self.fusion(torch.cat([output.features[self.layer] for output in inputs], dim=1))
        return F.softmax(scores, dim=1, dtype=torch.promote_types(scores.dtype, torch.float32))


def fused_channels(shapes: Mapping[str, torch.Size]) -> tuple[int, int]:
    """The channels of concatenated feature maps, and of the fused one: those of the widest.

    Args:
        shapes: The maps' shapes (C, H, W) by the member's name.

    Raises:
        ValueError: If they are no maps of one height and width.

    Example:
        >>> fused_channels(dict(a=torch.Size([8, 4, 4]), b=torch.Size([16, 4, 4])))
        (24, 16)
    """
    if any(len(shape) != 3 for shape in shapes.values()) or len({tuple(shape[1:]) for shape in shapes.values()}) > 1:
        text = ', '.join(f'{name} {" x ".join(map(str, shape))}' for name, shape in shapes.items())
        raise ValueError(f'layer: members must have feature maps of one height and width to be fused; {text}')
    channels = [shape[0] for shape in shapes.values()]
    return sum(channels), max(channels)
