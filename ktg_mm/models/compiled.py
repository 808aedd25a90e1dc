"""Networks that torch compiles for a graph's training steps."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ktg_mm.mmengine_private import prepare_to_compile

if TYPE_CHECKING:
    from .nodes import NetworkNode


class CompiledNetworks:
    """Which nodes run a compiled network in a training step; predictions stay as they are, bit by bit.

    Compiled are steps of the first batch's size alone: another size, such as that of an epoch's last batch, would be
    compiled anew, which takes longer than it saves.

    Args:
        nodes: The nodes.

    Example:
        >>> compiled = CompiledNetworks([])
        >>> with compiled.in_step(64):
        ...     compiled.size
        64
    """

    def __init__(self, nodes: Sequence[NetworkNode]) -> None:
        self.nodes = nodes
        self.size: int | None = None

    @contextmanager
    def in_step(self, size: int) -> Iterator[None]:
        """The forward pass of a training step.

        Args:
            size: The batch's.
        """
        self.size = self.size or size
        for node in self.nodes:
            node.is_compiled = size == self.size
        try:
            yield
        finally:
            for node in self.nodes:
                node.is_compiled = False


def run_network(network: nn.Module, inputs: Tensor) -> Tensor:
    """A network's logits.

    Args:
        network: A classifier of mmpretrain.
        inputs: What it takes.
    """
    return network(inputs, mode='tensor')


@functools.cache
def compiled_run() -> Callable[[nn.Module, Tensor], Tensor]:
    """:func:`run_network`, compiled for each architecture and shape of the inputs.

    The network is an argument of it, so networks of one architecture are compiled once, and none is wrapped: its
    weights keep their names.
    """
    prepare_to_compile()
    return torch.compile(run_network, dynamic=False)
