"""What all updates share."""

from collections.abc import Sequence

import torch
from mmengine.optim import OptimWrapper
from torch import Tensor, nn

from ktg_mm.structures import EdgeValue


class Update:
    """How a training step ends: from a batch to changed parameters.

    Attributes:
        report: What it tells the log about the last step besides the edges' values: scalars by name.
        takes_apart: True if it asks for gradients of some edges without those of others.
    """

    takes_apart = False

    def __init__(self) -> None:
        self.report: dict[str, Tensor] = {}

    def set_edges(self, keys: Sequence[str]) -> None:
        """Tells the update the keys of the edges that teach somebody, once, before the first step.

        Raises:
            ConfigError: If it cannot work with them.
        """

    def __call__(
        self, model: nn.Module, graph: nn.Module, batch: dict, optim_wrapper: OptimWrapper
    ) -> dict[str, EdgeValue]:
        """Trains on a batch.

        Args:
            model: What to call for the edges' values so that gradients are averaged over the processes: the graph, or
                its wrapper for distributed training.
            graph: The graph itself.
            batch: Keyword arguments of its forward: ``inputs`` and ``samples``.
            optim_wrapper: Of the trained nodes' parameters.

        Returns:
            Each edge's value, for the log.
        """
        raise NotImplementedError


def total_loss(values: dict[str, EdgeValue]) -> Tensor:
    """The sum of the edges' losses, a scalar."""
    return torch.stack([value.loss for value in values.values()]).sum()
