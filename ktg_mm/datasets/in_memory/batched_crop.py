"""Random crops of many images at once."""

from typing import Any

import mmcv
import numpy as np
import torch
from mmpretrain.datasets import RandomCrop
from torch import Tensor

from ktg_mm.datasets.transforms import PadRandomCrop

from .places import Places
from .seeded_draws import SeededDraws


class BatchedCrop:
    """What ``PadRandomCrop`` and mmpretrain's ``RandomCrop`` do, for a batch.

    Args:
        step: The step; its options are taken over.
        shape: Channels, height and width of the images that come to it.
        device: Where the images are. Defaults to the CPU.

    Attributes:
        shape: Those of the crops.
        fill: What a constant border is filled with, a number for each channel; None if no border is constant.

    Example:
        >>> BatchedCrop(PadRandomCrop(crop_size=32, padding=4), (3, 28, 28)).shape
        (3, 32, 32)
    """

    def __init__(self, step: RandomCrop, shape: tuple[int, ...], device: str | torch.device = 'cpu') -> None:
        channels, height, width = shape
        rows, cols = np.arange(height), np.arange(width)
        self.fill: Tensor | None = None
        for padding, mode in _borders(step, shape):
            if not any(padding):
                continue
            options: dict[str, Any] = dict(mode=mode)
            if mode == 'constant':
                options['constant_values'] = -1
                # OpenCV's own, as it reads one number as the first channel's.
                image = mmcv.impad(np.zeros((1, 1, channels), np.uint8), padding=(1, 0, 0, 0), pad_val=step.pad_val)
                self.fill = torch.from_numpy(image.reshape(2, channels)[0].copy()).to(device)
            left, top, right, bottom = padding
            rows, cols = np.pad(rows, (top, bottom), **options), np.pad(cols, (left, right), **options)
        self.rows, self.cols = torch.from_numpy(rows).to(device), torch.from_numpy(cols).to(device)
        self.padded = len(rows), len(cols)
        self.shape = channels, min(len(rows), step.crop_size[0]), min(len(cols), step.crop_size[1])

    def draw(self, draws: SeededDraws) -> dict[str, Tensor]:
        """Draws as the step does.

        Args:
            draws: The samples' streams.

        Returns:
            The crops' upper and left edges, integers (N,).
        """
        (height, width), (_, new_height, new_width) = self.padded, self.shape
        top = draws.integers(height - new_height + 1)
        return dict(top=torch.from_numpy(top), left=torch.from_numpy(draws.integers(width - new_width + 1)))

    def move(self, places: Places, drawn: dict[str, Tensor]) -> Places:
        """Where in the images the pixels of the crops come from.

        Args:
            places: Where those come from that the step is given.
            drawn: From :meth:`draw`, for the samples of a batch.
        """
        rows = _looked_up(places.rows, self.rows, drawn['top'], self.shape[1])
        return Places(rows, _looked_up(places.cols, self.cols, drawn['left'], self.shape[2]))


def _borders(step: RandomCrop, shape: tuple[int, ...]) -> list[tuple[tuple[int, ...], str]]:
    """The borders that a step adds in turn, each left, top, right and bottom, and how it fills them."""
    borders = []
    if isinstance(step, PadRandomCrop):
        borders.append((_sides(step.border), step.padding_mode))
    if step.padding is not None:
        borders.append((_sides(step.padding), 'constant'))  # whatever the mode
    if step.pad_if_needed:
        left, top, right, bottom = np.sum([sides for sides, _ in borders], axis=0) if borders else (0, 0, 0, 0)
        high = -(min(0, shape[1] + top + bottom - step.crop_size[0]) // 2)
        wide = -(min(0, shape[2] + left + right - step.crop_size[1]) // 2)
        borders.append(((wide, high, wide, high), step.padding_mode))
    return borders


def _sides(padding: Any) -> tuple[int, ...]:
    sides = (padding,) if isinstance(padding, int) else tuple(padding)
    return sides * (4 // len(sides))


def _looked_up(places: Tensor, table: Tensor, first: Tensor, size: int) -> Tensor:
    """Lines from ``first`` on of padded ones, as lines of the image; -1 is the constant border."""
    lines = table[first[:, None] + torch.arange(size, device=table.device)]
    return torch.where(lines < 0, -1, places.gather(1, lines.clamp(min=0)))
