"""What a GPU does with a step that it captures, on the CPU: the calls are recorded once, then run again as they are.

Pytest's importlib mode does not put this folder on the path; tests load this file by its place.
"""

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import fields, is_dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

# What looks at the values of a tensor: a device cannot go on without the host, or does not know the result's shape.
LOOKS = {
    f'aten::{name}'
    for name in (
        '_local_scalar_dense', 'bincount', 'equal', 'is_nonzero', 'masked_select', 'nonzero', 'unique_consecutive',
        'unique_dim', '_unique2',
    )
}  # fmt: skip


class CaptureError(Exception):
    """A call that a GPU could not capture."""


class Recording(TorchDispatchMode):
    """Records every call of torch's while it is entered; :meth:`replay` runs the same calls on the same memory.

    Args:
        known: Tensors that are there before, whose values replays may find changed: inputs, weights, states. Any other
            tensor that is not made by a recorded call would be a number of the host's, which replays would never see
            change.

    Raises:
        CaptureError: While it is entered, at a call that looks at values, and at a tensor that is not known.
    """

    def __init__(self, known: Iterable[Tensor]) -> None:
        super().__init__()
        self.calls: list[tuple[Callable, tuple, dict, Any]] = []
        self._kept = list(known)
        self._known = {_memory(tensor) for tensor in self._kept}

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        name, kwargs = func._schema.name, kwargs or {}
        given = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        indices = args[1] if name in ('aten::index', 'aten::index_put', 'aten::index_put_') else ()
        masks = any(index is not None and index.dtype in (torch.bool, torch.uint8) for index in indices)
        if name in LOOKS or masks or func is torch.ops.aten.repeat_interleave.Tensor:
            raise CaptureError(f'{name} looks at the values of a tensor')
        for tensor in given:
            if _memory(tensor) not in self._known:
                raise CaptureError(f'{name} is given a tensor from outside: {tensor}')
        out = func(*args, **kwargs)
        made = [leaf for leaf in tree_leaves(out) if isinstance(leaf, Tensor)]
        self._known.update(_memory(tensor) for tensor in made)
        self._kept += made  # else their memory would be another tensor's
        if torch.Tag.inplace_view not in func.tags:  # such a call changes no memory
            self.calls.append((func, *tree_map_only(Tensor, torch.detach, (args, kwargs, out))))  # in today's shapes
        return out

    @torch.no_grad()
    def replay(self) -> None:
        """Runs the calls again; what they make goes where it went when they were recorded."""
        for func, args, kwargs, out in self.calls:
            again = func(*args, **kwargs)
            for old, new in zip(tree_leaves(out), tree_leaves(again), strict=True):
                if isinstance(old, Tensor) and _memory(old) != _memory(new):  # else a view, or changed in place
                    assert old.shape == new.shape and old.dtype == new.dtype
                    old.copy_(new)


class TraceRecorder:
    """Stands in for the recorder of CUDA graphs in a CapturedStep.

    Args:
        known: Says what tensors are there before the recorded step.
    """

    def __init__(self, known: Callable[[], Iterable[Tensor]]) -> None:
        self.known = known
        self.steps: list[str] = []

    def beside(self) -> nullcontext:
        return nullcontext()

    def watch(self, step: Callable[[], Any]) -> tuple[Any, list[str]]:
        self.steps.append('watch')
        return step(), []

    def node_streams(self, names: Iterable[str]) -> None:
        """All nodes are on one."""

    def record(self, step: Callable[[], Any]) -> Any:
        self.steps.append('record')
        with Recording(self.known()) as self.recording:
            return step()

    def replay(self) -> None:
        self.steps.append('replay')
        self.recording.replay()


def _memory(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata


def tensors_in(value: Any) -> list[Tensor]:
    """All tensors within dicts, lists and data classes, in their order."""
    if isinstance(value, Tensor):
        return [value]
    if is_dataclass(value):
        value = [getattr(value, field.name) for field in fields(value)]
    if isinstance(value, dict):
        value = list(value.values())
    return [tensor for part in value for tensor in tensors_in(part)] if isinstance(value, (list, tuple)) else []


@torch.no_grad()
def overwrite(static: Any, values: Any) -> None:
    """Puts other values into the memory of inputs that are made alike."""
    for old, new in zip(tensors_in(static), tensors_in(values), strict=True):
        assert old.shape == new.shape and old.dtype == new.dtype
        old.copy_(new)
