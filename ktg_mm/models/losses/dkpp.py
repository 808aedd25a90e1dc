"""Soft cross-entropy with a teacher whose wrong classes are mixed up."""

import torch
from torch import Tensor

from ktg_mm.models.step_random import step_uniform_rows
from ktg_mm.registry import LOSSES
from ktg_mm.structures import NodeOutput, TransferContext

from .base import EdgeLoss


@LOSSES.register_module()
class DKPP(EdgeLoss):
    """Cross-entropy with the source's probabilities, all but the highest permuted (Furlanello et al., ICML 2018).

    Dark knowledge with permuted predictions, eq. 11: ``-sum_k q_k log p_target,k``. ``q`` has the source's highest
    probability where the source has it, whether or not that is the label, and the others in random order: what the
    source says of the classes' likeness is lost.

    The permutation is drawn afresh for each row of the batch in each step, from the run's seed, as the document's notes
    do not say. Draws are the same in any number of processes, unless the edge is about labelled and unlabelled samples
    together.

    Example:
        >>> context = TransferContext(None, torch.tensor(0.25, dtype=torch.float64))
        >>> source = NodeOutput(torch.tensor([[0.1, 0.7, 0.2, 0.0]]).log())
        >>> target = NodeOutput(torch.tensor([[0.4, 0.3, 0.2, 0.1]]).log())
        >>> DKPP()(target, source, context)  # learns a permutation of 0.1, 0.2 and 0
        tensor([1.2563])
    """

    draws = True

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns the cross-entropy per sample, shape (B,)."""
        told, highest = source.probabilities(), source.predicted.unsqueeze(1)
        salt = f'DKPP {context.source_name}->{context.target_name}'
        uniform = step_uniform_rows(context.seed, context.progress, told.shape, salt, self.training)
        order = uniform.scatter(1, highest, -1.0).argsort(dim=1)[:, 1:]  # the highest comes first, and is left out
        others = torch.arange(told.shape[1] - 1, device=told.device)
        others = others + (others >= highest)
        permuted = told.scatter(1, others, told.gather(1, order))
        return -(permuted * target.log_probabilities()).sum(dim=1)
