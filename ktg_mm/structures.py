"""What flows along the edges of a graph: the nodes' outputs and what is known about the batch."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ktg_mm.scaled import divided

UNLABELED = -1  # the label of a sample whose class is not known, or hidden


def full_precision(value: Tensor) -> Tensor:
    """A tensor of half precision as float32, any other as it is: confidences near 1 need the digits.

    Example:
        >>> full_precision(torch.ones(1, dtype=torch.bfloat16)).dtype
        torch.float32
    """
    return value.float() if value.dtype in (torch.float16, torch.bfloat16) else value


class NodeOutput:
    """What one node predicts for one view of a batch.

    Whatever several edges need of it (softmaxes, attention crops) is computed once and kept, see :meth:`cached`.

    Args:
        logits: Class scores of shape (B, C).
        attention: Attention maps of shape (B, H, W), where the network has them or an edge asks for them.
        attention_logits: Class scores of an attention branch, shape (B, C).
        features: What layers of the network give, by the names that edges ask for: feature maps of shape (B, C, H, W)
            or embeddings of shape (B, D). Defaults to None: nobody has asked.
        told: What the node says to some of its listeners, by their names, where that is something else. Defaults to
            None: all hear the same.

    Example:
        >>> output = NodeOutput(torch.tensor([[0.0, 0.0], [9.0, 0.0]]))
        >>> output.probabilities()[0]
        tensor([0.5000, 0.5000])
        >>> output.predicted
        tensor([0, 0])
    """

    def __init__(
        self,
        logits: Tensor,
        attention: Tensor | None = None,
        attention_logits: Tensor | None = None,
        features: Mapping[str, Tensor] | None = None,
        told: Mapping[str, NodeOutput] | None = None,
    ) -> None:
        self.logits = logits
        self.attention = attention
        self.attention_logits = attention_logits
        self.features = dict(features or {})
        self.told = dict(told or {})
        self._cache: dict[Hashable, Tensor] = {}
        self._detached: NodeOutput | None = None

    def cached(self, key: Hashable, compute: Callable[[], Tensor]) -> Tensor:
        """Returns ``compute()``, computed at the first call with this key only."""
        if key not in self._cache:
            # The first to ask may want no gradient, another one may.
            with torch.enable_grad():
                self._cache[key] = compute()
        return self._cache[key]

    def log_probabilities(self, temperature: float = 1.0) -> Tensor:
        """Log-softmax of logits / temperature, shape (B, C); float32 for logits of half precision."""
        # Cast before the division, which would round again where the temperature is no power of 2.
        return self.cached(
            ('log_probabilities', temperature),
            lambda: F.log_softmax(divided(full_precision(self.logits), temperature), dim=1),
        )

    def probabilities(self, temperature: float = 1.0) -> Tensor:
        """Softmax of logits / temperature, shape (B, C)."""
        return self.cached(('probabilities', temperature), lambda: self.log_probabilities(temperature).exp())

    @property
    def predicted(self) -> Tensor:
        """The class with the highest score, shape (B,)."""
        return self.cached('predicted', lambda: self.logits.argmax(dim=1))

    @property
    def confidence(self) -> Tensor:
        """The highest probability, shape (B,)."""
        return self.cached('confidence', lambda: self.probabilities().amax(dim=1))

    def feature(self, layer: str) -> Tensor:
        """What a layer gives, shape (B, C, H, W) or (B, D); float32 for a feature of half precision.

        Args:
            layer: The name that it was asked for by.
        """
        return self.cached(('feature', layer), lambda: full_precision(self.features[layer]))

    def select(self, rows: slice | Tensor) -> NodeOutput:
        """The output for some of the samples.

        Args:
            rows: Which rows of the batch.
        """
        return self._each(lambda value: value[rows])

    def _each(self, change: Callable[[Tensor], Tensor]) -> NodeOutput:
        """The output with all its tensors changed alike."""
        return NodeOutput(
            change(self.logits),
            None if self.attention is None else change(self.attention),
            None if self.attention_logits is None else change(self.attention_logits),
            {layer: change(feature) for layer, feature in self.features.items()},
            {listener: output._each(change) for listener, output in self.told.items()},
        )

    def detach(self) -> NodeOutput:
        """The same output as a teacher: no gradient flows back, the softmaxes are shared with this one."""
        if self._detached is None:
            self._detached = DetachedOutput(self)
        return self._detached


class DetachedOutput(NodeOutput):
    """A node's output without its gradient; it takes softmaxes from the output that it was made of."""

    def __init__(self, attached: NodeOutput) -> None:
        output = attached._each(Tensor.detach)
        told = {listener: one.detach() for listener, one in attached.told.items()}
        super().__init__(output.logits, output.attention, output.attention_logits, output.features, told)
        self._attached = attached

    def log_probabilities(self, temperature: float = 1.0) -> Tensor:
        """Log-softmax of logits / temperature, shape (B, C)."""
        return self._attached.log_probabilities(temperature).detach()


class LabelOutput(NodeOutput):
    """The label as a teacher: all probability is on the true class, or as a soft label says, at any temperature.

    Args:
        labels: True classes, integers of shape (B,).
        num_classes: Number of classes C.
        scores: Soft labels instead, such as mixed ones: probabilities of shape (B, C). Defaults to None.

    Attributes:
        labels: As given.
        scores: As given.

    Example:
        >>> LabelOutput(torch.tensor([1]), num_classes=3).probabilities()
        tensor([[0., 1., 0.]])
        >>> LabelOutput(torch.tensor([1]), num_classes=2, scores=torch.tensor([[0.2, 0.8]])).confidence
        tensor([0.8000])
    """

    def __init__(self, labels: Tensor, num_classes: int, scores: Tensor | None = None) -> None:
        super().__init__(labels if scores is None else scores)
        self.labels = labels
        self.num_classes = num_classes
        self.scores = scores

    def probabilities(self, temperature: float = 1.0) -> Tensor:
        """One-hot labels, or the soft ones, shape (B, C)."""
        if self.scores is not None:
            return self.scores
        return self.cached('one_hot', self._one_hot)

    def _one_hot(self) -> Tensor:
        # torch's own looks at the labels first, unless they are on a GPU.
        rows = torch.zeros(len(self.labels), self.num_classes, device=self.labels.device)
        return rows.scatter_(1, self.labels.unsqueeze(1), 1.0)

    def log_probabilities(self, temperature: float = 1.0) -> Tensor:
        """Their logarithms, minus infinity where there is no probability, shape (B, C)."""
        return self.cached('log_one_hot', lambda: self.probabilities().log())

    @property
    def predicted(self) -> Tensor:
        """The label itself, or the most probable class of a soft one, shape (B,)."""
        return self.labels if self.scores is None else super().predicted

    def detach(self) -> LabelOutput:
        """A label has no gradient: the same object."""
        return self


@dataclass(frozen=True)
class SampleRows:
    """Which rows of a batch have a label.

    Args:
        size: Number of samples B in the batch.
        labeled: Rows of the labelled samples.
        unlabeled: Rows of the others.
        num_labeled: How many have a label.

    Example:
        >>> rows = SampleRows.of(torch.tensor([3, 0, UNLABELED, UNLABELED]))
        >>> rows.labeled, rows.unlabeled
        (slice(0, 2, None), slice(2, 4, None))
    """

    size: int
    labeled: slice | Tensor
    unlabeled: slice | Tensor
    num_labeled: int

    @classmethod
    def of(cls, labels: Tensor) -> SampleRows:
        """Finds the rows of a batch; labels on the CPU cost no wait for a device.

        Args:
            labels: Integers of shape (B,), ``UNLABELED`` where there is none.
        """
        has_label = labels.cpu().numpy() != UNLABELED
        number = int(has_label.sum())
        if has_label[:number].all():  # the labelled ones come first, as the sampler has them
            return cls(len(labels), slice(0, number), slice(number, len(labels)), number)
        labeled, unlabeled = (torch.from_numpy(np.flatnonzero(mask)) for mask in (has_label, ~has_label))
        return cls(len(labels), labeled, unlabeled, number)

    def count(self, samples: str) -> int:
        """How many samples are ``'labeled'``, ``'unlabeled'`` or in ``'all'``."""
        return {'labeled': self.num_labeled, 'unlabeled': self.size - self.num_labeled}.get(samples, self.size)

    def rows(self, samples: str) -> slice | Tensor:
        """The rows of the ``'labeled'``, the ``'unlabeled'`` or ``'all'`` samples; a slice where that is possible."""
        if self.count(samples) == self.size:
            return slice(None)
        return self.labeled if samples == 'labeled' else self.unlabeled


@dataclass
class TransferContext:
    """What edges may know besides the two outputs that they compare.

    Args:
        labels: True classes, integers of shape (B,); None if a sample of the edge has none, or labels are soft.
        progress: k / k_end, the share of the run's iterations including the present one, in (0, 1]: float64 of shape ()
            on the batch's device; of a plain number it is made. A part computes with it as a tensor, as a step that is
            captured on a GPU sees the next value in the same memory. Defaults to 1.
        source_name: Name of the node that teaches.
        target_name: Name of the node that learns.
        seed: The run's, for gates that draw something.
        sample_ids: Number of each image among the unlabelled ones of its data set, integers of shape (B,); for parts
            with the need ``SampleIds``.
        labeled_source: What the source says of the batch's L labelled samples in the view that it teaches with,
            detached; for parts with the need ``LabeledSource``.
        labeled_labels: Their true classes, integers of shape (L,); None if labels are soft.
        labeled_ids: Their numbers among the labelled images, shape (L,); for parts with the need ``LabeledIds``.
        other_target: What the target says of the edge's samples in another view, detached unless it learns there; for
            parts with the need ``OtherView``.
        other_source: What the source says of them in that view, detached.
        turns: How often each sample was turned; for parts with the need ``Turns``.
        target_classifier: The matrix of the target's classifier, shape (C, D); for parts with the need ``Classifiers``.
        source_classifier: The source's, detached if the edge does so.
    """

    labels: Tensor | None
    progress: Tensor = 1.0  # type: ignore[assignment]
    source_name: str = ''
    target_name: str = ''
    seed: int = 0
    sample_ids: Tensor | None = None
    labeled_source: NodeOutput | None = None
    labeled_labels: Tensor | None = None
    labeled_ids: Tensor | None = None
    other_target: NodeOutput | None = None
    other_source: NodeOutput | None = None
    turns: Tensor | None = None
    target_classifier: Tensor | None = None
    source_classifier: Tensor | None = None

    def __post_init__(self) -> None:
        device = None if isinstance(self.progress, Tensor) or self.labels is None else self.labels.device
        self.progress = torch.as_tensor(self.progress, dtype=torch.float64, device=device)


@dataclass
class EdgeValue:
    """What an edge gives to its target.

    Args:
        loss: Scalar with gradient: the mean over the batch of the gated loss, times the edge's weight.
        gate_weight: Scalar without gradient: the mean over the batch of the gate's factor, for the log.
    """

    loss: Tensor
    gate_weight: Tensor | float


def mean_over_batch(per_sample: Tensor | float) -> Tensor | float:
    """Mean of a value per sample, shape (B,) -> (); a plain number stays as it is."""
    return per_sample.mean() if isinstance(per_sample, torch.Tensor) else per_sample
