"""Random flips of many images at once."""

import numpy as np
import torch
from mmcv.transforms import RandomFlip
from torch import Tensor

from .places import Places
from .seeded_draws import SeededDraws


class BatchedFlip:
    """What mmcv's ``RandomFlip`` does, for a batch.

    Args:
        step: The step; its options are taken over.
        shape: Channels, height and width of the images.
        device: As BatchedCrop's; there is nothing to keep there.

    Attributes:
        shape: The same.
        directions: What it chooses from; the last is None, no flip.

    Example:
        >>> BatchedFlip(RandomFlip(0.5), (3, 32, 32)).directions
        ['horizontal', None]
    """

    fill: Tensor | None = None

    def __init__(self, step: RandomFlip, shape: tuple[int, ...], device: str | torch.device = 'cpu') -> None:
        self.shape = shape
        several = not isinstance(step.direction, str)
        self.directions = [*step.direction, None] if several else [step.direction, None]
        flips = len(self.directions) - 1
        prob = step.prob if isinstance(step.prob, list) else [step.prob / flips] * flips
        rest = 1 - sum(prob) if isinstance(step.prob, list) else 1.0 - step.prob
        # As np.random.choice finds what it has drawn.
        self.bounds = np.array([*prob, rest], dtype=np.float64).cumsum()
        self.bounds /= self.bounds[-1]

    def draw(self, draws: SeededDraws) -> dict[str, Tensor]:
        """Draws as the step does.

        Args:
            draws: The samples' streams.

        Returns:
            Which of the directions, integers (N,).
        """
        return dict(direction=torch.from_numpy(self.bounds.searchsorted(draws.random(), side='right')))

    def move(self, places: Places, drawn: dict[str, Tensor]) -> Places:
        """Where in the images the pixels of the flipped ones come from.

        Args:
            places: Where those come from that the step is given.
            drawn: From :meth:`draw`, for the samples of a batch.
        """
        rows, cols = places.rows, places.cols
        for number, direction in enumerate(self.directions[:-1]):
            chosen = (drawn['direction'] == number)[:, None]
            if direction != 'horizontal':
                rows = torch.where(chosen, rows.flip(1), rows)
            if direction != 'vertical':
                cols = torch.where(chosen, cols.flip(1), cols)
        return Places(rows, cols)
