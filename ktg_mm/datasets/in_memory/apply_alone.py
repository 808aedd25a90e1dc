"""Steps of a pipeline that run on each image alone."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from ktg_mm.datasets.transforms import SeedRandom


def apply_alone(
    images: Tensor, steps: Sequence[Callable[[dict], dict]], indices: Sequence[int], used: Sequence[int]
) -> Tensor:
    """Changes each image by steps that draw from the generators, which go on where those for whole batches ended.

    Args:
        images: Shape (B, C, H, W), on the CPU.
        steps: Such as ``RandAugment``; they change ``img`` (H, W) or (H, W, C) alone, and not its size.
        indices: Of the samples; they have their seeds.
        used: How many numbers of 32 bits have been drawn of each sample's stream.

    Returns:
        The same shape. The generators are what they were before.

    Example:
        >>> from mmpretrain.datasets import Invert
        >>> from ktg_mm.datasets import SeededIndex
        >>> images = torch.full((1, 1, 1, 2), 55, dtype=torch.uint8)
        >>> apply_alone(images, [Invert(prob=1.0)], [SeededIndex(7, seed=0, epoch=3)], [0]).tolist()
        [[[[200, 200]]]]
    """
    changed = torch.empty_like(images)
    grey = images.shape[1] == 1
    seed = SeedRandom()
    with _undisturbed():
        for number, index in enumerate(indices):
            seed({'sample_idx': index})
            if used[number]:  # numpy would draw for no byte, too
                np.random.bytes(4 * used[number])
            pixels = images[number].permute(1, 2, 0).contiguous().numpy()
            sample = {'img': pixels[..., 0] if grey else pixels}
            for step in steps:
                sample = step(sample)
            found = torch.from_numpy(np.ascontiguousarray(sample['img']))
            changed[number] = found if grey else found.permute(2, 0, 1)
    return changed


@contextmanager
def _undisturbed() -> Iterator[None]:
    before = random.getstate(), np.random.get_state(), torch.get_rng_state()
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])
        torch.set_rng_state(before[2])
