"""Functions that ``vmap`` runs with more passes over memory than it needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode


class StackedFunctions(TorchFunctionMode):
    """While it is entered, a network under ``vmap`` takes as many passes over memory as it does alone.

    Batch norm is one of all channels of all networks; torch's own rule copies the images and multiplies by the weights
    apart. ReLU makes a tensor of its own where a network wants it in place: under ``vmap`` the place is a view, whose
    gradient is copied. A network that reads the place by another name would find something else there, so it is tried
    before it is taken, see :func:`~ktg_mm.models.stack.check_stackable`.

    Example:
        >>> images, mean, variance = torch.rand(3, 4, 2), torch.zeros(3, 2), torch.ones(3, 2)
        >>> with StackedFunctions():
        ...     out = torch.func.vmap(lambda *each: F.batch_norm(*each, training=True))(images, mean, variance)
        >>> out.shape, mean.shape
        (torch.Size([3, 4, 2]), torch.Size([3, 2]))
    """

    def __torch_function__(
        self, func: Callable, types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Calls what is called, these two in the other way."""
        func = _OTHERS.get(func, func)
        return func(*args, **(kwargs or {}))


def _batch_norm(
    images: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    return _OfAll.apply(images, running_mean, running_var, weight, bias, training, momentum, eps)


class _OfAll(torch.autograd.Function):
    """The rule by which ``vmap`` runs it; autograd sees what the rule calls."""

    @staticmethod
    def forward(*args: Any) -> Tensor:
        return F.batch_norm(*args)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        pass

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int | None, ...], images: Tensor, *rest: Any) -> tuple[Tensor, int]:
        number = info.batch_size
        if in_dims[0] is None:
            images = images.unsqueeze(1).expand(-1, number, *images.shape[1:])
        else:
            images = images.movedim(in_dims[0], 1)
        # Statistics are written to, so they stay views of the stacked ones.
        statistics: list[Any] = [None if value is None else value.view(-1) for value in rest[:2]]
        affine: list[Any] = [
            None if value is None else (value.expand(number, -1) if dim is None else value.movedim(dim, 0)).reshape(-1)
            for value, dim in zip(rest[2:4], in_dims[3:5], strict=True)
        ]
        out = F.batch_norm(images.flatten(1, 2), *statistics, *affine, *rest[4:])
        return out.unflatten(1, (number, -1)), 1


def _relu(images: Tensor, inplace: bool = False) -> Tensor:
    return torch.relu(images)


_OTHERS: dict[Callable, Callable] = {F.batch_norm: _batch_norm, F.relu: _relu}
