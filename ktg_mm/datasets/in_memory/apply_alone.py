"""Steps of a pipeline that run on each image alone."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor


def apply_alone(
    images: Tensor, steps: Sequence[Callable[[dict], dict]], seeds: Sequence[int], used: Sequence[int]
) -> Tensor:
    """Changes each image by steps that draw from numpy's generator, which goes on where those for batches ended.

    Args:
        images: Shape (B, C, H, W), on the CPU.
        steps: Such as ``RandAugment``; they change ``img`` (H, W) or (H, W, C) alone, and not its size.
        seeds: What ``SeedRandom`` seeds the generator with, for each image.
        used: How many numbers of 32 bits have been drawn of each image's stream.

    Returns:
        The same shape. The generator is what it was before.

    Example:
        >>> from mmpretrain.datasets import Invert
        >>> apply_alone(torch.full((1, 1, 1, 2), 55, dtype=torch.uint8), [Invert(prob=1.0)], [7], [0]).tolist()
        [[[[200, 200]]]]
    """
    pixels = images.permute(0, 2, 3, 1).clone(memory_format=torch.contiguous_format).numpy()
    grey = pixels.shape[3] == 1
    changed = np.empty_like(pixels)
    before = np.random.get_state()
    try:
        for number, (seed, drawn) in enumerate(zip(seeds, used, strict=True)):
            np.random.seed(seed)
            if drawn:  # numpy would draw for no byte, too
                np.random.bytes(4 * drawn)
            sample = {'img': pixels[number, ..., 0] if grey else pixels[number]}
            for step in steps:
                sample = step(sample)
            changed[number] = sample['img'][..., None] if grey else sample['img']
    finally:
        np.random.set_state(before)
    return torch.from_numpy(changed).permute(0, 3, 1, 2).contiguous()
