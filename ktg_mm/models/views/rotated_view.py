"""Rotated view."""

import torch
from torch import Tensor

from ktg_mm.errors import ConfigError
from ktg_mm.registry import VIEWS

from .base import Run, View, ViewContext

TURNS = 4


@VIEWS.register_module()
class RotatedView(View):
    """Each image, turned by 0, 90, 180 or 270 degrees: which, a network may learn to say (Gidaris et al., ICLR 2018).

    The turns are drawn anew in each step, as a view's noise is; ``Rotation`` knows them.

    Args:
        node: Whose task it is; a smaller graph without this node has no such view. It is not run.
        of: The view that it is made of, whose images are square. Defaults to None: the only one, which has no name.

    Raises:
        ValueError: If an argument is no name.
        ConfigError: At the first step, if the images are not square.

    Example:
        >>> from ktg_mm.structures import SampleRows
        >>> rows, progress = SampleRows.of(torch.zeros(3)), torch.tensor(0.5, dtype=torch.float64)
        >>> context = ViewContext('turned', 0, progress, rows)
        >>> context.turns(TURNS), RotatedView('net1')(None, torch.tensor([[[[0, 1], [2, 3]]]] * 3), context)[:, 0, 0]
        (tensor([1, 0, 1]), tensor([[1, 3],
                [0, 1],
                [1, 3]]))
    """

    takes_gradients = False

    def forward(self, node: Run, images: Tensor, context: ViewContext) -> Tensor:
        """Returns the images turned to the left, of the same shape."""
        if images.dim() != 4 or images.shape[2] != images.shape[3]:
            shape = ' x '.join(map(str, images.shape[2:])) or 'none'
            raise ConfigError(
                f'model.views.{context.name}', f'turns square images, and these are {shape}; leave it out'
            )
        made, turns = images.detach(), context.turns(TURNS).view(-1, 1, 1, 1)
        for turn in range(1, TURNS):
            made = torch.where(turns == turn, torch.rot90(images.detach(), turn, (2, 3)), made)
        return made
