"""Networks of one architecture that run as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from ktg_mm.models.nodes.probe import evaluated

from .stacked_functions import StackedFunctions


class NetworkStack:
    """Networks whose weights are stacked, and which run as one on the same images.

    Convolutions become grouped ones. Batch norm's statistics are stacked like the weights, so each network has its own.

    Args:
        networks: Alike in all but their weights, see :mod:`ktg_mm.models.stack.likeness`. They keep the values that
            they have until :meth:`copy_back`.

    Attributes:
        networks: As given.
        parameters: The stacked parameters, shapes (M, ...), by name, leaves of autograd.

    Example:
        >>> stack = NetworkStack([nn.Linear(3, 2) for _ in range(4)])
        >>> stack(torch.zeros(5, 3)).shape
        torch.Size([4, 5, 2])
    """

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        self.networks = list(networks)
        self.parameters: dict[str, Tensor]
        self.parameters, self._buffers = stack_module_state(self.networks)

    def __call__(self, images: Tensor, **arguments: Any) -> Tensor:
        """What all M networks say of the same images.

        Args:
            images: Of shape (B, channels, height, width).
            **arguments: For the networks, the same for all.

        Returns:
            Logits of shape (M, B, C).
        """

        def run(parameters: dict[str, Tensor], buffers: dict[str, Tensor]) -> Tensor:
            return functional_call(self.networks[0], (parameters, buffers), (images,), arguments)

        with StackedFunctions():
            return vmap(run)(self.parameters, self._buffers)

    def evaluate(self, images: Tensor, **arguments: Any) -> Tensor:
        """The same in eval mode, without gradients."""
        with evaluated(self.networks[0]):
            return self(images, **arguments)

    @torch.no_grad()
    def copy_back(self, row: int) -> None:
        """Gives a network the weights and statistics that it has in the stack.

        Args:
            row: Its place in the stack.
        """
        stacked = self.parameters | self._buffers
        for name, value in (*self.networks[row].named_parameters(), *self.networks[row].named_buffers()):
            value.copy_(stacked[name][row])
