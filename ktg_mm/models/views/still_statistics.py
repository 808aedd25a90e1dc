"""Runs networks without moving what their norm layers remember."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import nn

# What makes a norm layer keep nothing; instance norm hands its buffers on to torch, which writes to them, in any case.
_STILL = dict(track_running_stats=False, running_mean=None, running_var=None)


@contextmanager
def still_statistics(modules: Iterable[nn.Module]) -> Iterator[None]:
    """Norm layers in training mode normalise with the batch's statistics, but neither these nor a counter are kept.

    Nothing is written to the buffers, so a backward pass of an earlier run is not disturbed, and a GPU can capture it.

    Args:
        modules: What they are in.

    Example:
        >>> import torch
        >>> norm = nn.BatchNorm1d(1)
        >>> with still_statistics([norm]):
        ...     norm(torch.tensor([[1.0], [3.0]]))[1]
        tensor([1.0000], grad_fn=<SelectBackward0>)
        >>> norm.running_mean, norm.num_batches_tracked
        (tensor([0.]), tensor(0))
    """
    found = {id(module): module for whole in modules for module in whole.modules()}
    norms = [norm for norm in found.values() if norm.training and getattr(norm, 'track_running_stats', False)]
    kept = [{name: getattr(norm, name) for name in _STILL} for norm in norms]
    try:
        for norm in norms:
            _set(norm, _STILL)
        yield
    finally:
        for norm, values in zip(norms, kept, strict=True):
            _set(norm, values)


def _set(module: nn.Module, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(module, name, value)
