"""FreeMatch's fairness."""

import torch
from mmengine.dist import all_reduce
from torch import Tensor

from ktg_mm.models.gates.self_adaptive_threshold import SelfAdaptiveThreshold
from ktg_mm.registry import LOSSES
from ktg_mm.structures import NodeOutput, TransferContext

from .base import EdgeLoss


@LOSSES.register_module()
class SelfAdaptiveFairness(EdgeLoss):
    """Keeps the target's predictions spread over the classes (Wang et al., FreeMatch, ICLR 2023, eqs. 11 to 14).

    Minus the cross-entropy ``H(SumNorm(p~ / h~), SumNorm(p_bar / h_bar))``: p~ and h~ are the averages of the source's
    mean prediction and of its histogram of predicted classes that SelfAdaptiveThreshold keeps; p_bar and h_bar are the
    target's on the batch's samples that reach their threshold, over all processes. SumNorm divides by the sum; a class
    that nothing was predicted as counts 0. Without a sample that reaches its threshold the loss is 0.

    The state is the loss's own. It is that of a FreeMatchGate of the same momentum on another edge with the same
    source, view and samples.

    Args:
        momentum: Share of the old averages that is kept at each batch, in [0, 1). Defaults to 0.999.

    Raises:
        ValueError: If the momentum is out of range.

    Example:
        >>> loss = SelfAdaptiveFairness()
        >>> loss.set_num_classes(2)
        >>> source = NodeOutput(torch.tensor([[0.9, 0.1], [0.1, 0.9]]).log())
        >>> loss(source, source.detach(), None)
        tensor([-0.6931, -0.6931])
    """

    adaptive = True
    teaches_source = False

    def __init__(self, momentum: float = 0.999) -> None:
        super().__init__()
        self.threshold = SelfAdaptiveThreshold(momentum)

    def set_num_classes(self, num_classes: int) -> None:
        """Makes the state."""
        self.threshold.set_num_classes(num_classes)

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns the batch's one value for each sample, in [log(1e-12), 0], shape (B,)."""
        passes = self.threshold(source).to(self.threshold.histogram.dtype).unsqueeze(1)
        probability = (passes * target.probabilities()).mean(dim=0)
        histogram = (passes * self.threshold.one_hot(target.predicted)).mean(dim=0)
        probability, histogram = _over_processes(probability, histogram)
        goal = _normalized_ratio(self.threshold.class_probability, self.threshold.histogram)
        loss = (goal * (_normalized_ratio(probability, histogram) + 1e-12).log()).sum()
        return (loss * (histogram.sum() > 0)).expand(len(passes))


def _over_processes(probability: Tensor, histogram: Tensor) -> tuple[Tensor, Tensor]:
    """Means over all processes of equal batches; the gradient goes into this process's share of the mean.

    The wrapper for distributed training averages gradients, which makes the other shares' of it.
    """
    means = torch.stack([probability.detach(), histogram.to(probability.dtype)])
    all_reduce(means, op='mean')
    return probability + (means[0] - probability.detach()), means[1]


def _normalized_ratio(probability: Tensor, histogram: Tensor) -> Tensor:
    """SumNorm(probability / histogram), 0 for classes with a histogram of 0, shape (C,)."""
    ratio = torch.where(histogram > 0, probability / torch.where(histogram > 0, histogram, 1.0), 0.0)
    total = ratio.sum()
    return ratio / torch.where(total > 0, total, 1.0)
