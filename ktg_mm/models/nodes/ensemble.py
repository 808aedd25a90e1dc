"""Ensemble node."""

from collections.abc import Sequence

import torch

from ktg_mm.registry import NODES
from ktg_mm.structures import NodeOutput, full_precision

from .base import Node


@NODES.register_module()
class EnsembleNode(Node):
    """Mean of the members' logits, l_ens = (1 / M) sum_m l_m (Okamoto et al., ECCV 2022).

    It may be the target of a search and the source of edges. It has no parameters, so that an edge may end in it only
    if the members' outputs are not detached.

    Args:
        members: Names of the nodes that vote; at least two, each once.
        detach: Whether gradients end here; False lets an edge into the ensemble teach its members. Defaults to True.

    Raises:
        ValueError: If there are fewer than two members, or one is named twice, or ``detach`` is neither True nor False.

    Example:
        >>> import torch
        >>> from ktg_mm.structures import NodeOutput
        >>> node = EnsembleNode(members=['a', 'b'])
        >>> node([NodeOutput(torch.tensor([[0.0, 2.0]])), NodeOutput(torch.tensor([[4.0, 0.0]]))]).logits
        tensor([[2., 1.]])
    """

    has_parameters = False

    def __init__(self, members: Sequence[str], detach: bool = True) -> None:
        super().__init__(inputs=check_members(members), detach=detach)

    def forward(self, inputs: list[NodeOutput]) -> NodeOutput:  # type: ignore[override]
        """Returns the output with the mean of the members' logits, shape (B, C)."""
        return NodeOutput(torch.stack([full_precision(output.logits) for output in inputs]).mean(dim=0))


def check_members(members: Sequence[str]) -> list[str]:
    """Returns the members of an ensemble, or raises ValueError unless they are two or more different names."""
    if (
        not isinstance(members, (list, tuple))
        or not all(isinstance(name, str) for name in members)
        or len(set(members)) < max(2, len(members))
    ):
        raise ValueError(f'members must be a list of at least two different nodes, got {members!r}')
    return list(members)
