"""Minus a loss."""

from typing import Any

from torch import Tensor

from ktg_mm.config import check_number
from ktg_mm.registry import LOSSES

from .of_loss import OfLoss


@LOSSES.register_module()
class Negated(OfLoss):
    """Minus another loss: what attracts repels, and the other way round (thesis, tables 4.4 and 4.5).

    There they are ``-KL``, ``-MSE`` and ``-cos``. A KL divergence has no upper bound, so that minimising minus it never
    ends (the thesis's worst ensemble by far). A sample whose value is above ``bound`` counts with the bound and teaches
    nothing more; the bound is ours.

    Args:
        loss: Config of the other one, see OfLoss.
        bound: Above 0. Defaults to 10.

    Raises:
        ConfigError: If the loss is wrong.
        ValueError: If the bound is not above 0.

    Example:
        >>> import torch
        >>> from ktg_mm.structures import NodeOutput
        >>> target, source = (NodeOutput(torch.tensor([[0.0, z], [0.0, 0.0]])) for z in (50.0, 0.0))
        >>> Negated(dict(type='KLDivergence'))(target, source, None)
        tensor([-10.,  -0.])
    """

    sign = '−'  # noqa: RUF001, as wide as a plus

    def __init__(self, loss: dict[str, Any], bound: float = 10.0) -> None:
        super().__init__(loss)
        self.bound = check_number('bound', bound, '(0, inf)')

    def function(self, value: Tensor) -> Tensor:
        """Returns minus the values, at least minus the bound, shape (B,)."""
        return -value.clamp(max=self.bound)
