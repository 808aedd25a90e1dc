"""FreeMatch's thresholds."""

import torch
from mmengine.dist import all_reduce
from torch import Tensor, nn

from ktg_mm.config import check_number
from ktg_mm.structures import NodeOutput


class SelfAdaptiveThreshold(nn.Module):
    """A threshold for each class that follows how sure the source is (Wang et al., FreeMatch, ICLR 2023, eqs. 5 to 7).

    Three exponential moving averages over batches, which begin at 1 / C: ``time_p`` of the mean confidence, shape (),
    ``class_probability`` of the mean prediction and ``histogram`` of each class's share of the predicted classes, shape
    (C,). The threshold of class c is ``class_probability_c / max class_probability * time_p``. The state moves in
    training mode only, by the samples of all processes, before it is used.

    Args:
        momentum: Share of the old averages that is kept at each batch, in [0, 1). Defaults to 0.999.

    Raises:
        ValueError: If the momentum is out of range.

    Example:
        >>> threshold = SelfAdaptiveThreshold(momentum=0.0)
        >>> threshold.set_num_classes(2)
        >>> threshold(NodeOutput(torch.tensor([[0.9, 0.1], [0.7, 0.3]]).log()))
        tensor([ True, False])
    """

    time_p: Tensor
    class_probability: Tensor
    histogram: Tensor

    def __init__(self, momentum: float = 0.999) -> None:
        super().__init__()
        self.momentum = check_number('momentum', momentum, '[0, 1)')

    def set_num_classes(self, num_classes: int) -> None:
        """Makes the state."""
        self.register_buffer('time_p', torch.tensor(1 / num_classes))
        self.register_buffer('class_probability', torch.full((num_classes,), 1 / num_classes))
        self.register_buffer('histogram', torch.full((num_classes,), 1 / num_classes))

    def forward(self, source: NodeOutput) -> Tensor:
        """Returns which samples reach the threshold of their predicted class, booleans of shape (B,).

        Args:
            source: Output of the node that teaches, detached, logits of shape (B, C).
        """
        if self.training:
            self._update(source)
        thresholds = self.class_probability / self.class_probability.max() * self.time_p
        return source.confidence >= thresholds[source.predicted]

    def one_hot(self, classes: Tensor) -> Tensor:
        """One row for each class number, shape (B,) -> (B, C); torch's own reads the numbers on the host."""
        number = torch.arange(len(self.histogram), device=classes.device)
        return (classes.unsqueeze(1) == number).to(self.histogram.dtype)

    @torch.no_grad()
    def _update(self, source: NodeOutput) -> None:
        columns = [source.confidence.unsqueeze(1), source.probabilities(), self.one_hot(source.predicted)]
        batch = torch.cat([column.to(self.histogram.dtype) for column in columns], dim=1).mean(dim=0)
        all_reduce(batch, op='mean')
        states = (self.time_p, self.class_probability, self.histogram)
        for state, value in zip(states, batch.split([state.numel() for state in states]), strict=True):
            # A batch that is not finite (a step that loss scaling skips) must not stay in the average.
            value = value.view_as(state)
            state.lerp_(torch.where(value.isfinite(), value, state), 1 - self.momentum)
