"""Kullback-Leibler divergence between two nodes."""

import math

from torch import Tensor

from ktg_mm.registry import LOSSES
from ktg_mm.structures import NodeOutput, TransferContext

from .base import EdgeLoss


@LOSSES.register_module()
class KLDivergence(EdgeLoss):
    """T^2 KL(p_source || p_target), both softmaxes at temperature T (Hinton et al., 2015; Minami et al., 2020).

    Args:
        temperature: T, above 0. Defaults to 1.

    Raises:
        ValueError: If the temperature is not above 0.

    Example:
        >>> import torch
        >>> from ktg_mm.structures import NodeOutput
        >>> same = NodeOutput(torch.zeros(1, 2))
        >>> KLDivergence(temperature=2.0)(same, same.detach(), None)
        tensor([0.])
    """

    def __init__(self, temperature: float = 1.0) -> None:
        super().__init__()
        if not isinstance(temperature, (int, float)) or not 0 < temperature < math.inf:
            raise ValueError(f'temperature must be above 0, got {temperature!r}')
        self.temperature = temperature

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns the divergence per sample, shape (B,)."""
        log_ratio = source.log_probabilities(self.temperature) - target.log_probabilities(self.temperature)
        return (source.probabilities(self.temperature) * log_ratio).sum(dim=1) * self.temperature**2
