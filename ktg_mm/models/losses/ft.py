"""Factor transfer."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from ktg_mm.config import check_number
from ktg_mm.config.check_argument import check_part
from ktg_mm.models.norm_layer import norm_layer
from ktg_mm.registry import LOSSES
from ktg_mm.structures import NodeOutput, TransferContext

from .feature_loss import FeatureLoss, pool_to_match

SLOPE = 0.1  # of the leaky ReLUs
OF_FACTORS = ('attention', 'factor')


@LOSSES.register_module()
class FT(FeatureLoss):
    """Distance of a factor of the target's feature map and one of the source's (Kim, Park and Kwak, NeurIPS 2018).

    A paraphraser, three convolutions to ``ratio`` times the source's channels and three transposed ones back, each with
    a leaky ReLU, learns to reconstruct the source's map; the source's factor is what is between. A translator, three
    convolutions with norms and leaky ReLUs, makes a factor of the same size of the target's map. A sample's value is::

        weight * distance  +  reconstruction_weight * mean of (reconstruction - F_source)^2

    With ``of='attention'``, RepDistiller's, the distance is the mean over the cells of ``|a_target - a_source|``, a
    being the mean over the channels of the squared factor, divided by its L2 norm; with ``of='factor'``, the paper's,
    the mean over channels and cells of the difference of the factors, divided by their L2 norms (the paper adds it up;
    torchdistill has the mean, with weight 1000).

    The distance teaches the target and the translator, the reconstruction the paraphraser. In the paper and both codes
    the paraphraser is trained before, alone, and then stays. Here it learns in the same run, from its beginning to its
    end, and the target learns from it after the first ``paraphrase`` of the run: one run, one config, any source, such
    as one that learns itself; the factor moves a little on. All learn by the target's optimiser; at a learning rate of
    0.1 the weight 0.1 makes steps as RepDistiller's paraphraser at 0.01. Maps of different size are pooled to the
    smaller before. A gate weighs both parts.

    Args:
        layers: One at each end, see FeatureLoss. Defaults to ``'map'``, the last feature map.
        ratio: k, the factor's channels over the source's, in (0, 1]. Defaults to 0.5.
        of: ``'attention'`` or ``'factor'``. Defaults to ``'attention'``.
        weight: Of the distance, above 0. Defaults to 200, RepDistiller's.
        reconstruction_weight: Of the reconstruction, above 0. Defaults to 0.1.
        paraphrase: Share of the run in which the paraphraser learns alone, in [0, 1). Defaults to 0.125, RepDistiller's
            30 epochs beside its 240.
        norm_cfg: Kind of the translator's norms, such as ``dict(type='GN', num_groups=8)``. Default: batch norm.

    Raises:
        ValueError: If an argument is wrong.

    Example:
        >>> loss = FT()
        >>> loss.set_shapes([torch.Size([4, 5, 5])], [torch.Size([8, 5, 5])])
        >>> target, source = (NodeOutput(None, features=dict(map=torch.rand(2, c, 5, 5))) for c in (4, 8))
        >>> loss(target, source, TransferContext(None, 0.5)).shape
        torch.Size([2])
    """

    learns = True
    teaches_source = False

    def __init__(
        self,
        layers: str | Sequence[str] | Mapping[str, Any] = 'map',
        ratio: float = 0.5,
        of: str = 'attention',
        weight: float = 200.0,
        reconstruction_weight: float = 0.1,
        paraphrase: float = 0.125,
        norm_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(layers)
        if len(self.layers['target']) > 1:
            raise ValueError(f'layers must be one at each end, got {layers!r}')
        self.ratio = check_number('ratio', ratio, '(0, 1]')
        if of not in OF_FACTORS:
            raise ValueError(f"of must be 'attention' or 'factor', got {of!r}")
        self.of = of
        self.weight = check_number('weight', weight, '(0, inf)')
        self.reconstruction_weight = check_number('reconstruction_weight', reconstruction_weight, '(0, inf)')
        self.paraphrase = check_number('paraphrase', paraphrase, '[0, 1)')
        self.norm_cfg = check_part('norm_cfg', norm_cfg) or dict(type='BN')
        norm_layer(self.norm_cfg, 1)  # one that mmcv does not take shows here
        self.encoder, self.decoder, self.translator = nn.Sequential(), nn.Sequential(), nn.Sequential()

    def set_shapes(self, target: list[torch.Size], source: list[torch.Size]) -> None:
        """Makes paraphraser and translator."""
        super().set_shapes(target, source)
        channels = source[0][0]
        factors = max(int(channels * self.ratio), 1)
        self.encoder = _paraphraser(nn.Conv2d, channels, channels, factors, factors)
        self.decoder = _paraphraser(nn.ConvTranspose2d, factors, factors, channels, channels)
        self.translator = translator(target[0][0], factors, self.norm_cfg)

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns distance and reconstruction per sample, shape (B,)."""
        ((own, others),) = self.pairs(target, source)
        own, others = pool_to_match(own, others.detach())
        factor = self.encoder(others)
        reconstruction = (self.decoder(factor) - others).square().mean(dim=(1, 2, 3))
        ends = (self._compared(one) for one in (self.translator(own), factor.detach()))
        distance = torch.sub(*ends).abs().mean(dim=1)
        distance = torch.where(context.progress > self.paraphrase, distance, 0.0)
        return self.weight * distance + self.reconstruction_weight * reconstruction

    def _compared(self, factor: Tensor) -> Tensor:
        compared = factor.square().mean(dim=1) if self.of == 'attention' else factor
        return normalize(compared.flatten(1))


def translator(channels: int, others: int, norm_cfg: Mapping[str, Any]) -> nn.Sequential:
    """Three 3 x 3 convolutions with norms and leaky ReLUs of slope 0.1: C -> C -> others -> others channels.

    Args:
        channels: C, of the map that it is given.
        others: Channels that it makes.
        norm_cfg: Of the norms, as :func:`ktg_mm.models.norm_layer.norm_layer` takes it.

    Example:
        >>> translator(4, 8, dict(type='BN'))(torch.rand(2, 4, 5, 5)).shape
        torch.Size([2, 8, 5, 5])
    """
    steps: list[nn.Module] = []
    for before, after in ((channels, channels), (channels, others), (others, others)):
        steps += [nn.Conv2d(before, after, 3, padding=1), norm_layer(norm_cfg, after), nn.LeakyReLU(SLOPE)]
    return nn.Sequential(*steps)


def _paraphraser(kind: type[nn.Conv2d | nn.ConvTranspose2d], *channels: int) -> nn.Sequential:
    steps: list[nn.Module] = []
    for before, after in itertools.pairwise(channels):
        steps += [kind(before, after, 3, padding=1), nn.LeakyReLU(SLOPE)]
    return nn.Sequential(*steps)
