"""Mixed precision on any device."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmengine.device import get_device
from mmengine.optim import OptimWrapper
from mmpretrain.registry import OPTIM_WRAPPERS
from torch import nn


@OPTIM_WRAPPERS.register_module()
class AutocastOptimWrapper(OptimWrapper):
    """Runs the forward pass under torch's autocast in bfloat16, which needs no loss scaling.

    mmengine's AmpOptimWrapper refuses the CPU; this one works there too. For float16 on a GPU use AmpOptimWrapper.

    Its arguments are those of mmengine's OptimWrapper.

    Example:
        >>> net = nn.Linear(2, 2)
        >>> wrapper = AutocastOptimWrapper(optimizer=torch.optim.SGD(net.parameters(), lr=0.1))
        >>> with wrapper.optim_context(net):
        ...     net(torch.ones(1, 2)).dtype
        torch.bfloat16
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """The context of a forward pass."""
        with super().optim_context(model), torch.autocast(get_device(), torch.bfloat16):
            yield
