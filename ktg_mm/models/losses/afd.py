"""Adversarial feature distillation."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from ktg_mm.config.check_argument import check_part, check_whole
from ktg_mm.models.norm_layer import norm_layer
from ktg_mm.registry import LOSSES
from ktg_mm.structures import NodeOutput, TransferContext

from .feature_loss import FeatureLoss, pool_to_match, transfer_layer


@LOSSES.register_module()
class AFD(FeatureLoss):
    """Makes feature maps of the target that a discriminator takes for the source's (Chung et al., ICML 2020, 3.2).

    The discriminator D tells the source's maps, 1, from the target's, 0; the target learns to fool it. With
    least squares (LSGAN) a sample's value is the sum of both losses::

        (1 - D(T(F_target)))^2  +  (1 - D(F_source))^2 + D(T(F_target))^2

    The first teaches the target's network and T, not D; the others teach D alone. T, a 1 x 1 convolution to the
    source's channels, a norm and a ReLU, is there where the channels differ; of the paper's two such layers, one at
    either end, this is the target's. D is a 3 x 3 convolution of stride 2 to half the channels, a norm, a leaky ReLU of
    slope 0.2, a convolution as large as what is left of the map, and a sigmoid; the paper gives neither sizes nor
    slope. D and T are updated along with the target: in the paper by Adam at 2e-5, see SuccessiveUpdate.

    Args:
        layers: One at each end, see FeatureLoss. Defaults to ``'map'``, the last feature map.
        size: Height and width of the maps, of the smaller one where the ends differ; the larger is pooled. Defaults to
            8, as it is for CIFAR's images.
        norm_cfg: Kind of the norms, such as ``dict(type='GN', num_groups=8)``. Default: batch norm.

    Raises:
        ValueError: If an argument is wrong, or the maps are not of that size.

    Example:
        >>> loss = AFD(size=4)
        >>> loss.set_shapes([torch.Size([8, 4, 4])], [torch.Size([16, 4, 4])])
        >>> target, source = (NodeOutput(None, features=dict(map=torch.zeros(2, c, 4, 4))) for c in (8, 16))
        >>> loss(target, source, None).shape
        torch.Size([2])
    """

    learns = True
    teaches_source = False

    def __init__(
        self,
        layers: str | Sequence[str] | Mapping[str, Any] = 'map',
        size: int = 8,
        norm_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(layers)
        if len(self.layers['target']) > 1:
            raise ValueError(f'layers must be one at each end, got {layers!r}')
        self.size = check_whole('size', size)
        self.norm_cfg = check_part('norm_cfg', norm_cfg) or dict(type='BN')
        norm_layer(self.norm_cfg, 1)  # one that mmcv does not take shows here
        self.transfer: nn.Module = nn.Identity()
        self.discriminator = nn.Sequential()

    def set_shapes(self, target: list[torch.Size], source: list[torch.Size]) -> None:
        """Makes the transfer layer and the discriminator."""
        super().set_shapes(target, source)
        channels, half, left = source[0][0], max(source[0][0] // 2, 1), (self.size + 1) // 2
        self.transfer = transfer_layer(target[0][0], channels, self.norm_cfg)
        self.discriminator = nn.Sequential(
            nn.Conv2d(channels, half, 3, stride=2, padding=1, bias=False),
            norm_layer(self.norm_cfg, half),
            nn.LeakyReLU(0.2),
            nn.Conv2d(half, 1, left),
            nn.Flatten(start_dim=0),
            nn.Sigmoid(),
        )

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns both losses' sum per sample, shape (B,)."""
        ((own, real),) = self.pairs(target, source)
        fake, real = pool_to_match(self.transfer(own), real)
        if fake.shape[2:] != (self.size, self.size):
            raise ValueError(f'size must be that of the maps, {fake.shape[2]} x {fake.shape[3]}, got {self.size}')
        detached = {name: weight.detach() for name, weight in self.discriminator.named_parameters()}
        fools = (1 - functional_call(self.discriminator, detached, fake)).square()
        # An undetached source is not what the discriminator is to change either.
        tells = (1 - self.discriminator(real.detach())).square() + self.discriminator(fake.detach()).square()
        return fools + tells
