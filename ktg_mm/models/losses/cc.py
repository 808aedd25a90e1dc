"""Correlation congruence."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize, pad

from ktg_mm.config import check_number
from ktg_mm.config.check_argument import check_flag, check_whole
from ktg_mm.registry import LOSSES
from ktg_mm.structures import NodeOutput, TransferContext

from .feature_loss import FeatureLoss


@LOSSES.register_module()
class CC(FeatureLoss):
    """How samples of the batch correlate (Peng et al., ICCV 2019), in one of two public forms.

    RepDistiller's, with 0.02 its weight and not the paper's formula: the vectors of both ends go through a linear layer
    each, which both learn; ``delta_i`` being the absolute difference of sample i's two, the loss is the mean over the
    B - 1 pairs of neighbours of ``delta_i . delta_(i+1)``. A sample's value is half of its pairs', times B / (B - 1).

    With ``kernel``, the paper's: the mean over all B^2 pairs of the squared difference of the ends' correlations, the
    Taylor series of a Gaussian kernel, ``exp(-2 gamma) sum_p (2 gamma)^p / p! (e_i . e_j)^p`` for p up to ``order``.
    The e are the vectors divided by their lengths, so that dimensions may differ and nothing is learnt. Gamma and order
    are torchdistill's, whose form has embeddings and an unsquared norm at a weight of 0.003; the paper's weight is not
    known. A sample's value is its row's mean.

    The loss is relational: a gate weighs the samples' shares, all samples stay in them. The batch is that of one
    process; others' samples are not gathered. One sample alone has no neighbour: 0. Several layers are added up.

    Args:
        layers: See FeatureLoss; a feature map is averaged over its cells. Defaults to ``'embedding'``.
        kernel: Whether to take the paper's form. Defaults to False.
        embed_dims: Dimensions of the embeddings, without the kernel. Defaults to 128.
        gamma: Of the kernel, above 0. Defaults to 0.4.
        order: Of the kernel's series, at least 1. Defaults to 2.

    Raises:
        ValueError: If an argument is wrong.

    Example:
        >>> loss = CC()
        >>> loss.set_shapes([torch.Size([3])], [torch.Size([5])])
        >>> target, source = (NodeOutput(None, features=dict(embedding=torch.rand(4, d))) for d in (3, 5))
        >>> loss(target, source, None).shape
        torch.Size([4])
        >>> CC(kernel=True)(source, source, None)
        tensor([0., 0., 0., 0.])
    """

    relational = True
    learns = True
    of_vectors = True

    def __init__(
        self,
        layers: str | Sequence[str] | Mapping[str, Any] = 'embedding',
        kernel: bool = False,
        embed_dims: int = 128,
        gamma: float = 0.4,
        order: int = 2,
    ) -> None:
        super().__init__(layers)
        self.kernel = check_flag('kernel', kernel)
        self.embed_dims = check_whole('embed_dims', embed_dims)
        self.gamma = check_number('gamma', gamma, '(0, inf)')
        self.order = check_whole('order', order)
        self.embeds = nn.ModuleList()

    def set_shapes(self, target: list[torch.Size], source: list[torch.Size]) -> None:
        """Makes the linear layers of both ends, if there are any."""
        super().set_shapes(target, source)
        if not self.kernel:
            self.embeds = nn.ModuleList(
                nn.ModuleDict(
                    {end: nn.Linear(shape[0], self.embed_dims) for end, shape in zip(ENDS, pair, strict=True)}
                )
                for pair in zip(target, source, strict=True)
            )

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns each sample's share, shape (B,)."""
        pairs = self.pairs(target, source)
        if self.kernel:
            shares = [
                (self._correlations(own) - self._correlations(others)).square().mean(dim=1) for own, others in pairs
            ]
        else:
            embeds = cast(Iterable[nn.ModuleDict], self.embeds)
            shares = [
                _neighbours((embed['target'](own) - embed['source'](others)).abs())
                for (own, others), embed in zip(pairs, embeds, strict=True)
            ]
        return torch.stack(shares).sum(dim=0)

    def _correlations(self, vectors: Tensor) -> Tensor:
        unit = normalize(vectors)
        product = 2 * self.gamma * (unit @ unit.T)
        # Horner's scheme: 1 + x (1 + x / 2 (1 + x / 3 ...)).
        series = torch.ones_like(product)
        for power in range(self.order, 0, -1):
            series = 1 + product / power * series
        return math.exp(-2 * self.gamma) * series


ENDS = 'target', 'source'


def _neighbours(delta: Tensor) -> Tensor:
    """Each sample's half of its pairs with the one before and the one after it, times B / (B - 1)."""
    products = (delta[1:] * delta[:-1]).sum(dim=1)
    size = len(delta)
    return (pad(products, (1, 0)) + pad(products, (0, 1))) * (size / (2 * max(size - 1, 1)))
