"""SimMatch's loss."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmengine.dist import all_gather
from torch import Tensor
from torch.nn.functional import log_softmax, normalize

from ktg_mm.config import check_number
from ktg_mm.config.check_argument import check_whole
from ktg_mm.mmengine_private import assert_async
from ktg_mm.models.needs import LabeledIds
from ktg_mm.registry import LOSSES
from ktg_mm.structures import NodeOutput, TransferContext

from .projection_loss import ProjectionLoss


@LOSSES.register_module()
class SimMatch(ProjectionLoss):
    """A class, and a likeness to the labelled samples, that are alike in both views (Zheng et al., CVPR 2022).

    A memory keeps a projection m_j, and the class y_j, of each of the N labelled samples. With p the source's
    probabilities and ``a = softmax(f_source . m / temperature)``, a sample's value is::

        1[max q >= threshold] * -sum over classes q log p_target  -  sum over j of b_j log softmax(f_target . m / T)_j

    where ``q = smoothing * p + (1 - smoothing) * (sum of a_j over the j of each class)``, and b is ``a_j p[y_j]``,
    divided by its sum. During the warm-up q is p, and the second term 0. After each step's loss ``m_j`` of the batch's
    labelled samples becomes ``momentum * m_j + (1 - momentum) * f_j``, divided by its length. Constants and warm-up are
    USB's, which divides over the samples instead of the dimensions there; p is aligned by the edge's ``align``.

    A labelled sample that has not come yet is no j; USB has a random m_j of class 0 in its place. The memory is in the
    checkpoints and moves in training mode alone, by the samples of all processes.

    Args:
        num_labels: How many labelled samples there are at the most; their ``sample_idx`` are below it, as
            ``SemiSupervised`` has them.
        layers: One, see FeatureLoss. Defaults to ``'embedding'``.
        threshold: What the highest probability of q must reach, in [0, 1]. Defaults to 0.95.
        temperature: Above 0. Defaults to 0.1.
        smoothing: Share of p in q, in [0, 1]. Defaults to 0.9.
        warm_up: Share of the run, in [0, 1]. Defaults to 1/1024, an epoch of USB.
        momentum: In [0, 1). Defaults to 0.7.
        embed_dims: Dimensions of a projection. Defaults to 128.

    Raises:
        ValueError: If an argument is wrong.
        RuntimeError: If a labelled sample's id is not in [0, num_labels); raised where the device reaches the check.

    Example:
        >>> loss = SimMatch(num_labels=4)
        >>> loss.set_num_classes(2)
        >>> loss.set_shapes([torch.Size([3])], [torch.Size([3])])
        >>> said = NodeOutput(torch.zeros(2, 2), features=dict(embedding=torch.rand(2, 3)))
        >>> known = dict(labeled_source=said, labeled_labels=torch.tensor([0, 1]), labeled_ids=torch.tensor([3, 1]))
        >>> loss(said, said.detach(), TransferContext(None, **known)).shape, loss.classes
        (torch.Size([2]), tensor([-1,  1, -1,  0]))
    """

    needs = (*ProjectionLoss.needs, LabeledIds('num_labels'))

    memory: Tensor
    classes: Tensor

    def __init__(
        self,
        num_labels: int,
        layers: str | Sequence[str] | Mapping[str, Any] = 'embedding',
        threshold: float = 0.95,
        temperature: float = 0.1,
        smoothing: float = 0.9,
        warm_up: float = 1 / 1024,
        momentum: float = 0.7,
        embed_dims: int = 128,
    ) -> None:
        super().__init__(layers, threshold, temperature, smoothing, warm_up, embed_dims)
        self.num_labels = check_whole('num_labels', num_labels)
        self.momentum = check_number('momentum', momentum, '[0, 1)')
        self.register_buffer('classes', torch.full((num_labels,), -1))
        self.register_buffer('memory', torch.zeros(num_labels, embed_dims))

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns the value per sample, shape (B,)."""
        source, classes, known = source.detach(), self.classes.clamp(min=0), self.classes >= 0
        begun = self.has_begun(context) & known.any()
        with torch.no_grad():
            near = self._likeness(source, known)
            wanted = log_softmax(near + source.log_probabilities()[:, classes], dim=1).exp()
            labels = self.smoothed(source.probabilities(), near.exp() @ self.one_hot(classes), begun)
        instances = torch.where(begun, -(wanted * self._likeness(target, known)).sum(dim=1), 0.0)
        loss = self.cross_entropy(target, labels) + instances
        if self.training:
            self._move(context)
        return loss

    def _likeness(self, output: NodeOutput, known: Tensor) -> Tensor:
        """Log-softmax of how alike an output is to the labelled samples, shape (B, N)."""
        memory = self.memory.clone()  # it moves before the backward pass
        scores = self.project(output) @ memory.T / self.temperature
        return log_softmax(torch.where(known, scores, -1e30), dim=1)  # finite even if none is known

    @torch.no_grad()
    def _move(self, context: TransferContext) -> None:
        assert context.labeled_source is not None
        assert context.labeled_ids is not None and context.labeled_labels is not None
        known = torch.cat(all_gather(torch.stack([context.labeled_ids.long(), context.labeled_labels])), dim=1)
        ids, labels = known
        assert_async(((ids >= 0) & (ids < self.num_labels)).all(), 'SimMatch: num_labels is not that of the data set')
        # Of several samples of one image the last one counts.
        order = torch.arange(len(ids), device=ids.device)
        last = torch.full_like(self.classes, -1).scatter_reduce_(0, ids, order, 'amax')[ids]
        found = torch.cat(all_gather(self.project(context.labeled_source)))[last]
        old = self.memory[ids]
        moved = normalize(self.momentum * old + (1 - self.momentum) * found)
        is_finite = found.isfinite().all(dim=1, keepdim=True)  # else a step that loss scaling skips would stay
        self.memory.index_copy_(0, ids, torch.where(is_finite, moved, old))
        self.classes.index_copy_(0, ids, labels[last])
