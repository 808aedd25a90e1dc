"""Several optimisers, one for each phase of an update."""

from collections.abc import Iterator
from contextlib import contextmanager

from mmengine.optim import OptimWrapper, OptimWrapperDict
from torch import nn


class PhaseOptimWrapper(OptimWrapperDict):
    """mmengine's OptimWrapperDict for phases that share a forward pass: all make their steps after the same batches.

    Args:
        **wrappers: The wrapper of each phase, all of one kind and with one ``accumulative_counts``.

    Example:
        >>> import torch
        >>> net = nn.Linear(2, 2)
        >>> wrapper = PhaseOptimWrapper(
        ...     logits=OptimWrapper(torch.optim.SGD(net.parameters(), lr=0.1)),
        ...     features=OptimWrapper(torch.optim.Adam(net.parameters(), lr=0.01)))
        >>> wrapper.get_lr()
        {'logits.lr': [0.1], 'features.lr': [0.01]}
    """

    @property
    def _first(self) -> OptimWrapper:
        return next(self.values())

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """The context of the one forward pass."""
        with self._first.optim_context(model):
            yield

    def initialize_count_status(self, model: nn.Module, init_counts: int, max_counts: int) -> None:
        """Tells all phases how many batches are done and how many there are."""
        for wrapper in self.values():
            wrapper.initialize_count_status(model, init_counts, max_counts)

    def should_update(self) -> bool:
        """Whether the steps follow on this batch."""
        return self._first.should_update()
