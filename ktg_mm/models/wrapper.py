"""Distributed wrapper of the graph."""

from typing import Any

from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from mmengine.registry import MODEL_WRAPPERS
from torch import Tensor, nn


@MODEL_WRAPPERS.register_module()
class GraphDistributedDataParallel(MMDistributedDataParallel):
    """mmengine's distributed wrapper, which leaves the training step to the graph's update.

    Every process ends a step with the same weights. Batch-norm statistics are each process's own during an epoch and
    are averaged at its end by mmengine's SyncBuffersHook.

    Args:
        module: The graph.
        device_ids: As torch's; mmengine's Runner gives the number of a GPU even where there is none.
        **kwargs: As mmengine's.
    """

    def __init__(self, module: nn.Module, device_ids: list[int] | None = None, **kwargs: Any) -> None:
        on_cpu = all(parameter.device.type == 'cpu' for parameter in module.parameters())
        # A node that learns attention alone leaves its head without gradients, which torch must be told to expect.
        kwargs.setdefault('find_unused_parameters', not module.reaches_all_parameters)
        super().__init__(module=module, device_ids=None if on_cpu else device_ids, **kwargs)

    def train_step(self, data: dict, optim_wrapper: OptimWrapper) -> dict[str, Tensor | float]:
        """Trains on this process's part of the batch."""
        return self.module.wrapped_train_step(self, data, optim_wrapper)
