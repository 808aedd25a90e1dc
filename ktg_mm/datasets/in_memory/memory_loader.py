"""A data loader of images in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, cast

import torch
from torch.utils.data import DataLoader

from .images_in_memory import ImagesInMemory


class MemoryLoader(DataLoader):
    """Another loader's batches, of images that are read once and changed a batch at a time, on the run's device.

    Args:
        loader: The loader, without workers; ``default_collate`` puts its batches together.
        images: Those of its data set.

    Example:
        >>> from mmpretrain.datasets import PackInputs
        >>> from ktg_mm.datasets import Digits
        >>> loader = DataLoader(Digits(pipeline=[PackInputs()]), batch_size=4)
        >>> images = ImagesInMemory(loader.dataset, torch.device('cpu'), 'val_dataloader.dataset')
        >>> next(iter(MemoryLoader(loader, images)))['inputs'].shape
        torch.Size([4, 1, 8, 8])
    """

    def __init__(self, loader: DataLoader, images: ImagesInMemory) -> None:
        super().__init__(
            loader.dataset,
            batch_size=loader.batch_size,
            sampler=loader.sampler,
            drop_last=loader.drop_last,
            collate_fn=loader.collate_fn,
        )
        self.images = images

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]  # torch's own kind, which has workers
        """A pass over the data."""
        torch.empty((), dtype=torch.int64).random_()  # as torch's own does, after which a model may draw
        return self.images.batches(cast(Iterable, self.batch_sampler))
