"""Distillation of singular vectors."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import normalize

from ktg_mm.config.check_argument import check_whole
from ktg_mm.registry import LOSSES
from ktg_mm.structures import NodeOutput, TransferContext

from .feature_loss import FeatureLoss, pool_to_match

DOUBLINGS = 24  # a vector is what 2^24 products with the matrix leave
CAP = 10  # its gradient has 2^10 terms of a geometric series
MORE = 3  # vectors of the target than of the source, to choose from
EPS = 1e-12  # squares of singular values below this share of the largest one's are 0


@LOSSES.register_module()
class SVD(FeatureLoss):
    """How the leading singular vectors of a feature map go with those of the next (Lee, Kim and Song, ECCV 2018).

    A sample's map is a matrix of which V are the ``num_vectors`` leading right singular vectors, at the target as many
    and three more, of which each of the source's takes the one of largest absolute cosine, with its sign. Both ends'
    are multiplied by the source's singular values (over their L2 norm: 1 if there is one). With ``R = exp(-(V_i[a] -
    V_(i-1)[b])^2 / 8)`` for all entries a and b of a vector of a map and of the one of the map before in the list, a
    sample's value is the sum of ``(R_target - R_source)^2``, added up over the pairs of maps. The usual weight is
    MDistiller's 1. Nothing is learnt of its own.

    MDistiller's matrices are C H x W: pixel columns are compared, channels may differ, and the larger map is pooled to
    the smaller. RepDistiller's are H W x C: channels are compared, and must be as many at both ends.

    All is computed in float64 without a decomposition of the library's, which a GPU would wait for. An SVD leaves signs
    open: here a source's vector is positive where it is largest. The gradient of a vector grows without bound as two
    singular values come near (the authors cap it); here the terms ``1 / (s_i^2 - s_j^2)`` of it are ``(1 + r + ... +
    r^1023) / s_i^2`` with ``r = s_j^2 / s_i^2``: the same to seven digits where squares are 1.6 % apart, and at most
    1024 times ``1 / s_i^2`` where they are not. Vectors of singular values below 1e-6 of the largest have no gradient.

    Args:
        layers: Two at least at each end, from shallow to deep, see FeatureLoss. Defaults to ``['backbone.layer1',
            'backbone.layer2', 'backbone.layer3']``.
        num_vectors: Of the source, at least 1. Defaults to 1.
        columns: Of the matrices: ``'width'`` as in MDistiller, or ``'channels'`` as in RepDistiller. Defaults to
            ``'width'``.

    Raises:
        ValueError: If an argument is wrong, or channels differ that are compared.

    Example:
        >>> loss = SVD(['early', 'map'])
        >>> target, source = (NodeOutput(None, features=dict(early=torch.rand(2, c, 8, 8), map=torch.rand(2, c, 4, 4)))
        ...                   for c in (3, 5))
        >>> loss(target, source, None).shape
        torch.Size([2])
    """

    min_layers = 2
    teaches_source = False

    def __init__(
        self,
        layers: str | Sequence[str] | Mapping[str, Any] = ('backbone.layer1', 'backbone.layer2', 'backbone.layer3'),
        num_vectors: int = 1,
        columns: str = 'width',
    ) -> None:
        super().__init__(layers)
        self.num_vectors = check_whole('num_vectors', num_vectors)
        if columns not in ('width', 'channels'):
            raise ValueError(f"columns must be 'width' or 'channels', got {columns!r}")
        self.columns = columns

    def set_shapes(self, target: list[torch.Size], source: list[torch.Size]) -> None:
        """Looks whether the ends have as many channels, where these are compared."""
        super().set_shapes(target, source)
        if self.columns == 'channels':
            self.check_channels(target, source)

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns the distance per sample, shape (B,)."""
        pairs = self.pairs(target, source)
        vectors = [self._aligned(own, others.detach()) for own, others in pairs]
        values = []
        for before, after in pairwise(vectors):
            own, others = (_relations(*both) for both in zip(before, after, strict=True))
            values.append((own - others).square().sum(dim=(1, 2, 3)))
        return torch.stack(values).sum(dim=0).to(pairs[0][0].dtype)

    def _aligned(self, own: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
        """The target's vectors that are nearest to the source's, and these, shapes (B, D, k)."""
        if self.columns == 'width':
            own, others = (feature.flatten(1, 2) for feature in pool_to_match(own, others))
        else:
            own, others = (feature.flatten(2).transpose(1, 2) for feature in (own, others))
        theirs, squares = right_vectors(others, self.num_vectors)
        vectors, _ = right_vectors(own, self.num_vectors + MORE)
        cosine = vectors.detach().transpose(1, 2) @ theirs
        nearest = cosine.abs().argmax(dim=1, keepdim=True)
        sign = cosine.gather(1, nearest).sign()
        aligned = vectors.gather(2, nearest.expand(-1, vectors.shape[1], -1)) * sign
        scale = normalize(squares.clamp(min=0).sqrt()).unsqueeze(1)
        return aligned * scale, theirs * scale


def _relations(before: Tensor, after: Tensor) -> Tensor:
    """How each entry of a vector goes with each one of the other map's, shape (B, D, D of the map before, k)."""
    return (-(after.unsqueeze(2) - before.unsqueeze(1)).square() / 8).exp()


def right_vectors(matrices: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The leading right singular vectors of matrices, and the squares of their singular values.

    Args:
        matrices: Shape (B, N, D).
        count: How many; no more than N or D.

    Returns:
        Vectors in float64, shape (B, D, count), positive where they are largest, 0 of a matrix that is 0; squares,
        shape (B, count), without a gradient.

    Example:
        >>> right_vectors(torch.tensor([[[3.0, 0.0], [0.0, -4.0]]]), 1)
        (tensor([[[0.],
                 [1.]]], dtype=torch.float64), tensor([[16.]], dtype=torch.float64))
    """
    matrices = matrices.double()
    gram = matrices.transpose(1, 2) @ matrices
    vectors, squares, slopes = _decompose(gram.detach(), min(count, *matrices.shape[1:]))
    change = (gram - gram.detach()) @ vectors  # 0, but it has the gradient
    return vectors + (slopes @ change.transpose(1, 2).unsqueeze(3)).squeeze(3).transpose(1, 2), squares


@torch.no_grad()
def _decompose(gram: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Leading eigenvectors v, eigenvalues, and slopes: matrices that make a change of ``gram @ v`` into one of v.

    Returns:
        Shapes (B, D, count), (B, count), (B, count, D, D).
    """
    identity = torch.eye(gram.shape[1], dtype=gram.dtype, device=gram.device)
    found, aways = [], [identity.expand_as(gram)]  # vectors, and what takes out those found so far
    for _ in range(count):
        power = aways[-1] @ gram @ aways[-1]
        for i in range(DOUBLINGS):
            if i % 4 == 0:  # else it would vanish
                power = power / power.norm(dim=(1, 2), keepdim=True).clamp(min=1e-150)
            power = power @ power
        largest = power.diagonal(dim1=1, dim2=2).argmax(dim=1)
        vector = power.gather(2, largest[:, None, None].expand(-1, gram.shape[1], 1))
        for _ in range(2):  # what is left may be as small as what rounding puts along the others
            vector = aways[-1] @ vector
            vector = vector / vector.norm(dim=1, keepdim=True).clamp(min=1e-300)
        found.append(vector)
        aways.append(aways[-1] - vector @ vector.transpose(1, 2))
    vectors, away = torch.cat(found, dim=2), torch.stack(aways[1:], dim=1)
    squares = (vectors * (gram @ vectors)).sum(dim=1)
    shares = torch.where(squares > EPS * squares[:, :1], 1 / squares, 0)
    scale = shares[:, :, None, None]
    slopes = scale * away @ _series(away @ gram.unsqueeze(1) @ away * scale, identity)  # along those that are smaller
    ratios = (squares.unsqueeze(2) * shares.unsqueeze(1)).tril(-1)  # with those that are larger, opposite to theirs
    weights = _series(ratios[..., None, None], torch.ones_like(scale[:1, :1]))[..., 0, 0] * shares.unsqueeze(1)
    weights = (weights * (shares > 0).unsqueeze(2)).tril(-1).unsqueeze(2)
    return vectors, squares, slopes - (vectors.unsqueeze(1) * weights) @ vectors.transpose(1, 2).unsqueeze(1)


def _series(matrix: Tensor, identity: Tensor) -> Tensor:
    """The sum of the first 2^CAP powers, from the 0th."""
    total = identity
    for _ in range(CAP):
        total = total + matrix @ total
        matrix = matrix @ matrix
    return total
