"""What losses that are functions of another one share."""

from typing import Any

from torch import Tensor

from ktg_mm.config.check_argument import split_argument
from ktg_mm.config.type_check import check_type
from ktg_mm.errors import ConfigError
from ktg_mm.registry import LOSSES
from ktg_mm.structures import NodeOutput, TransferContext

from .base import EdgeLoss


class OfLoss(EdgeLoss):
    """A function of another loss, sample by sample: of what it needs and whom it teaches, that one decides.

    Args:
        loss: Config of the other one, which neither learns nor remembers anything and is no function of a third.

    Raises:
        ConfigError: If it is no such loss, or does not take its arguments.

    Attributes:
        sign: What a picture of the graph writes before the other one's name.
    """

    inner_argument = 'loss'
    sign = ''

    def __init__(self, loss: dict[str, Any]) -> None:
        super().__init__()
        found = check_type(loss, LOSSES, 'loss', 'loss')
        if not issubclass(found, EdgeLoss) or issubclass(found, OfLoss) or found.learns or found.adaptive:
            text = 'must be a loss that neither learns nor remembers anything and is no function of another one'
            raise ConfigError('loss', f'{text}, got {loss["type"]!r}')
        try:
            self.loss: EdgeLoss = LOSSES.build(dict(loss))
        except ConfigError:
            raise
        except ValueError as error:
            name, problem = split_argument(str(error))
            raise ConfigError(f'loss{name and "."}{name}', problem) from error
        for name in ('trains_head', 'trains_attention_branch', 'relational', 'of_target', 'draws', 'teaches_source'):
            setattr(self, name, getattr(self.loss, name))

    @property
    def inner(self) -> EdgeLoss:
        """The other loss."""
        return self.loss

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns the function of the other one's values, shape (B,)."""
        return self.function(self.loss(target, source, context))

    def function(self, value: Tensor) -> Tensor:
        """The function of the other one's values, both of shape (B,)."""
        raise NotImplementedError
