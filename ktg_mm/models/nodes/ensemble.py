"""Ensemble node."""

from collections.abc import Sequence

import torch

from ktg_mm.registry import NODES
from ktg_mm.structures import NodeOutput, full_precision

from .base import Node


@NODES.register_module()
class EnsembleNode(Node):
    """Mean of the members' logits, l_ens = (1 / M) sum_m l_m (Okamoto et al., ECCV 2022).

    It has no parameters, so no edge may end in it; it may be the target of a search and the source of edges.

    Args:
        members: Names of the nodes that vote; at least two, each once.

    Raises:
        ValueError: If there are fewer than two members, or one is named twice.

    Example:
        >>> import torch
        >>> from ktg_mm.structures import NodeOutput
        >>> node = EnsembleNode(members=['a', 'b'])
        >>> node([NodeOutput(torch.tensor([[0.0, 2.0]])), NodeOutput(torch.tensor([[4.0, 0.0]]))]).logits
        tensor([[2., 1.]])
    """

    has_parameters = False

    def __init__(self, members: Sequence[str]) -> None:
        if (
            not isinstance(members, (list, tuple))
            or not all(isinstance(name, str) for name in members)
            or len(set(members)) < max(2, len(members))
        ):
            raise ValueError(f'members must be a list of at least two different nodes, got {members!r}')
        super().__init__(inputs=members)

    def forward(self, inputs: list[NodeOutput]) -> NodeOutput:  # type: ignore[override]
        """Returns the output with the mean of the members' logits, shape (B, C)."""
        return NodeOutput(torch.stack([full_precision(output.logits) for output in inputs]).mean(dim=0))
