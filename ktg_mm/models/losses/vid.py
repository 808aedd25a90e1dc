"""Variational information distillation."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from ktg_mm.config import check_number
from ktg_mm.registry import LOSSES
from ktg_mm.structures import NodeOutput, TransferContext

from .feature_loss import FeatureLoss, pool_to_match

EPS = 1e-5  # the lowest variance


@LOSSES.register_module()
class VID(FeatureLoss):
    """Minus the log-likelihood of the source's feature maps, as Gaussians around a regression (Ahn et al., CVPR 2019).

    The mean over channels, height and width of ``((r(F_target) - F_source)^2 / v + log v) / 2``, without the constant
    ``log(2 pi) / 2``, so that it may be negative; several layers are added up. r are three 1 x 1 convolutions without
    bias and with ReLUs between, and v, one number for each of the source's channels, is learnt, too: its softplus plus
    1e-5 (as in RepDistiller; MDistiller's stays what it begins with). Maps of different size are pooled to the smaller
    before.

    Args:
        layers: See FeatureLoss. Defaults to ``['backbone.layer1', 'backbone.layer2', 'backbone.layer3']``.
        variance: What each v begins with, above 1e-5. Defaults to 5.

    Raises:
        ValueError: If an argument is wrong.

    Example:
        >>> loss = VID('map')
        >>> loss.set_shapes([torch.Size([2, 4, 4])], [torch.Size([3, 4, 4])])
        >>> target, source = (NodeOutput(None, features=dict(map=torch.zeros(1, c, 4, 4))) for c in (2, 3))
        >>> loss(target, source, None).detach()  # log(5) / 2
        tensor([0.8047])
    """

    learns = True

    def __init__(
        self,
        layers: str | Sequence[str] | Mapping[str, Any] = ('backbone.layer1', 'backbone.layer2', 'backbone.layer3'),
        variance: float = 5.0,
    ) -> None:
        super().__init__(layers)
        self.variance = check_number('variance', variance, f'({EPS}, inf)')
        self.regressors = nn.ModuleList()
        self.raw_variances = nn.ParameterList()

    def set_shapes(self, target: list[torch.Size], source: list[torch.Size]) -> None:
        """Makes the regression and the variances of each layer."""
        super().set_shapes(target, source)
        ends = list(zip(target, source, strict=True))
        self.regressors = nn.ModuleList(_regressor(own[0], others[0]) for own, others in ends)
        # The inverse of the softplus, in a form that does not overflow.
        raw = self.variance - EPS + math.log(-math.expm1(EPS - self.variance))
        self.raw_variances = nn.ParameterList(nn.Parameter(torch.full((others[0], 1, 1), raw)) for _, others in ends)

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns the value per sample, shape (B,)."""
        values = []
        for pair, regressor, raw in zip(self.pairs(target, source), self.regressors, self.raw_variances, strict=True):
            own, others = pool_to_match(*pair)
            variance = softplus(raw) + EPS
            value = (regressor(own) - others).square() / variance + variance.log()
            values.append(value.mean(dim=(1, 2, 3)) / 2)
        return torch.stack(values).sum(dim=0)


def _regressor(channels: int, others: int) -> nn.Module:
    convolutions = [nn.Conv2d(size, others, 1, bias=False) for size in (channels, others, others)]
    return nn.Sequential(convolutions[0], nn.ReLU(), convolutions[1], nn.ReLU(), convolutions[2])
