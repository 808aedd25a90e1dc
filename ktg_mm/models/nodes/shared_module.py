"""A module that stands in several networks, and what it has made in a forward pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from .feature_tap import FeatureTap


@dataclass
class _Result:
    module: SharedModule
    arguments: tuple
    with_gradient: bool
    output: Any
    versions: list[int]  # how often the output had been written to when the shared modules were done with it
    kept: list[Any]  # what the layers inside gave, for each of the module's taps
    reused: bool = False


class SharedModule:
    """A module that stands in several networks: within a forward pass it runs once for each input.

    It takes the place of the module's ``forward``.

    Args:
        module: The module.
        results: What the shared modules of a graph have made in this pass; None outside of one.

    Attributes:
        runs: How often it has run within passes.
        has_parameters: Whether the module has parameters.
        taps: What takes features of layers inside; a network that finds the output made has theirs, too.

    Example:
        >>> double = nn.Linear(1, 1)
        >>> shared = SharedModule(double, results := Results())
        >>> image = torch.ones(1)
        >>> with results.kept():
        ...     double(image) is double(image), shared.runs
        (True, 1)
    """

    def __init__(self, module: nn.Module, results: Results) -> None:
        self._forward: Callable[..., Any] = module.forward
        self._results = results
        self.runs = 0
        self.has_parameters = any(True for _ in module.parameters())
        self.taps: list[FeatureTap] = []
        module.forward = self

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Returns what the module makes of an input, or has made of it in this pass."""
        results = self._results.of_this_pass
        if results is None:
            return self._forward(*args, **kwargs)
        arguments = (*args, *sorted(kwargs.items()))
        with_gradient = torch.is_grad_enabled()
        for result in results:
            if result.module is self and result.with_gradient == with_gradient and _same(result.arguments, arguments):
                result.reused = True
                for tap, kept in zip(self.taps, result.kept, strict=True):
                    if tap.is_open:
                        tap.kept = kept
                return result.output
        with self._all_taps_open() as kept:
            output = self._forward(*args, **kwargs)
        self.runs += 1
        for result in results:
            # The module may have overwritten what it was given; all who share it will find it so.
            if any(result.output is argument for argument in args):
                result.versions = _versions(result.output)
        results.append(_Result(self, arguments, with_gradient, output, _versions(output), kept))
        return output

    @contextmanager
    def _all_taps_open(self) -> Iterator[list[Any]]:
        """Makes the taps of all networks keep what comes, whichever network runs the module; gives it at the end."""
        kept: list[Any] = []
        closed = [tap for tap in self.taps if not tap.is_open]
        for tap in closed:
            tap.is_open = True
        try:
            yield kept
            kept += [tap.kept for tap in self.taps]
        finally:
            for tap in closed:
                tap.kept, tap.is_open = None, False


class Results:
    """What shared modules have made in a forward pass."""

    def __init__(self) -> None:
        self.of_this_pass: list[_Result] | None = None

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keeps results, and forgets them at the end."""
        self.of_this_pass = []
        try:
            yield
        finally:
            self.of_this_pass = None

    def overwritten(self) -> SharedModule | None:
        """The module whose output, taken by two networks, one that is not shared has written to; None if none."""
        results = self.of_this_pass or ()
        return next((one.module for one in results if one.reused and _versions(one.output) != one.versions), None)


def _same(one: Any, other: Any) -> bool:
    """Whether two arguments are one object, equal plain values, or lists of these.

    No new object can take the place of one that a result still holds.
    """
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(_same, one, other))
    return isinstance(one, (bool, int, float, str)) and one == other


def _versions(output: Any) -> list[int]:
    outputs = output if isinstance(output, (list, tuple)) else [output]
    return [one._version for one in outputs if isinstance(one, Tensor) and not one.is_inference()]
