"""CoMatch's loss."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmengine.dist import all_gather
from torch import Tensor
from torch.nn.functional import softmax

from ktg_mm.config import check_number
from ktg_mm.config.check_argument import check_whole
from ktg_mm.models.needs import OtherView
from ktg_mm.registry import LOSSES
from ktg_mm.structures import NodeOutput, TransferContext

from .projection_loss import ProjectionLoss


@LOSSES.register_module()
class CoMatch(ProjectionLoss):
    """Pseudo-labels that a memory smooths, and a graph of them for the projections (Li, Xiong and Hoi, ICCV 2021).

    A queue keeps projections m_j of the samples of the last batches in the source's view, with their probabilities p_j,
    one-hot of labelled ones. With p the source's probabilities, ``a = softmax(f_source . m / temperature)`` and
    ``q = smoothing * p + (1 - smoothing) * sum of a_j p_j``, sample i's value is::

        1[max q_i >= threshold] * -sum over classes q_i log p_target,i  -  sum over samples j of W_ij log(S_ij + 1e-7)

    W are the products ``q_i . q_j``, 1 on the diagonal and 0 below ``contrast_threshold``, divided by the row's sum; S
    is the softmax of ``f_target,i . f_other,j / temperature``, f_other being the target's in another view, in which it
    learns as well. During the warm-up, and until the queue is full, q is p.

    The second term is about the unlabelled samples of one process. The queue is in the checkpoints and moves in
    training mode alone, after the loss, by the samples of all processes. Constants and warm-up are USB's; the p is
    aligned by the edge's ``align``.

    Args:
        queue_size: How many samples the queue keeps; USB has five batches, labelled and unlabelled.
        other_view: Name of the view of f_other.
        layers: One, see FeatureLoss. Defaults to ``'embedding'``.
        threshold: What the highest probability of q must reach, in [0, 1]. Defaults to 0.95.
        contrast_threshold: What a product of two q must reach, in [0, 1]. Defaults to 0.8.
        temperature: Above 0. Defaults to 0.2.
        smoothing: Share of p in q, in [0, 1]. Defaults to 0.9.
        warm_up: Share of the run, in [0, 1]. Defaults to 1/1024, an epoch of USB.
        embed_dims: Dimensions of a projection. Defaults to 64.

    Raises:
        ValueError: If an argument is wrong.

    Example:
        >>> loss = CoMatch(queue_size=4, other_view='strong2')
        >>> loss.set_num_classes(2)
        >>> loss.set_shapes([torch.Size([3])], [torch.Size([3])])
        >>> said = NodeOutput(torch.zeros(2, 2), features=dict(embedding=torch.rand(2, 3)))
        >>> known = dict(labeled_source=said, labeled_labels=torch.tensor([0, 1]), other_target=said)
        >>> loss(said, said.detach(), TransferContext(None, **known)).shape, loss.queue_probabilities[2:]
        (torch.Size([2]), tensor([[1., 0.],
                [0., 1.]]))
    """

    relational = True
    needs = (*ProjectionLoss.needs, OtherView('other_view', learns=True))

    queue: Tensor
    queue_probabilities: Tensor
    count: Tensor

    def __init__(
        self,
        queue_size: int,
        other_view: str,
        layers: str | Sequence[str] | Mapping[str, Any] = 'embedding',
        threshold: float = 0.95,
        contrast_threshold: float = 0.8,
        temperature: float = 0.2,
        smoothing: float = 0.9,
        warm_up: float = 1 / 1024,
        embed_dims: int = 64,
    ) -> None:
        super().__init__(layers, threshold, temperature, smoothing, warm_up, embed_dims)
        self.queue_size = check_whole('queue_size', queue_size)
        if not isinstance(other_view, str) or not other_view:
            raise ValueError(f"other_view must be a view's name, got {other_view!r}")
        self.other_view = other_view
        self.contrast_threshold = check_number('contrast_threshold', contrast_threshold, '[0, 1]')
        self.register_buffer('queue', torch.zeros(queue_size, embed_dims))
        self.register_buffer('count', torch.tensor(0))  # of all samples that have come into the queue

    def set_num_classes(self, num_classes: int) -> None:
        """Makes the queue's probabilities."""
        super().set_num_classes(num_classes)
        self.register_buffer('queue_probabilities', torch.zeros(self.queue_size, num_classes))

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns the value per sample, shape (B,)."""
        assert context.other_target is not None
        source, begun = source.detach(), self.has_begun(context) & (self.count >= self.queue_size)
        with torch.no_grad():
            weak = self.project(source)
            near = softmax(weak @ self.queue.T / self.temperature, dim=1)
            labels = self.smoothed(source.probabilities(), near @ self.queue_probabilities, begun)
            wanted = self._graph(labels)
        scores = self.project(target) @ self.project(context.other_target).T / self.temperature
        contrast = -(wanted * (softmax(scores, dim=1) + 1e-7).log()).sum(dim=1)
        loss = self.cross_entropy(target, labels) + contrast
        if self.training:
            self._move(weak, source.probabilities(), context)
        return loss

    def _graph(self, labels: Tensor) -> Tensor:
        """How much each two samples are to be alike, rows of sum 1, shape (B, B)."""
        own = torch.eye(len(labels), device=labels.device, dtype=torch.bool)
        products = torch.where(own, 1.0, labels @ labels.T)
        products = torch.where(products >= self.contrast_threshold, products, 0.0)
        return products / products.sum(dim=1, keepdim=True)

    @torch.no_grad()
    def _move(self, weak: Tensor, probabilities: Tensor, context: TransferContext) -> None:
        assert context.labeled_source is not None and context.labeled_labels is not None
        labeled = self.project(context.labeled_source)
        parts = [(weak, probabilities), (labeled, self.one_hot(context.labeled_labels))]
        # All processes' unlabelled samples, then all labelled ones, as one process has them.
        new = torch.cat([torch.cat(all_gather(torch.cat(part, dim=1))) for part in parts])[-self.queue_size :]
        places = (self.count + torch.arange(len(new), device=new.device)) % self.queue_size
        is_finite = new.isfinite().all()  # a batch that loss scaling skips must not stay
        for queue, values in zip(
            (self.queue, self.queue_probabilities), new.split([self.embed_dims, self.num_classes], dim=1), strict=True
        ):
            queue.index_copy_(0, places, torch.where(is_finite, values, queue[places]))
        self.count.add_(len(new) * is_finite)
