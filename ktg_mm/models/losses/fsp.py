"""Flow of the solution procedure."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from ktg_mm.registry import LOSSES
from ktg_mm.structures import NodeOutput, TransferContext

from .feature_loss import FeatureLoss, pool_to_match


@LOSSES.register_module()
class FSP(FeatureLoss):
    """Squared distance of how the channels of one feature map go with those of the next (Yim et al., CVPR 2017).

    Of two maps that follow one another in the list, flattened to C rows of H W cells, the larger pooled to the smaller
    before, ``G = F_1 F_2^T / (H W)``; a pair's value is the mean over the entries of ``(G_target - G_source)^2``, and
    pairs are added up, as in RepDistiller (the paper weighs pairs, and calls G the FSP matrix). Both ends must have as
    many channels; heights and widths may differ. Nothing is learnt of its own.

    In the paper a student learns by this alone first, and then by the label alone: ``configs/kd/fsp_*.py``. Beside the
    label's, 50 is the weight in RepDistiller's script, which leaves it unused there.

    Args:
        layers: Two at least at each end, from shallow to deep, see FeatureLoss. Defaults to ``['backbone.conv1',
            'backbone.layer1', 'backbone.layer2', 'backbone.layer3']``. RepDistiller's first map of a ResNet is behind
            the ReLU, ``'backbone.relu'``.

    Raises:
        ValueError: If the layers are wrong, or the ends' channels differ.

    Example:
        >>> target = NodeOutput(None, features=dict(map=torch.ones(1, 2, 4, 4), early=torch.ones(1, 3, 8, 8)))
        >>> source = NodeOutput(None, features=dict(map=torch.zeros(1, 2, 4, 4), early=torch.ones(1, 3, 4, 4)))
        >>> FSP(['early', 'map'])(target, source, None)
        tensor([1.])
    """

    min_layers = 2

    def __init__(
        self,
        layers: str | Sequence[str] | Mapping[str, Any] = (
            'backbone.conv1',
            'backbone.layer1',
            'backbone.layer2',
            'backbone.layer3',
        ),
    ) -> None:
        super().__init__(layers)

    def set_shapes(self, target: list[torch.Size], source: list[torch.Size]) -> None:
        """Looks whether the ends have as many channels."""
        super().set_shapes(target, source)
        self.check_channels(target, source)

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns the distance per sample, shape (B,)."""
        own, others = (_flows(end) for end in zip(*self.pairs(target, source), strict=True))
        distances = [(a - b).square().mean(dim=(1, 2)) for a, b in zip(own, others, strict=True)]
        return torch.stack(distances).sum(dim=0)


def _flows(maps: Sequence[Tensor]) -> list[Tensor]:
    """The matrix of each pair of neighbours, shape (B, C_1, C_2)."""
    flows = []
    for pair in pairwise(maps):
        first, second = (feature.flatten(2) for feature in pool_to_match(*pair))
        flows.append(first @ second.transpose(1, 2) / first.shape[2])
    return flows
