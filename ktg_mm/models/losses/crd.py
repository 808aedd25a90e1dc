"""Contrastive representation distillation."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmengine.dist import all_gather
from torch import Tensor, nn
from torch.nn.functional import normalize, softplus

from ktg_mm.config import check_number
from ktg_mm.config.check_argument import check_whole
from ktg_mm.mmengine_private import assert_async
from ktg_mm.models.needs import Labels, SampleIds
from ktg_mm.models.step_random import step_uniform_rows
from ktg_mm.registry import LOSSES
from ktg_mm.structures import NodeOutput, TransferContext

from .feature_loss import FeatureLoss
from .negatives import draw_negatives

EPS = 1e-7


@LOSSES.register_module()
class CRD(FeatureLoss):
    """Tells a sample's own embedding from those of other classes (Tian, Krishnan and Isola, ICLR 2020, eq. 18).

    The vectors of both ends go through a linear layer each, which both learn, to e of length 1. A memory at either end
    keeps an embedding of each of the N training images. With ``P_ij = exp(e_i . m_j / temperature) / Z``, e being the
    target's and m the source's memory, or the other way round, sample i's value is, summed over both::

        -log(P_ii / (P_ii + K/N + 1e-7)) - sum over K negatives j of log((K/N) / (P_ij + K/N + 1e-7))

    Z is N times the mean exponential of the first batch, and stays. After the scores ``m_i`` becomes ``momentum * m_i +
    (1 - momentum) * e_i``, divided by its length. RepDistiller's loss, of whose weights for it 0.8 is the usual one.

    Negatives are drawn afresh in each step, from the images that are known to be of another class or have not been seen
    yet, none of them twice for a sample if there are K; else with replacement. K is at most as many as there are in
    other classes if all are of one size.

    The memories, the images' classes and Z are in the checkpoints. They move in training mode alone, by the samples of
    all processes, so that all have the same; draws are the same in any number of processes. A gate weighs the samples;
    all move the memories. Each end takes N (embed_dims + B) numbers in a step, besides the memory itself of N
    embed_dims: 38 MB and 26 MB for 50000 images and a batch of 64; and B K numbers some times over.

    Args:
        num_samples: N, how many training images there are, at least 2; their ``sample_idx`` number them.
        layers: One at each end, see FeatureLoss; a feature map is averaged over its cells. Defaults to ``'embedding'``.
        num_negatives: K, at least 1. Defaults to 16384.
        temperature: Above 0. Defaults to 0.07.
        momentum: In [0, 1). Defaults to 0.5.
        embed_dims: Dimensions of the embeddings. Defaults to 128.

    Raises:
        ValueError: If an argument is wrong.
        RuntimeError: If a sample's id is not in [0, num_samples); raised where the device reaches the check.

    Example:
        >>> loss = CRD(num_samples=6, num_negatives=2)
        >>> loss.set_num_classes(2)
        >>> loss.set_shapes([torch.Size([3])], [torch.Size([5])])
        >>> target, source = (NodeOutput(torch.zeros(2, 2), features=dict(embedding=torch.rand(2, d))) for d in (3, 5))
        >>> context = TransferContext(torch.tensor([0, 1]), sample_ids=torch.tensor([4, 2]))
        >>> loss(target, source, context).shape, loss.classes
        (torch.Size([2]), tensor([-1, -1,  1, -1,  0, -1]))
    """

    adaptive = True
    relational = True
    draws = True
    learns = True
    of_vectors = True
    needs = (*FeatureLoss.needs, Labels(), SampleIds('num_samples', key='sample_idx'))

    embed_target: nn.Linear
    embed_source: nn.Linear
    target_memory: Tensor
    source_memory: Tensor
    classes: Tensor
    log_z: Tensor
    started: Tensor

    def __init__(
        self,
        num_samples: int,
        layers: str | Sequence[str] | Mapping[str, Any] = 'embedding',
        num_negatives: int = 16384,
        temperature: float = 0.07,
        momentum: float = 0.5,
        embed_dims: int = 128,
    ) -> None:
        super().__init__(layers)
        if len(self.layers['target']) > 1:
            raise ValueError(f'layers must be one at each end, got {layers!r}')
        self.num_samples = check_whole('num_samples', num_samples, 2)
        self.num_negatives = check_whole('num_negatives', num_negatives)
        self.temperature = check_number('temperature', temperature, '(0, inf)')
        self.momentum = check_number('momentum', momentum, '[0, 1)')
        self.embed_dims = check_whole('embed_dims', embed_dims)
        self.register_buffer('classes', torch.full((num_samples,), -1))
        self.register_buffer('log_z', torch.zeros(2))
        self.register_buffer('started', torch.tensor(False))  # whether log_z is known

    def set_num_classes(self, num_classes: int) -> None:
        """Tells the loss the number of classes."""
        self.num_classes = num_classes
        in_others = self.num_samples * (num_classes - 1) // num_classes
        self.num_negatives = max(min(self.num_negatives, in_others), 1)

    def set_shapes(self, target: list[torch.Size], source: list[torch.Size]) -> None:
        """Makes the linear layers and the memories."""
        super().set_shapes(target, source)
        bound = math.sqrt(3 / self.embed_dims)
        for end, (shape,) in (('target', target), ('source', source)):
            self.add_module(f'embed_{end}', nn.Linear(shape[0], self.embed_dims))
            self.register_buffer(
                f'{end}_memory', torch.empty(self.num_samples, self.embed_dims).uniform_(-bound, bound)
            )

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns the value per sample, shape (B,)."""
        assert context.sample_ids is not None and context.labels is not None
        ((own, others),) = self.pairs(target, source)
        embeddings = normalize(self.embed_target(own)), normalize(self.embed_source(others))
        ids = context.sample_ids.long()
        everyones = torch.stack([ids, context.labels])
        everyones = torch.cat(all_gather(everyones), dim=1) if self.training else everyones
        inside = (everyones[0] >= 0) & (everyones[0] < self.num_samples)
        assert_async(inside.all(), 'CRD: num_samples is too small, a sample_idx is not below it')
        last = self._last(everyones[0])
        classes = self.classes.index_copy(0, everyones[0], everyones[1, last])
        negatives = draw_negatives(classes, context.labels, self.num_classes, self._uniform(len(ids), context))
        places = torch.cat([ids.unsqueeze(1), negatives], dim=1)
        # Copies, as the memories move before the backward pass.
        memories = self.source_memory.clone(), self.target_memory.clone()
        scores = [(e @ m.T).gather(1, places) / self.temperature for e, m in zip(embeddings, memories, strict=True)]
        log_z = self._log_z(torch.stack([score.detach() for score in scores]))
        values = [self._value(score - one) for score, one in zip(scores, log_z, strict=True)]
        if self.training:
            self.classes.copy_(classes)
            self._move(everyones[0], last, torch.cat(embeddings, dim=1).detach())
        return values[0] + values[1]

    def _last(self, ids: Tensor) -> Tensor:
        """For each sample of a batch the place of the last one of the same image: of several that one counts."""
        places = torch.arange(len(ids), device=ids.device)
        return torch.full_like(self.classes, -1).scatter_reduce_(0, ids, places, 'amax')[ids]

    def _uniform(self, size: int, context: TransferContext) -> Tensor:
        """Random numbers for this process's samples, shape (B, K + 1)."""
        salt = f'CRD {context.source_name}->{context.target_name}'
        shape = size, self.num_negatives + 1
        return step_uniform_rows(context.seed, context.progress, shape, salt, self.training)

    def _value(self, log_p: Tensor) -> Tensor:
        """Of one end's log P, shape (B, 1 + K), the positive first."""
        share = self.num_negatives / self.num_samples
        # log(P + share) in logarithms: nothing overflows at low temperatures. logaddexp would take three times as long.
        least = math.log(share + EPS)
        log_sum = softplus(log_p - least, threshold=50) + least
        return log_sum.sum(dim=1) - log_p[:, 0] - self.num_negatives * math.log(share)

    @torch.no_grad()
    def _log_z(self, scores: Tensor) -> Tensor:
        """The logarithm of Z of both ends, shape (2,)."""
        means = scores.flatten(1).logsumexp(dim=1) + math.log(self.num_samples / scores[0].numel())
        if self.training:
            gathered = torch.stack(all_gather(means))
            means = gathered.logsumexp(dim=0) - math.log(len(gathered))
        log_z = torch.where(self.started, self.log_z, means)
        if self.training:
            # A batch that is not finite (a step that loss scaling skips) must not stay.
            is_finite = log_z.isfinite().all()
            self.log_z.copy_(torch.where(is_finite, log_z, self.log_z))
            self.started.logical_or_(is_finite)
        return log_z

    @torch.no_grad()
    def _move(self, ids: Tensor, last: Tensor, embeddings: Tensor) -> None:
        embeddings = torch.cat(all_gather(embeddings))[last]
        is_finite = embeddings.isfinite().all(dim=1, keepdim=True)
        ends = zip((self.target_memory, self.source_memory), embeddings.split(self.embed_dims, dim=1), strict=True)
        for memory, embedding in ends:
            old = memory[ids]
            moved = normalize(self.momentum * old + (1 - self.momentum) * embedding)
            memory.index_copy_(0, ids, torch.where(is_finite, moved, old))
