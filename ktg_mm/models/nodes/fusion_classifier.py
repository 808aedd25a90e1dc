"""Classifier of fused feature maps."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from ktg_mm.config.check_argument import check_part
from ktg_mm.models.norm_layer import check_norm, conv_norm_relu, norm_layer
from ktg_mm.registry import NODES
from ktg_mm.structures import NodeOutput

from .fusion_ensemble import fused_channels
from .learned_ensemble import LearnedEnsembleNode


@NODES.register_module()
class FusionClassifierNode(LearnedEnsembleNode):
    """Feature fusion learning's module: a classifier of its own on the fused feature maps of networks.

    Kim et al., ICPR 2020. The maps are concatenated; a depthwise 3 x 3 convolution and a 1 x 1 convolution to the
    channels of one map, each with norm and ReLU, an average over the places, and a linear classifier. The convolutions
    begin as a normal distribution of variance 2 / (k^2 C_out), as in the authors' code.

    Args:
        members: Names of the nodes whose maps are fused; at least two, each once.
        layer: Their layer, a feature map. Defaults to ``'map'``, the last one.
        norm_cfg: Kind of the norm layers. Defaults to None: batch norm.
        detach: Whether gradients end here, and do not reach the members. Defaults to False.

    Raises:
        ValueError: If an argument is something else.

    Example:
        >>> node = FusionClassifierNode(members=['a', 'b'])
        >>> node.set_num_classes(5)
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
        self.num_classes: int | None = None

    def set_num_classes(self, num_classes: int) -> None:
        """Keeps the number of classes."""
        self.num_classes = num_classes

    def set_shapes(self, shapes: Mapping[str, Mapping[str, torch.Size]]) -> None:
        """Makes the convolutions and the classifier."""
        if self.num_classes is None:
            raise ValueError('needs the number of classes; give data_preprocessor.num_classes')
        total, channels = fused_channels({name: shapes[name][self.layer] for name in self.inputs})
        depthwise = conv_norm_relu(total, total, 3, self.norm_cfg, groups=total)
        pointwise = conv_norm_relu(total, channels, 1, self.norm_cfg)
        for module in (depthwise, pointwise):
            convolution = cast(nn.Conv2d, module.conv)
            scale = math.sqrt(2 / (convolution.kernel_size[0] ** 2 * convolution.out_channels))
            nn.init.normal_(convolution.weight, std=scale)
        self.fusion = nn.Sequential(
            depthwise, pointwise, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, self.num_classes)
        )
        check_norm(self.fusion, total, *shapes[self.inputs[0]][self.layer][1:])

    def classifier(self) -> Tensor:
        """The matrix of the linear classifier, shape (C, D)."""
        return cast(nn.Linear, self.fusion[-1]).weight

    def forward(self, inputs: list[NodeOutput]) -> NodeOutput:  # type: ignore[override]
        """Returns the output of the classifier, logits of shape (B, C)."""
        return NodeOutput(self.fusion(torch.cat([output.features[self.layer] for output in inputs], dim=1)))
