"""A data set's images in one tensor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, cast

import numpy as np
import torch
from mmengine.dataset import BaseDataset
from mmpretrain.structures import DataSample
from torch import Tensor

from ktg_mm.datasets.samplers import SeededIndex
from ktg_mm.datasets.transforms import SeedRandom
from ktg_mm.errors import ConfigError

from .apply_alone import apply_alone
from .batched_flip import BatchedFlip
from .batched_pipeline import BatchedPipeline, apply, draw
from .free_memory import free_memory
from .seeded_draws import AT_ONCE, SeededDraws

_AHEAD = 4096  # samples for which is drawn together
_OF_A_DRAW = ('flip', 'flip_direction')  # what a step notes of what it drew


class ImagesInMemory:
    """All images of a data set on a device, and batches of them as its pipeline and ``default_collate`` make them.

    The same pixels, labels and notes: what is drawn are the numbers that ``SeedRandom`` stands for. But Python's,
    numpy's and torch's own generators are left alone, as by loader workers.

    Args:
        dataset: The data set; each image of it is read once, here.
        device: Where its images are to be.
        key: Config key of the data set.

    Raises:
        ConfigError: If its pipeline cannot work on many images at once, its images differ in size or are no bytes, or
            they are more than the device has room for.

    Example:
        >>> from mmpretrain.datasets import PackInputs
        >>> from ktg_mm.datasets import Digits, PadRandomCrop
        >>> digits = Digits(pipeline=[SeedRandom(), PadRandomCrop(8, 1), PackInputs()])
        >>> memory, index = ImagesInMemory(digits, torch.device('cpu'), 'dataset'), SeededIndex(7, seed=0, epoch=3)
        >>> batch = next(memory.batches([[index]]))
        >>> torch.equal(batch['inputs'][0], digits[index]['inputs']), batch['data_samples'][0].gt_label
        (True, tensor([8]))
    """

    def __init__(self, dataset: Any, device: torch.device, key: str) -> None:
        kind = type(dataset)
        if not issubclass(kind, BaseDataset) or kind.__getitem__ is not BaseDataset.__getitem__:
            raise ConfigError(key, f'{kind.__name__} cannot be in memory, only a data set with a pipeline of its own')
        if not len(dataset):
            raise ConfigError(key, 'has no samples')
        self.key = key
        self.pipeline = BatchedPipeline(dataset.pipeline.transforms, f'{key}.pipeline')
        self.notes: list[dict[str, Any]] = []
        packed = self._packed(dataset, 0)
        self.alone = self.pipeline.alone(packed['inputs'].shape)
        # A GPU would have to be waited for at each batch that goes on image by image.
        self.device = device = torch.device('cpu') if self.alone else device
        needed, free = len(dataset) * packed['inputs'].numel(), free_memory(device)
        if free is not None and needed > free:
            raise ConfigError(
                key,
                f'needs {needed / 2**20:,.0f} MiB in the memory of {device}, of which {free / 2**20:,.0f} are free; '
                'set in_memory=False',
            )
        changed = self._changed_notes(dataset)
        images = torch.empty(len(dataset), *packed['inputs'].shape, dtype=torch.uint8)
        fields: list[dict[str, Tensor]] = []
        for number in range(len(dataset)):
            packed = self._packed(dataset, number)
            image, labels = packed['inputs'], packed['data_samples']
            if image.dtype != torch.uint8 or image.shape != images.shape[1:]:
                raise ConfigError(
                    f'{key}.pipeline',
                    'must make all images uint8 and of one size before it draws, to be in memory; image '
                    f'{number} is {str(image.dtype).removeprefix("torch.")} {tuple(image.shape)}, '
                    f'image 0 has {tuple(images.shape[1:])}',
                )
            images[number] = image
            fields.append(dict(labels.items()))
            notes = {**dict(labels.metainfo_items()), **changed}
            notes.pop('sample_idx', None)
            # Mostly all alike; many dicts would be looked through at each collection of garbage.
            self.notes.append(self.notes[-1] if self.notes and self.notes[-1] == notes else notes)
        self.images = images.to(device)
        self.fields = self._stacked(fields)
        self._at_once = AT_ONCE * (2 if self.pipeline.last else 1)
        self.views = self.pipeline.batched(tuple(images.shape[1:]), device, len(self.alone))

    def _packed(self, dataset: BaseDataset, number: int) -> dict[str, Any]:
        """An image of which nothing is drawn yet, and its data sample."""
        sample = self.pipeline.run_once(dataset.get_data_info(number))
        if sample is None:
            raise ConfigError(self.key, f'image {number} cannot be read, as all must be that are in memory')
        return self.pipeline.pack(sample)

    def _changed_notes(self, dataset: BaseDataset) -> dict[str, Any]:
        """What the steps that draw note of every image alike, such as its new size; a view's notes are dropped."""
        sample = self.pipeline.run_once(dataset.get_data_info(0))
        before = self.pipeline.pack(sample)['data_samples']
        state = np.random.get_state()
        for step in self.pipeline.views.get('', ()):
            sample = step(sample)
        np.random.set_state(state)
        after = self.pipeline.pack(sample)['data_samples']
        return {
            name: value
            for name, value in after.metainfo_items()
            if name not in _OF_A_DRAW and (name not in before or before.get(name) != value)
        }

    def _stacked(self, fields: Sequence[Mapping[str, Any]]) -> dict[str, Tensor]:
        """The labels of all samples, by their names."""
        names, unlike = (
            fields[0].keys(),
            ConfigError(self.key, 'must give all images labels of one shape, to be in memory'),
        )
        if any(sample.keys() != names for sample in fields):
            raise unlike
        try:
            return {name: torch.stack([sample[name] for sample in fields]).to(self.device) for name in names}
        except (RuntimeError, TypeError) as error:  # of other shapes; no tensors
            raise unlike from error

    def batches(self, of_indices: Iterable[Sequence[int]]) -> Iterator[dict[str, Any]]:
        """The batches of some samples.

        Args:
            of_indices: The indices of each, from a sampler. They are read ahead, as loader workers do.

        Yields:
            ``inputs``, uint8 (B, C, H, W) or a dict of such by view, and ``data_samples``, on the device.
        """
        unread = iter(of_indices)
        while first := next(unread, None):
            ahead = [first, *islice(unread, max(0, _AHEAD // len(first) - 1))]
            indices = [index for batch in ahead for index in batch]
            drawn, streams = self._draw(indices)
            numbers = torch.from_numpy(np.array(indices, dtype=np.int64)).to(self.device)
            flips = self._flips(drawn, len(indices))
            drawn = {name: [_to(its, self.device) for its in of_view] for name, of_view in drawn.items()}
            end = 0
            for batch in ahead:
                part, end = slice(end, end + len(batch)), end + len(batch)
                mine = {name: [_cut(its, part) for its in of_view] for name, of_view in drawn.items()}
                yield self._batch(batch, numbers[part], mine, flips[part], streams[part])

    def _draw(self, indices: Sequence[int]) -> tuple[dict[str, list[dict[str, Any]]], list[tuple[int, int]]]:
        """What each view's steps draw, each sample's seed, and how many numbers of its stream that takes."""
        if not self.pipeline.seeds:
            return {name: [] for name in self.views}, []
        for index in indices:
            if not isinstance(index, SeededIndex):
                SeedRandom()({'sample_idx': index})  # raises
        draws = SeededDraws(cast(Sequence[SeededIndex], indices), self._at_once)
        drawn = draw(self.views, draws)
        return drawn, list(zip(draws.seeds.tolist(), draws.used, strict=True))

    def _flips(self, drawn: Mapping[str, Sequence[Mapping[str, Any]]], size: int) -> list[dict[str, Any]]:
        """What the last flip notes of each sample; nothing without one, or within a view."""
        for step, its in reversed(list(zip(self.views.get('', ()), drawn.get('', ()), strict=True))):
            if isinstance(step, BatchedFlip):
                notes = [
                    self._kept(dict(flip=direction is not None, flip_direction=direction))
                    for direction in step.directions
                ]
                return [notes[number] for number in its['direction'].tolist()]
        return [{}] * size

    def _kept(self, notes: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in notes.items() if name in self.pipeline.pack.meta_keys}

    def _batch(
        self,
        indices: Sequence[int],
        numbers: Tensor,
        drawn: Mapping[str, Sequence[dict[str, Any]]],
        flips: Sequence[Mapping[str, Any]],
        streams: Sequence[tuple[int, int]],
    ) -> dict[str, Any]:
        images = self.images[numbers]
        views = {name: apply(images, steps, drawn[name]) for name, steps in self.views.items()}
        if self.alone:
            name = list(views)[-1]
            views[name] = apply_alone(views[name], self.alone, *zip(*streams, strict=True))
        labels = [(name, field[numbers].unbind()) for name, field in self.fields.items()]
        numbered = 'sample_idx' in self.pipeline.pack.meta_keys
        samples = []
        for position, (index, flip) in enumerate(zip(indices, flips, strict=True)):
            sample = DataSample()
            for name, values in labels:
                sample.set_field(values[position], name, dtype=Tensor)
            if numbered:
                sample.set_field(index, 'sample_idx', field_type='metainfo')
            for notes in (self.notes[index], flip):
                for name, value in notes.items():
                    sample.set_field(value, name, field_type='metainfo')
            samples.append(sample)
        return dict(inputs=views.get('', views), data_samples=samples)


def _to(drawn: Mapping[str, Any], device: torch.device) -> dict[str, Any]:
    """Moves what is drawn, but for what stays on the CPU as arrays."""
    return {name: value.to(device) if isinstance(value, Tensor) else value for name, value in drawn.items()}


def _cut(drawn: Mapping[str, Any], part: slice) -> dict[str, Any]:
    return {name: value[part] for name, value in drawn.items()}
