"""Simultaneous update."""

from mmengine.optim import OptimWrapper
from torch import nn

from ktg_mm.registry import UPDATES
from ktg_mm.structures import EdgeValue

from .base import Update, total_loss


@UPDATES.register_module()
class SimultaneousUpdate(Update):
    """One forward of all nodes, one backward of the sum of all edges, one step (Minami et al., ACCV 2020, alg. 1).

    As every edge's gradient ends at its target, the sum's gradient on a node is that of the node's own loss.
    """

    def __call__(
        self, model: nn.Module, graph: nn.Module, batch: dict, optim_wrapper: OptimWrapper
    ) -> dict[str, EdgeValue]:
        """Trains all nodes at once on a batch."""
        with optim_wrapper.optim_context(model):
            values = model(**batch, mode='loss')
        optim_wrapper.update_params(total_loss(values))
        return values
