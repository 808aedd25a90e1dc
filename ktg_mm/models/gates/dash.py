"""Dash's gate."""

import torch
import torch.nn.functional as F
from mmengine.dist import all_reduce
from torch import Tensor

from ktg_mm.config import check_number
from ktg_mm.models.needs import LabeledSource
from ktg_mm.registry import GATES
from ktg_mm.structures import NodeOutput, TransferContext

from .base import Gate


@GATES.register_module()
class DashGate(Gate):
    """Passes the samples whose pseudo-label's loss is below a threshold that falls over the run.

    Xu et al., Dash, ICML 2021. The loss is the source's own, ``-log(confidence)``. In the warm-up nothing passes and
    ``rho_hat`` becomes the source's mean cross-entropy on the labelled samples, as an exponential moving average of
    momentum 0.9 that begins at the first batch's. Afterwards the threshold is
    ``max(scale * decay^-k * rho_hat, minimum)``, k the number of whole intervals since the warm-up. Without a batch in
    the warm-up the first one after it gives ``rho_hat``. The state moves in training mode only, by the samples of all
    processes, before it is used.

    Args:
        scale: Factor of ``rho_hat``, the paper's C, above 0. Defaults to 1.0001.
        decay: What the threshold is divided by after each interval, the paper's gamma, at least 1. Defaults to 1.27.
        minimum: The lowest threshold, at least 0. Defaults to 0.05.
        warm_up: Share of the run, in [0, 1). Defaults to 1 / 512, 2048 of 2^20 iterations.
        interval: Share of the run, in (0, 1]. Defaults to 0.01.

    Raises:
        ValueError: If an argument is out of range.

    Example:
        >>> gate = DashGate(warm_up=0, interval=0.1)
        >>> source = NodeOutput(torch.tensor([[0.9, 0.1], [0.4, 0.6]]).log())
        >>> labeled = dict(labeled_source=source, labeled_labels=torch.tensor([0, 1]))
        >>> gate.weight(torch.ones(2), None, source, TransferContext(None, 0.05, **labeled))
        tensor([1., 0.])
    """

    adaptive = True
    needs = (LabeledSource(classes=True),)

    rho_hat: Tensor
    started: Tensor

    def __init__(
        self,
        scale: float = 1.0001,
        decay: float = 1.27,
        minimum: float = 0.05,
        warm_up: float = 1 / 512,
        interval: float = 0.01,
    ) -> None:
        super().__init__()
        self.scale = check_number('scale', scale, '(0, inf)')
        self.decay = check_number('decay', decay, '[1, inf)')
        self.minimum = check_number('minimum', minimum, '[0, inf)')
        self.warm_up = check_number('warm_up', warm_up, '[0, 1)')
        self.interval = check_number('interval', interval, '(0, 1]')
        self.register_buffer('rho_hat', torch.tensor(0.0))
        self.register_buffer('started', torch.tensor(False))

    def weight(self, loss: Tensor, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns 1 where the pseudo-label's loss is at most the threshold, else 0; shape (B,)."""
        warming_up = context.progress <= self.warm_up
        if self.training:
            self._update(context, warming_up)
        intervals = ((context.progress - self.warm_up) / self.interval).floor()
        factor = self.scale * torch.pow(self.decay, -intervals)
        rho = (self.rho_hat * factor.to(self.rho_hat.dtype)).clamp(min=self.minimum)
        passes = (-source.log_probabilities().amax(dim=1) <= rho) & ~warming_up
        return passes.to(loss.dtype)

    @torch.no_grad()
    def _update(self, context: TransferContext, warming_up: Tensor) -> None:
        assert context.labeled_source is not None and context.labeled_labels is not None
        loss = F.nll_loss(context.labeled_source.log_probabilities(), context.labeled_labels).to(self.rho_hat.dtype)
        all_reduce(loss, op='mean')
        # A batch that is not finite (a step that loss scaling skips) must not stay in the average.
        value = torch.where(loss.isfinite(), loss, self.rho_hat)
        step = warming_up.to(value.dtype) * 0.1  # after the warm-up rho_hat stays as it is
        self.rho_hat.copy_(torch.where(self.started, self.rho_hat.lerp(value, step), value))
        self.started.logical_or_(loss.isfinite())
