"""SoftMatch's gate."""

import torch
from mmengine.dist import all_reduce, get_world_size
from torch import Tensor

from ktg_mm.config import check_number
from ktg_mm.config.check_argument import check_flag
from ktg_mm.models.distribution_alignment import DistributionAlignment
from ktg_mm.registry import GATES
from ktg_mm.structures import NodeOutput, TransferContext

from .base import Gate


@GATES.register_module()
class SoftMatchGate(Gate):
    """Weighs a sample by a Gaussian of the source's confidence, cut off above its mean (Chen et al., ICLR 2023).

    ``exp(-min(confidence - mean, 0)^2 / (2 var / n_sigma^2))``: 1 for a confidence above the mean, the less the further
    below. ``mean`` and ``var`` are exponential moving averages of the batch's mean and unbiased variance, which begin
    at 1 / C and 1. They move in training mode only, by the samples of all processes, before they are used.

    Args:
        momentum: Share of the old averages that is kept at each batch, in [0, 1). Defaults to 0.999.
        n_sigma: The Gaussian's standard deviation is ``sqrt(var) / n_sigma``; above 0. Defaults to 2.
        align: Takes the confidence from predictions that are aligned with the uniform distribution, see
            DistributionAlignment; the edge's losses still see the plain ones. Defaults to True.

    Raises:
        ValueError: If an argument is out of range.

    Example:
        >>> gate = SoftMatchGate(momentum=0.0, align=False)
        >>> gate.set_num_classes(2)
        >>> source = NodeOutput(torch.tensor([[0.9, 0.1], [0.7, 0.3]]).log())
        >>> gate.weight(torch.ones(2), None, source, TransferContext(None))
        tensor([1.0000, 0.3679])
    """

    adaptive = True

    mean: Tensor
    var: Tensor

    def __init__(self, momentum: float = 0.999, n_sigma: float = 2, align: bool = True) -> None:
        super().__init__()
        self.momentum = check_number('momentum', momentum, '[0, 1)')
        self.n_sigma = check_number('n_sigma', n_sigma, '(0, inf)')
        self.alignment = DistributionAlignment('uniform', momentum) if check_flag('align', align) else None

    def set_num_classes(self, num_classes: int) -> None:
        """Makes the state."""
        self.register_buffer('mean', torch.tensor(1 / num_classes))
        self.register_buffer('var', torch.tensor(1.0))
        if self.alignment is not None:
            self.alignment.set_num_classes(num_classes)

    def weight(self, loss: Tensor, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns the Gaussian's value for each sample, in [0, 1], shape (B,)."""
        confidence = (source if self.alignment is None else self.alignment(source, context)).confidence
        if self.training:
            self._update(confidence.to(self.mean.dtype))
        below = (self.mean - confidence).clamp(min=0)
        # Where all are equally sure, what is left of the variance is less than rounding.
        var = self.var.clamp(min=torch.finfo(self.var.dtype).eps ** 2)
        return (-below.square() / (2 * var / self.n_sigma**2)).exp().to(loss.dtype)

    @torch.no_grad()
    def _update(self, confidence: Tensor) -> None:
        # Moments around the state's mean, the same in all processes: those around 0 would cancel out in float32.
        distance = confidence - self.mean
        moments = torch.stack([distance.mean(), distance.square().mean()])
        all_reduce(moments, op='mean')
        shift, square = moments
        number = len(confidence) * get_world_size()
        variance = (square - shift.square()).clamp(min=0) * (number / max(number - 1, 1))
        # A batch that is not finite (a step that loss scaling skips) must not stay in the averages.
        self.mean.add_(torch.where(shift.isfinite(), shift, 0.0), alpha=1 - self.momentum)
        self.var.lerp_(torch.where(variance.isfinite(), variance, self.var), 1 - self.momentum)
