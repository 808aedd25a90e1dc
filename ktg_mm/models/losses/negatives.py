"""Draws samples of other classes."""

import torch
from torch import Tensor


def draw_negatives(classes: Tensor, labels: Tensor, num_classes: int, uniform: Tensor) -> Tensor:
    """Draws K of N samples for each of B samples, out of other classes than its own.

    The samples, sorted by class, less those of its own class, are a ring; from a random place on it is cut into K parts
    of nearly equal length, and one sample is drawn from each. So each of them is as likely as any other, and none comes
    twice; if there are fewer than K, each draw is from all of them. Shapes do not depend on values.

    Args:
        classes: Classes of the N samples, integers of shape (N,); -1 where it is not known, which is another class.
        labels: Own classes, integers of shape (B,).
        num_classes: C.
        uniform: Random numbers in [0, 1), float64 of shape (B, K + 1).

    Returns:
        Places in ``classes``, integers of shape (B, K). Where all samples are of the own class they are any.

    Example:
        >>> uniform = torch.tensor([[0.0, 0.4, 0.9]], dtype=torch.float64)
        >>> draw_negatives(torch.tensor([0, 1, 0, 2, -1, 2]), torch.tensor([0]), 3, uniform)
        tensor([[1, 4]])
    """
    size, number = len(classes), uniform.shape[1] - 1
    classes = torch.where(classes < 0, num_classes, classes)
    order = classes.argsort(stable=True)
    sizes = classes.new_zeros(num_classes + 1).scatter_add_(0, classes, torch.ones_like(classes))
    starts = sizes.cumsum(0) - sizes
    own, start = sizes[labels].unsqueeze(1), starts[labels].unsqueeze(1)
    others = (size - own).clamp(min=1)
    edges = torch.arange(number + 1, device=classes.device) * others // number
    enough = others >= number
    low = torch.where(enough, edges[:, :-1], 0)
    length = torch.where(enough, edges.diff(dim=1), others)
    turn, within = (uniform[:, :1] * others).long(), (uniform[:, 1:] * length).long()
    place = (low + within + turn) % others
    return order[(place + own * (place >= start)).clamp(max=size - 1)]
