"""FlexMatch's gate."""

import torch
from mmengine.dist import all_gather
from torch import Tensor

from ktg_mm.config import check_number
from ktg_mm.config.check_argument import check_flag, check_whole
from ktg_mm.mmengine_private import assert_async
from ktg_mm.models.needs import SampleIds
from ktg_mm.registry import GATES
from ktg_mm.structures import NodeOutput, TransferContext

from .base import Gate


@GATES.register_module()
class FlexMatchGate(Gate):
    """A threshold for each class, lower where fewer images have been learnt (Zhang et al., NeurIPS 2021, eqs. 5 to 7).

    For each unlabelled image the gate keeps the class that the source predicted when it last was sure of it. With
    ``n_c`` images kept for class c and ``beta_c = n_c / max n``, the threshold of the class is
    ``threshold * beta_c / (2 - beta_c)`` (the paper's convex mapping). A batch is judged by what was kept before it.
    The state moves in training mode only, by the samples of all processes.

    Args:
        num_samples: How many unlabelled images there are, at least 1; the sample ids number them.
        threshold: Confidence from which on the source is sure, and the highest threshold, in [0, 1]. Defaults to 0.95.
        warm_up: Also counts the images without a class in the maximum, so that the first few images of a class do not
            already give it the full threshold. Defaults to True.

    Raises:
        ValueError: If an argument is out of range.
        RuntimeError: If a sample's id is not in [0, num_samples); raised where the device reaches the check.

    Example:
        >>> gate = FlexMatchGate(num_samples=2)
        >>> gate.set_num_classes(2)
        >>> source = NodeOutput(torch.tensor([[0.99, 0.01], [0.7, 0.3]]).log())
        >>> context = TransferContext(None, sample_ids=torch.tensor([0, 1]))
        >>> [gate.weight(torch.ones(2), None, source, context).tolist() for _ in range(2)]
        [[1.0, 1.0], [1.0, 0.0]]
        >>> gate.selected
        tensor([ 0, -1])
    """

    adaptive = True
    needs = (SampleIds('num_samples'),)

    selected: Tensor

    def __init__(self, num_samples: int, threshold: float = 0.95, warm_up: bool = True) -> None:
        super().__init__()
        self.threshold = check_number('threshold', threshold, '[0, 1]')
        self.num_samples = check_whole('num_samples', num_samples)
        self.warm_up = check_flag('warm_up', warm_up)
        self.register_buffer('selected', torch.full((num_samples,), -1))

    def set_num_classes(self, num_classes: int) -> None:
        """Tells the gate for how many classes to keep a threshold."""
        self.num_classes = num_classes

    def weight(self, loss: Tensor, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns 1 where the source's confidence reaches its class's threshold, else 0; shape (B,)."""
        assert context.sample_ids is not None
        predicted, confidence = source.predicted, source.confidence
        passes = confidence >= self._thresholds()[predicted]
        if self.training:
            self._keep(context.sample_ids, predicted, confidence >= self.threshold)
        return passes.to(loss.dtype)

    def _thresholds(self) -> Tensor:
        """The threshold of each class, shape (C,)."""
        place = torch.where(self.selected < 0, self.num_classes, self.selected)
        counts = self.selected.new_zeros(self.num_classes + 1).scatter_add_(0, place, torch.ones_like(place))
        most = (counts if self.warm_up else counts[:-1]).max().clamp(min=1)
        beta = counts[:-1] / most
        return self.threshold * beta / (2 - beta)

    @torch.no_grad()
    def _keep(self, sample_ids: Tensor, predicted: Tensor, sure: Tensor) -> None:
        batch = torch.stack([sample_ids.long(), predicted, sure.long()])
        sample_ids, predicted, sure = torch.cat(all_gather(batch), dim=1)
        inside = (sample_ids >= 0) & (sample_ids < len(self.selected))
        assert_async(inside.all(), 'FlexMatchGate: num_samples is too small, a sample id is not below it')
        # Of an image that is in the batch twice the last one counts, in all processes; a plain scatter would not say.
        order = torch.where(sure > 0, torch.arange(len(sure), device=sure.device), -1)
        last = torch.full_like(self.selected, -1).scatter_reduce_(0, sample_ids, order, 'amax')
        self.selected.copy_(torch.where(last < 0, self.selected, predicted[last.clamp(min=0)]))
