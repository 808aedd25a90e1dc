"""Probabilistic knowledge transfer."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ktg_mm.registry import LOSSES
from ktg_mm.structures import NodeOutput, TransferContext

from .feature_loss import FeatureLoss

EPS = 1e-7


@LOSSES.register_module()
class PKT(FeatureLoss):
    """KL divergence of how alike the batch's samples are to one another (Passalis and Tefas, ECCV 2018).

    With the cosine similarities c of B embeddings, ``p_ij = (c_ij + 1) / sum_j (c_ij + 1)`` at either end, and the loss
    is the mean over all B^2 entries of ``p_source log(p_source / p_target)``, 1e-7 added to each probability in the
    logarithm, the diagonal included as in RepDistiller, MDistiller and torchdistill (the paper leaves it out). That is
    the rows' mean KL divergence over B: the usual weight, 30000, is for B = 64 and grows with B. Dimensions may differ,
    nothing is learnt of its own. Several layers are added up.

    The loss is relational: a sample's value is its row's mean, a gate weighs the rows, all samples stay in every row. B
    is the batch of one process; others' samples are not gathered. One sample alone gives 0.

    Args:
        layers: See FeatureLoss; a feature map is averaged over its cells. Defaults to ``'embedding'``.

    Raises:
        ValueError: If the layers are wrong.

    Example:
        >>> output = NodeOutput(torch.zeros(2, 2), features=dict(embedding=torch.eye(2)))
        >>> PKT()(output, output.detach(), None)
        tensor([0., 0.])
    """

    relational = True
    of_vectors = True

    def __init__(self, layers: str | Sequence[str] | Mapping[str, Any] = 'embedding') -> None:
        super().__init__(layers)

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns each row's share, shape (B,)."""
        shares = []
        for pair in self.pairs(target, source):
            own, others = (_probabilities(vectors) for vectors in pair)
            shares.append((others * ((others + EPS) / (own + EPS)).log()).mean(dim=1))
        return torch.stack(shares).sum(dim=0)


def _probabilities(vectors: Tensor) -> Tensor:
    unit = vectors / (torch.linalg.vector_norm(vectors, dim=1, keepdim=True) + EPS)
    alike = ((unit @ unit.T + 1) / 2).clamp(min=0)  # rounding takes opposite ones below 0, and then below -EPS
    return alike / alike.sum(dim=1, keepdim=True)
