"""Distillation from a stronger teacher."""

import torch
from torch import Tensor

from ktg_mm.config import check_number
from ktg_mm.registry import LOSSES
from ktg_mm.scaled import multiplied
from ktg_mm.structures import NodeOutput, TransferContext

from .base import EdgeLoss

EPS = 1e-8


@LOSSES.register_module()
class DIST(EdgeLoss):
    """One minus the correlation of probabilities, in each sample and in each class (Huang et al., NeurIPS 2022).

    ``T^2 (inter_weight (1 - mean_b rho_b) + intra_weight (1 - mean_c rho_c))``, of probabilities at temperature T:
    rho_b is Pearson's correlation of a sample's two vectors over the classes, rho_c that of a class's two vectors over
    the batch, 1e-8 added to its denominator as in the authors' code. A class, or a sample, of which all probabilities
    are the same has no correlation: 0. What source and target have in common but for scale and shift is not learnt.

    The loss is relational: the classes' part is one number of the batch, which all samples have and a gate weighs by
    its mean weight; the samples' part is each one's own. B is the batch of one process; others' samples are not
    gathered. One sample alone has no classes' part to learn from: it is 1.

    Args:
        inter_weight: Weight of the samples' part (the paper's beta), at least 0. Defaults to 1.
        intra_weight: Weight of the classes' part (the paper's gamma), at least 0. Defaults to 1.
        temperature: T, above 0. Defaults to 1; the authors' recipe for CIFAR-100 takes 4.

    Raises:
        ValueError: If an argument is wrong.

    Example:
        >>> target = NodeOutput(torch.tensor([[0.9, 0.1], [0.2, 0.8]]).log())
        >>> source = NodeOutput(torch.tensor([[0.6, 0.4], [0.3, 0.7]]).log())
        >>> DIST()(target, source, None).abs() < 1e-5
        tensor([True, True])
    """

    relational = True
    numbers = ('inter_weight', 'intra_weight', 'temperature')

    def __init__(self, inter_weight: float = 1.0, intra_weight: float = 1.0, temperature: float = 1.0) -> None:
        super().__init__()
        self.inter_weight = check_number('inter_weight', inter_weight, '[0, inf)')
        self.intra_weight = check_number('intra_weight', intra_weight, '[0, inf)')
        self.temperature = check_number('temperature', temperature, '(0, inf)')

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns the sample's part plus the batch's, shape (B,)."""
        own, others = target.probabilities(self.temperature), source.probabilities(self.temperature)
        inter, intra = 1 - _correlation(own, others, 1), 1 - _correlation(own, others, 0).mean()
        both = multiplied(inter, self.inter_weight) + multiplied(intra, self.intra_weight)
        return multiplied(both, self.temperature**2)


def _correlation(first: Tensor, second: Tensor, dim: int) -> Tensor:
    first, second = first - first.mean(dim=dim, keepdim=True), second - second.mean(dim=dim, keepdim=True)
    lengths = torch.linalg.vector_norm(first, dim=dim) * torch.linalg.vector_norm(second, dim=dim)
    return (first * second).sum(dim=dim) / (lengths + EPS)
