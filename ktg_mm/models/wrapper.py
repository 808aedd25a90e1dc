"""Distributed wrapper of the graph."""

from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from mmengine.registry import MODEL_WRAPPERS
from torch import Tensor


@MODEL_WRAPPERS.register_module()
class GraphDistributedDataParallel(MMDistributedDataParallel):
    """mmengine's distributed wrapper, which leaves the training step to the graph's update.

    Every process ends a step with the same weights. Batch-norm statistics are each process's own during an epoch and
    are averaged at its end by mmengine's SyncBuffersHook.
    """

    def train_step(self, data: dict, optim_wrapper: OptimWrapper) -> dict[str, Tensor | float]:  # type: ignore[override]
        """Trains on this process's part of the batch."""
        return self.module.wrapped_train_step(self, data, optim_wrapper)
