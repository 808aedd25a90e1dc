"""Distribution alignment."""

import torch
import torch.nn.functional as F
from mmengine.dist import all_reduce
from torch import Tensor

from ktg_mm.config import check_number
from ktg_mm.config.check_argument import check_whole
from ktg_mm.registry import ALIGNMENTS
from ktg_mm.structures import NodeOutput, TransferContext

from .edge_part import EdgePart
from .needs import LabeledSource


@ALIGNMENTS.register_module()
class DistributionAlignment(EdgePart):
    """Moves a source's predictions so that their mean over the data becomes the mean that is wished for.

    ``p * goal / mean``, divided by its sum (Berthelot et al., ReMixMatch, ICLR 2020, section 3.1). ``mean`` is an
    exponential moving average of the mean prediction on the edge's samples. The goal is uniform (Chen et al.,
    SoftMatch, ICLR 2023, section 3.3) or the same average on the labelled samples (Berthelot et al., AdaMatch, ICLR
    2022, eq. 2). Both averages begin as the first batch's mean; they are moved in training mode only, over all
    processes, before they are used. With a ``length`` they are plain means over the last batches, as in CoMatch (Li et
    al., ICCV 2021) and SimMatch (Zheng et al., CVPR 2022).

    Args:
        target: The goal, ``'uniform'`` or ``'labeled'``. Defaults to ``'uniform'``.
        momentum: Share of the old averages that is kept at each batch, in [0, 1). Defaults to 0.999.
        length: How many of the last batches the averages are taken over instead. Defaults to None: ``momentum`` holds.

    Raises:
        ValueError: If the target is unknown, or a number out of range.

    Example:
        >>> source = NodeOutput(torch.tensor([[0.8, 0.2], [0.8, 0.2]]).log())
        >>> alignment = DistributionAlignment()
        >>> alignment.set_num_classes(2)
        >>> alignment(source, TransferContext(None)).probabilities()
        tensor([[0.5000, 0.5000],
                [0.5000, 0.5000]])
    """

    adaptive = True
    needs = (LabeledSource('target', 'labeled'),)

    mean: Tensor
    labeled_mean: Tensor
    started: Tensor
    queue: Tensor
    count: Tensor

    def __init__(self, target: str = 'uniform', momentum: float = 0.999, length: int | None = None) -> None:
        super().__init__()
        if target not in ('uniform', 'labeled'):
            raise ValueError(f"target must be 'uniform' or 'labeled', got {target!r}")
        self.target = target
        self.momentum = check_number('momentum', momentum, '[0, 1)')
        self.length = None if length is None else check_whole('length', length)

    def set_num_classes(self, num_classes: int) -> None:
        """Makes the state; without a batch so far, it changes no prediction."""
        self.register_buffer('mean', torch.full((num_classes,), 1 / num_classes))
        if self.target == 'labeled':
            self.register_buffer('labeled_mean', torch.full((num_classes,), 1 / num_classes))
        self.register_buffer('started', torch.tensor(False))
        if self.length is not None:
            averages = 2 if self.target == 'labeled' else 1
            self.register_buffer('queue', torch.zeros(self.length, averages, num_classes))
            self.register_buffer('count', torch.tensor(0))  # of the batches so far

    def forward(self, source: NodeOutput, context: TransferContext) -> NodeOutput:
        """Aligns the predictions of one batch.

        Args:
            source: Output of the node that teaches, detached, logits of shape (B, C).
            context: What is known of the batch; with ``labeled_source`` if the goal is ``'labeled'``.

        Returns:
            The same output with the logarithms of the aligned probabilities as its logits.
        """
        if self.training:
            self._update(source, context)
        # In logarithms no probability underflows; a uniform goal falls out with the sum.
        shift = -_log(self.mean)
        if self.target == 'labeled':
            shift = shift + _log(self.labeled_mean)
        logits = F.log_softmax(source.log_probabilities() + shift, dim=1)
        return NodeOutput(logits, source.attention, source.attention_logits, source.features)

    @torch.no_grad()
    def _update(self, source: NodeOutput, context: TransferContext) -> None:
        states, outputs = [self.mean], [source]
        if self.target == 'labeled':
            assert context.labeled_source is not None
            states.append(self.labeled_mean)
            outputs.append(context.labeled_source)
        batch = torch.stack([output.probabilities().to(self.mean.dtype).mean(dim=0) for output in outputs])
        all_reduce(batch, op='mean')
        finite = batch.isfinite().all()  # a batch that loss scaling skips must not stay in the averages
        batch = self._mean_of_last(batch, finite) if self.length is not None else batch
        for state, value in zip(states, batch, strict=True):
            moved = value
            if self.length is None:
                moved = torch.where(self.started, state.lerp(value, 1 - self.momentum), value)
            state.copy_(torch.where(finite, moved, state))
        self.started.logical_or_(finite)

    def _mean_of_last(self, batch: Tensor, finite: Tensor) -> Tensor:
        """Puts a batch's means in the place of the oldest; the means over the last batches, of the same shape."""
        place = (self.count % len(self.queue)).view(1)
        self.queue.index_copy_(0, place, torch.where(finite, batch, self.queue.index_select(0, place)[0]).unsqueeze(0))
        self.count.add_(finite)
        return self.queue.sum(dim=0) / self.count.clamp(min=1, max=len(self.queue))


def _log(probabilities: Tensor) -> Tensor:
    """The logarithm, finite for a class that was never predicted, too."""
    return probabilities.clamp(min=torch.finfo(probabilities.dtype).tiny).log()
