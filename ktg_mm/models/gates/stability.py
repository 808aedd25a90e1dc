"""Stability gate."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ktg_mm.config import check_number
from ktg_mm.models.needs import NodeNames, OtherView
from ktg_mm.models.step_random import step_permutation
from ktg_mm.registry import GATES
from ktg_mm.structures import NodeOutput, TransferContext

from .base import Gate


@GATES.register_module()
class StabilityGate(Gate):
    """Passes the samples on which the source is stable and the target is not, or is less so.

    Ke et al., Dual Student, ICCV 2019, eqs. 6 to 9. A node is stable on a sample if it predicts the same class in two
    views, the edge's own and another, and its confidence in one of them exceeds the threshold. Where both nodes are
    stable, the sample passes if the target's probabilities are farther apart in the two views, by squared distance.

    Args:
        threshold: What the confidence in one of the views must exceed, in [0, 1].
        other_view: Name of the view in which both ends are looked at besides the edge's own.
        students: Names of the nodes that are paired anew, at random, at each iteration (Multiple Student): an edge
            passes something only while its ends are a pair. All edges draw the same pairs, as they depend on the
            names, the run's seed and its progress alone. Defaults to None: the edge's ends always are a pair.

    Raises:
        ValueError: If the threshold is out of range, the view is no name, or the students are not an even number of
            different names.

    Example:
        >>> sure, unsure = (NodeOutput(torch.tensor([[p, 1 - p]]).log()) for p in (0.9, 0.6))
        >>> context = TransferContext(None, other_source=sure, other_target=unsure)
        >>> StabilityGate(threshold=0.8, other_view='other').weight(torch.ones(1), unsure, sure, context)
        tensor([1.])
    """

    needs = (OtherView('other_view'), NodeNames('students'))

    def __init__(self, threshold: float, other_view: str, students: Sequence[str] | None = None) -> None:
        super().__init__()
        self.threshold = check_number('threshold', threshold, '[0, 1]')
        if not isinstance(other_view, str) or not other_view:
            raise ValueError(f"other_view must be a view's name, got {other_view!r}")
        self.other_view = other_view
        self.students = None if students is None else _check_students(students)

    def weight(self, loss: Tensor, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns 1 where the source may teach the target, else 0; shape (B,)."""
        assert context.other_source is not None and context.other_target is not None
        source_is_stable, source_distance = self._stability(source, context.other_source)
        target_is_stable, target_distance = self._stability(target.detach(), context.other_target)
        passes = source_is_stable & (~target_is_stable | (target_distance > source_distance))
        if self.students is not None:
            passes = passes & self._paired(self.students, context)
        return passes.to(loss.dtype)

    def _stability(self, one: NodeOutput, other: NodeOutput) -> tuple[Tensor, Tensor]:
        """Whether a node is stable on each sample, and how far its two predictions are apart; shapes (B,)."""
        is_sure = torch.maximum(one.confidence, other.confidence) > self.threshold
        distance = (one.probabilities() - other.probabilities()).square().sum(dim=1)
        return (one.predicted == other.predicted) & is_sure, distance

    def _paired(self, students: list[str], context: TransferContext) -> Tensor | bool:
        """Whether the edge's ends are a pair, shape ()."""
        ends = context.source_name, context.target_name
        if ends[0] == ends[1] or not set(ends).issubset(students):
            return False
        # Drawn from the seed and the progress, all edges, processes and a resumed run have the same pairs.
        place = step_permutation(context.seed, context.progress, (len(students),), salt='StabilityGate')
        first, second = (place[students.index(name)].div(2, rounding_mode='floor') for name in ends)
        return first == second


def _check_students(students: Sequence[str]) -> list[str]:
    """Returns the names in one order, whichever the config has them in."""
    if (
        not isinstance(students, (list, tuple))
        or not all(isinstance(name, str) and name for name in students)
        or len(set(students)) != len(students)
        or len(students) % 2
        or not students
    ):
        raise ValueError(f'students must be an even number of different node names, at least 2, got {students!r}')
    return sorted(students)
