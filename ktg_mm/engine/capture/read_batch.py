"""A batch of the loader, read on the host, for a step whose memory stays where it is."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from ktg_mm.models.samples import Samples

Inputs = Tensor | Mapping[str, Tensor]


def _as_they_are(inputs: Inputs) -> Inputs:
    return inputs


@dataclass(frozen=True)
class ReadBatch:
    """Images and what is known of the samples, before the step.

    Args:
        inputs: Images as the loader has them, or already prepared.
        samples: What the edges may know.
        prepare: What makes of the inputs what the graph is given; it looks at nothing but the inputs.

    Example:
        >>> from mmpretrain.structures import DataSample
        >>> samples = Samples.of([DataSample().set_gt_label(label) for label in (3, 0)])
        >>> first, second = (ReadBatch(torch.full((2, 1, 4, 4), i), samples) for i in range(2))
        >>> first.likeness == second.likeness
        True
        >>> first.fill(second)
        >>> int(first.inputs.sum())
        32
    """

    inputs: Inputs
    samples: Samples
    prepare: Callable[[Inputs], Inputs] = _as_they_are

    @classmethod
    def of(cls, graph: Any, data: Mapping[str, Any]) -> ReadBatch:
        """Reads and checks a batch of the loader.

        Args:
            graph: The graph that is to be trained on it. Where its data preprocessor leaves the labels alone, what it
                does to the images is a part of the step, and labels go to the device all at once.
            data: ``inputs`` and ``data_samples``.

        Raises:
            ConfigError: If the samples are not what the graph needs.
        """
        preprocessor, inputs = graph.data_preprocessor, _stacked(data['inputs'])
        if inputs is None or getattr(preprocessor, 'changes_labels', True):
            batch = dict(preprocessor(data, training=True))
            return cls(batch['inputs'], graph.samples_of(batch['data_samples'], batch.get('rows')))

        def prepare(inputs: Inputs) -> Inputs:
            return preprocessor(dict(inputs=inputs), training=True)['inputs']

        return cls(inputs, graph.samples_of(data['data_samples'], preprocessor.rows_of(data)), prepare)

    @property
    def likeness(self) -> Hashable:
        """Equal for batches that one recorded step can take: names, shapes, types, and which rows have a label."""
        rows = self.samples.rows
        return (
            rows.size,
            rows.num_labeled,
            repr(rows.labeled) if isinstance(rows.labeled, slice) else None,
            tuple((name, tensor.shape, tensor.dtype) for name, tensor in self._tensors()),
        )

    def on(self, device: torch.device) -> ReadBatch:
        """The same in memory of its own on a device."""

        def own(tensor: Tensor) -> Tensor:
            return tensor.to(device, non_blocking=True, copy=True)

        inputs, samples = self.inputs, self.samples
        rows = samples.rows
        if isinstance(rows.labeled, Tensor) and isinstance(rows.unlabeled, Tensor):
            rows = replace(rows, labeled=own(rows.labeled), unlabeled=own(rows.unlabeled))
        return replace(
            self,
            inputs=own(inputs) if isinstance(inputs, Tensor) else {name: own(view) for name, view in inputs.items()},
            samples=replace(
                samples,
                rows=rows,
                labels=own(samples.labels),
                scores=None if samples.scores is None else own(samples.scores),
                numbers={name: own(numbers) for name, numbers in samples.numbers.items()},
            ),
        )

    @torch.no_grad()
    def fill(self, other: ReadBatch) -> None:
        """Puts another batch's values, which is alike, into this one's memory."""
        for (_, mine), (_, its) in zip(self._tensors(), other._tensors(), strict=True):
            mine.copy_(its, non_blocking=True)

    def tensors(self) -> list[Tensor]:
        """All memory that the step reads."""
        return [tensor for _, tensor in self._tensors()]

    def prepared(self) -> dict[str, Any]:
        """What the graph's step is given."""
        return dict(inputs=self.prepare(self.inputs), samples=self.samples)

    def _tensors(self) -> Iterator[tuple[str, Tensor]]:
        inputs, samples = self.inputs, self.samples
        named: dict[str, Any] = {'inputs': inputs} if isinstance(inputs, Tensor) else dict(inputs)
        named |= {'labels': samples.labels, 'scores': samples.scores, **samples.numbers}
        named |= {'labeled': samples.rows.labeled, 'unlabeled': samples.rows.unlabeled}
        return ((name, value) for name, value in named.items() if isinstance(value, Tensor))


def _stacked(inputs: Any) -> Inputs | None:
    """Images as one tensor, or one for each view; None if they are of several sizes."""
    if isinstance(inputs, Mapping):
        views = {name: _stacked(view) for name, view in inputs.items()}
        found = {name: view for name, view in views.items() if isinstance(view, Tensor)}
        return found if len(found) == len(views) else None
    if isinstance(inputs, Tensor):
        return inputs
    images = list(inputs)
    return torch.stack(images) if len({(image.shape, image.dtype) for image in images}) == 1 else None
