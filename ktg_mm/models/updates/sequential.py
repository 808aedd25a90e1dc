"""Sequential update."""

from mmengine.dist import all_reduce_params
from mmengine.optim import OptimWrapper
from torch import nn

from ktg_mm.errors import ConfigError
from ktg_mm.mmengine_private import accumulative_counts
from ktg_mm.registry import UPDATES
from ktg_mm.structures import EdgeValue

from .base import Update, total_loss


@UPDATES.register_module()
class SequentialUpdate(Update):
    """Deep mutual learning's original update (Zhang et al., CVPR 2018, alg. 1), for comparison.

    The nodes learn one after another, in the order of the config; before each, all that it listens to run again on the
    same batch with their newest weights. It costs up to one forward of all nodes per node.

    Raises:
        ConfigError: At the first step, if the optimiser accumulates gradients over several batches.
    """

    def __call__(
        self, model: nn.Module, graph: nn.Module, batch: dict, optim_wrapper: OptimWrapper
    ) -> dict[str, EdgeValue]:
        """Trains the nodes one by one on a batch."""
        if accumulative_counts(optim_wrapper) > 1:
            raise ConfigError('optim_wrapper.accumulative_counts', 'must be 1 with SequentialUpdate')
        values: dict[str, EdgeValue] = {}
        parameters = list(graph.parameters())  # an edge may teach more nodes than the one that it ends in
        for node in graph.taught_nodes:  # type: ignore[union-attr]
            with optim_wrapper.optim_context(graph):
                of_node = graph(**batch, mode='loss', targets=[node])
            optim_wrapper.zero_grad()
            optim_wrapper.backward(total_loss(of_node))
            all_reduce_params([p.grad for p in parameters if p.grad is not None], op='mean')
            # The other nodes have no gradients, so the step leaves them alone, their momentum and decay included.
            optim_wrapper.step()
            optim_wrapper.zero_grad()
            values |= of_node
        return values
