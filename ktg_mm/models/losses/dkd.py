"""Decoupled knowledge distillation."""

import torch
from torch import Tensor

from ktg_mm.config import check_number
from ktg_mm.config.check_argument import check_flag
from ktg_mm.models.needs import Labels
from ktg_mm.registry import LOSSES
from ktg_mm.scaled import multiplied
from ktg_mm.structures import NodeOutput, TransferContext

from .base import EdgeLoss
from .logit_standardization import standardized


@LOSSES.register_module()
class DKD(EdgeLoss):
    """KL divergence in two parts with weights of their own: of the true class, of the others (Zhao et al., CVPR 2022).

    ``T^2 (alpha KL(b_source || b_target) + beta KL(q_source || q_target))``: b is how probable the true class is, and
    that it is another one; q are the probabilities of the others over their sum, all at temperature T. Hinton's is
    ``alpha = 1`` and beta the probability, by the source, of the others. MDistiller's loss and defaults; it warms up
    over 20 epochs, which is the edge's gate: a linear RampUpGate.

    Args:
        alpha: Weight of the true class, at least 0. Defaults to 1.
        beta: Weight of the others, at least 0. Defaults to 8.
        temperature: T, above 0. Defaults to 4.
        standardize: Whether both ends' logits are standardised before (Sun et al., CVPR 2024, which takes T = 2 and
            nine times the weights). Defaults to False.

    Raises:
        ValueError: If an argument is wrong.

    Example:
        >>> target, source = (NodeOutput(torch.tensor([[2.0, a, 0.0]])) for a in (0.0, 1.0))
        >>> DKD(alpha=0.0, beta=1.0, temperature=1.0)(target, source, TransferContext(torch.tensor([0])))
        tensor([0.1109])
    """

    needs = (Labels(),)
    numbers = ('alpha', 'beta', 'temperature')

    def __init__(
        self, alpha: float = 1.0, beta: float = 8.0, temperature: float = 4.0, standardize: bool = False
    ) -> None:
        super().__init__()
        self.alpha = check_number('alpha', alpha, '[0, inf)')
        self.beta = check_number('beta', beta, '[0, inf)')
        self.temperature = check_number('temperature', temperature, '(0, inf)')
        self.standardize = check_flag('standardize', standardize)

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns the weighed sum of the divergences per sample, shape (B,)."""
        assert context.labels is not None
        if self.standardize:
            target, source = standardized(target), standardized(source)
        own, others = target.log_probabilities(self.temperature), source.log_probabilities(self.temperature)
        is_label = torch.arange(own.shape[1], device=own.device) == context.labels.unsqueeze(1)
        (own_both, own_rest), (others_both, others_rest) = (_decoupled(logs, is_label) for logs in (own, others))
        of_label = (others_both.exp() * (others_both - own_both)).sum(dim=1)
        ratio = (others_rest - own_rest).masked_fill(is_label, 0.0)
        of_rest = (others_rest.exp().masked_fill(is_label, 0.0) * ratio).sum(dim=1)
        return multiplied(multiplied(of_label, self.alpha) + multiplied(of_rest, self.beta), self.temperature**2)


def _decoupled(logs: Tensor, is_label: Tensor) -> tuple[Tensor, Tensor]:
    """Of log p: log b, shape (B, 2), and log q, shape (B, C), of which the true class is to be left out."""
    of_label = logs.masked_fill(~is_label, 0.0).sum(dim=1)
    of_rest = logs.masked_fill(is_label, -torch.inf).logsumexp(dim=1)  # not log(1 - p), which has no digits near p = 1
    return torch.stack([of_label, of_rest], dim=1), logs - of_rest.unsqueeze(1)
