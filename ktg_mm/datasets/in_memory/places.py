"""Where the pixels of changed images come from."""

from typing import NamedTuple

import torch
from torch import Tensor


class Places(NamedTuple):
    """Of each line of pixels in a batch of changed images the line of the stored image that it shows.

    Crops and flips move whole rows and columns, so one step after another moves these numbers, and the pixels once.

    Args:
        rows: Integers (B, height); -1 is a border of one colour.
        cols: Integers (B, width), likewise.

    Example:
        >>> image = torch.arange(4, dtype=torch.uint8).view(1, 1, 2, 2)
        >>> Places(torch.tensor([[1, 0]]), torch.tensor([[0, -1]])).look_up(image, torch.tensor([9])).tolist()
        [[[[2, 9], [0, 9]]]]
    """

    rows: Tensor
    cols: Tensor

    def look_up(self, images: Tensor, fill: Tensor | None = None) -> Tensor:
        """The changed images.

        Args:
            images: Stored ones, shape (B, C, H, W).
            fill: Colour of the border, a number for each channel. Defaults to None: no place is -1.

        Returns:
            Shape (B, C, height, width).
        """
        size, channels, _, width = images.shape
        rows, cols = self.rows[:, :, None], self.cols[:, None, :]
        flat = (rows * width + cols).clamp(min=0).view(size, 1, -1).expand(-1, channels, -1)
        pixels = images.view(size, channels, -1).gather(2, flat)
        pixels = pixels.view(size, channels, self.rows.shape[1], self.cols.shape[1])
        if fill is None:
            return pixels
        return torch.where(((rows < 0) | (cols < 0))[:, None], fill[:, None, None], pixels)
