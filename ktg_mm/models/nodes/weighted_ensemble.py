"""What ensembles share that learn how much each member counts."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ktg_mm.structures import NodeOutput, full_precision

from .learned_ensemble import LearnedEnsembleNode


class WeightedEnsembleNode(LearnedEnsembleNode):
    """Weighted mean of the members' logits, sum_m w_m l_m, with weights that are learnt, sample by sample.

    It implements :meth:`weights`.

    Args:
        members: Names of the nodes that vote; at least two, each once.
        layer: The members' layer that the weights depend on.
        detach: Whether gradients end here, and do not reach the members. Defaults to False.

    Raises:
        ValueError: If an argument is something else.
    """

    def weights(self, inputs: list[NodeOutput]) -> Tensor:
        """How much each member counts.

        Args:
            inputs: The outputs of the M members.

        Returns:
            Weights that add up to 1, shape (B, M), float32 or better.
        """
        raise NotImplementedError

    def forward(self, inputs: list[NodeOutput]) -> NodeOutput:  # type: ignore[override]
        """Returns the output with the weighted mean of the members' logits, shape (B, C)."""
        return NodeOutput(weighted_mean(self.weights(inputs), inputs))


def weighted_mean(weights: Tensor, outputs: Sequence[NodeOutput]) -> Tensor:
    """The weighted mean of the logits of several nodes.

    Args:
        weights: Shape (B, M).
        outputs: Of the M nodes.

    Returns:
        Logits of shape (B, C).

    Example:
        >>> outputs = [NodeOutput(torch.tensor([[0.0, 2.0]])), NodeOutput(torch.tensor([[4.0, 0.0]]))]
        >>> weighted_mean(torch.tensor([[0.25, 0.75]]), outputs)
        tensor([[3.0000, 0.5000]])
    """
    logits = torch.stack([full_precision(output.logits) for output in outputs], dim=1)
    # Not a matrix product, which autocast would make half as precise.
    return (full_precision(weights)[:, :, None] * logits).sum(dim=1)
