"""One over a loss."""

from typing import Any

from torch import Tensor

from ktg_mm.config import check_number
from ktg_mm.registry import LOSSES
from ktg_mm.scaled import multiplied

from .of_loss import OfLoss


@LOSSES.register_module()
class Reciprocal(OfLoss):
    """``weight / (loss + eps)``: what attracts repels, and the other way round (thesis, tables 4.4 and 4.5).

    There they are ``1 / KL``, ``1 / MSE`` and ``1 / cos``, with a weight of 10e-4 for the cosine of probabilities, of
    10e-1 and 10e-7 for the cosine and the squared distance of attention maps. The less there is of the loss, the
    stronger it is: eps, which is ours, bounds the value by ``weight / eps``. Values below 0 count as 0.

    Args:
        loss: Config of the other one, see OfLoss.
        eps: Above 0. Defaults to 1e-4; a KL divergence wants more, such as 0.1, as networks that have learnt nothing
            yet say nearly the same and would learn nothing but to differ.
        weight: Of this loss beside others of its edge, above 0. Defaults to 1.

    Raises:
        ConfigError: If the loss is wrong.
        ValueError: If a number is not above 0.

    Example:
        >>> import torch
        >>> from ktg_mm.structures import NodeOutput
        >>> same = NodeOutput(torch.zeros(1, 2))
        >>> Reciprocal(dict(type='KLDivergence'), eps=0.01)(same, same.detach(), None)
        tensor([100.])
    """

    numbers = ('eps', 'weight')
    sign = '1/'

    def __init__(self, loss: dict[str, Any], eps: float = 1e-4, weight: float = 1.0) -> None:
        super().__init__(loss)
        self.eps = check_number('eps', eps, '(0, inf)')
        self.weight = check_number('weight', weight, '(0, inf)')

    def function(self, value: Tensor) -> Tensor:
        """Returns the reciprocals, shape (B,)."""
        return multiplied((value.clamp(min=0) + self.eps).reciprocal(), self.weight)
