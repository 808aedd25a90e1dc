"""Tensors times numbers, of which many are 1 and cost nothing."""

from __future__ import annotations

from torch import Tensor


def multiplied(value: Tensor, number: Tensor | float) -> Tensor:
    """A tensor times a number; by a plain 1, which changes no bit, nothing is computed.

    Example:
        >>> import torch
        >>> multiplied(value := torch.ones(1), 1.0) is value
        True
    """
    return value if _is_one(number) else value * number


def divided(value: Tensor, number: Tensor | float) -> Tensor:
    """Likewise, divided.

    Example:
        >>> import torch
        >>> divided(torch.ones(1), 2.0)
        tensor([0.5000])
    """
    return value if _is_one(number) else value / number


def _is_one(number: Tensor | float) -> bool:
    return not isinstance(number, Tensor) and number == 1
