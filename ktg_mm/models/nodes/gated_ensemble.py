"""Ensemble whose weights a gate learns."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ktg_mm.config.check_argument import check_part
from ktg_mm.models.norm_layer import check_norm, norm_layer
from ktg_mm.registry import NODES
from ktg_mm.structures import NodeOutput

from .weighted_ensemble import WeightedEnsembleNode


@NODES.register_module()
class GatedEnsembleNode(WeightedEnsembleNode):
    """ONE's ensemble: a gate on a feature of the trunk weighs the branches (Lan, Zhu and Gong, NeurIPS 2018).

    ``w = softmax(ReLU(norm(Linear(mean over the places of the feature))))``. The feature is the first member's, which
    is everybody's where the members share their trunk up to that layer.

    Args:
        members: Names of the nodes that vote; at least two, each once.
        layer: The layer of the first member that the gate looks at, a feature map or an embedding. Defaults to
            ``'map'``, its last feature map; with a trunk it is the trunk's last module.
        norm_cfg: Kind of the norm layer. Defaults to None: batch norm.
        detach: Whether gradients end here, and do not reach the members. Defaults to False.

    Raises:
        ValueError: If an argument is something else.

    Example:
        >>> node = GatedEnsembleNode(members=['a', 'b'])
        >>> node.set_shapes({'a': {'map': torch.Size([8, 4, 4])}})
        >>> outputs = [NodeOutput(torch.rand(3, 5), features=dict(map=torch.rand(3, 8, 4, 4))) for _ in 'ab']
        >>> node(outputs).logits.shape, node.weights(outputs).shape
        (torch.Size([3, 5]), torch.Size([3, 2]))
    """

    ordered = True

    def __init__(
        self, members: Sequence[str], layer: str = 'map', norm_cfg: dict[str, Any] | None = None, detach: bool = False
    ) -> None:
        super().__init__(members, layer, detach)
        self.norm_cfg = check_part('norm_cfg', norm_cfg) or dict(type='BN1d')
        norm_layer(self.norm_cfg, 1)  # one that mmcv does not take shows here

    def reads(self) -> dict[str, tuple[str, ...]]:
        """The layer of the first member."""
        return {name: (self.layer,) if name == self.inputs[0] else () for name in self.inputs}

    def set_shapes(self, shapes: Mapping[str, Mapping[str, torch.Size]]) -> None:
        """Makes the gate."""
        members = len(self.inputs)
        channels = shapes[self.inputs[0]][self.layer][0]
        self.gate = nn.Sequential(nn.Linear(channels, members), norm_layer(self.norm_cfg, members), nn.ReLU())
        check_norm(self.gate, channels)

    def weights(self, inputs: list[NodeOutput]) -> Tensor:
        """Returns the gate's softmax, shape (B, M)."""
        feature = inputs[0].features[self.layer]
        scores = self.gate(feature.flatten(2).mean(dim=2) if feature.dim() > 2 else feature)
        return F.softmax(scores, dim=1, dtype=torch.promote_types(scores.dtype, torch.float32))
