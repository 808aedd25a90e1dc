"""Kullback-Leibler divergence between two nodes."""

from torch import Tensor

from ktg_mm.config import check_number
from ktg_mm.config.check_argument import check_flag
from ktg_mm.registry import LOSSES
from ktg_mm.scaled import multiplied
from ktg_mm.structures import NodeOutput, TransferContext

from .base import EdgeLoss
from .logit_standardization import standardized


@LOSSES.register_module()
class KLDivergence(EdgeLoss):
    """T^2 KL(p_source || p_target), both softmaxes at temperature T (Hinton et al., 2015; Minami et al., 2020).

    At T = 1 it has the gradient of the cross-entropy with the source's output, which is the loss of born-again networks
    (Furlanello et al., ICML 2018, eq. 3): the two differ by the source's entropy.

    Args:
        temperature: T, above 0. Defaults to 1.
        sharpening: Factor of the source's temperature alone, above 0; below 1 it makes the source surer, as in UDA (Xie
            et al., NeurIPS 2020), which takes 0.4. Defaults to 1.
        standardize: Whether both ends' logits are standardised before (Sun et al., CVPR 2024, which takes T = 2 and
            weight 9). Defaults to False.

    Raises:
        ValueError: If a number is not above 0, or ``standardize`` neither True nor False.

    Example:
        >>> import torch
        >>> from ktg_mm.structures import NodeOutput
        >>> same = NodeOutput(torch.zeros(1, 2))
        >>> KLDivergence(temperature=2.0)(same, same.detach(), None)
        tensor([0.])
    """

    numbers = ('temperature', 'sharpening')

    def __init__(self, temperature: float = 1.0, sharpening: float = 1.0, standardize: bool = False) -> None:
        super().__init__()
        self.temperature = check_number('temperature', temperature, '(0, inf)')
        self.sharpening = check_number('sharpening', sharpening, '(0, inf)')
        self.standardize = check_flag('standardize', standardize)

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns the divergence per sample, shape (B,)."""
        if self.standardize:
            target, source = standardized(target), standardized(source)
        source_temperature = self.temperature * self.sharpening
        log_ratio = source.log_probabilities(source_temperature) - target.log_probabilities(self.temperature)
        divergence = (source.probabilities(source_temperature) * log_ratio).sum(dim=1)
        return multiplied(divergence, self.temperature**2)
