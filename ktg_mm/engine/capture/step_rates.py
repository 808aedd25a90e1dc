"""The numbers of the optimisers, where a recorded step finds the present ones."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict
from torch import Tensor
from torch.optim import SGD, Adam, AdamW, Optimizer

_FUSED = (SGD, Adam, AdamW)  # those with a kernel that takes the rate as a tensor, on every device


def can_record(optimizer: Optimizer) -> bool:
    """Whether a step of an optimiser can be recorded.

    Example:
        >>> can_record(SGD([torch.zeros(1)], lr=0.1)), can_record(torch.optim.Adagrad([torch.zeros(1)]))
        (True, False)
    """
    if any(group.get('differentiable') or group.get('dampening') for group in optimizer.param_groups):
        return False
    return type(optimizer) in _FUSED or (type(optimizer).__module__.startswith('torch.') and _is_capturable(optimizer))


def wrappers_of(optim_wrapper: OptimWrapper) -> list[OptimWrapper]:
    """The wrapper, or that of each phase.

    Example:
        >>> wrapper = OptimWrapper(SGD([torch.zeros(1)], lr=0.1))
        >>> wrappers_of(wrapper) == [wrapper]
        True
    """
    return list(optim_wrapper.values()) if isinstance(optim_wrapper, OptimWrapperDict) else [optim_wrapper]


class StepRates:
    """Learning rates as tensors in one place, for the time of a step alone.

    Between two steps the parameter groups are as they were, so that schedules, the log and checkpoints see plain
    numbers; :meth:`update` takes those over.

    Args:
        optim_wrapper: The wrapper of the optimiser, or of several.

    Attributes:
        norms: The lengths of the gradients that were clipped in the step, by the names that the log has for them.

    Example:
        >>> optimizer = SGD([torch.zeros(1)], lr=0.1)
        >>> rates = StepRates(OptimWrapper(optimizer))
        >>> with rates.as_tensors():
        ...     optimizer.param_groups[0]['lr']
        tensor(0.1000, dtype=torch.float64)
        >>> optimizer.param_groups[0]['lr']
        0.1
    """

    def __init__(self, optim_wrapper: OptimWrapper) -> None:
        self.wrappers = wrappers_of(optim_wrapper)
        self.norms: dict[str, Tensor] = {}
        self._groups: list[dict[str, Any]] = []
        self._changes: list[dict[str, Any]] = []
        for wrapper in self.wrappers:
            for group in wrapper.optimizer.param_groups:
                device = group['params'][0].device
                # On CUDA torch's fused kernels read a float.
                rate = torch.empty((), dtype=torch.float32 if device.type == 'cuda' else torch.float64, device=device)
                self._groups.append(group)
                self._changes.append(dict(_options(wrapper.optimizer, device), lr=rate))
            _complete_state(wrapper.optimizer)
        self._last: list[float | None] = [None] * len(self._groups)
        self.update()

    @torch.no_grad()
    def update(self) -> None:
        """Takes over the present rates; a host's number goes with the call that sets it, so nobody waits."""
        for i, group in enumerate(self._groups):
            if group['lr'] != self._last[i]:
                self._changes[i]['lr'].fill_(group['lr'])
                self._last[i] = group['lr']

    @property
    def others(self) -> Hashable:
        """All numbers that a recorded step would never see change: momentum, weight decay and the like."""
        return tuple(
            tuple((name, repr(value)) for name, value in group.items() if name not in ('params', 'lr'))
            for group in self._groups
        )

    def tensors(self) -> list[Tensor]:
        """All memory that the step of the optimisers reads besides the weights and gradients."""
        states = [state for wrapper in self.wrappers for state in wrapper.optimizer.state.values()]
        kept = [value for state in states for value in state.values() if isinstance(value, Tensor)]
        return [changes['lr'] for changes in self._changes] + kept

    @contextmanager
    def as_tensors(self) -> Iterator[None]:
        """Within it a step of the optimisers goes by the tensors, in fused kernels, and looks at nothing."""
        pairs = list(zip(self._groups, self._changes, strict=True))
        kept = [{name: group.get(name) for name in changes} for group, changes in pairs]
        clips = [getattr(wrapper, 'clip_func', None) for wrapper in self.wrappers]
        try:
            for group, changes in pairs:
                group.update(changes)
            for wrapper, clip in zip(self.wrappers, clips, strict=True):
                if clip is not None:
                    wrapper.clip_func = self._clip(wrapper.grad_name, clip)
            with warnings.catch_warnings():
                warnings.filterwarnings('ignore', message='.*capturable=True.*')  # the steps before the recorded one
                yield
        finally:
            for group, values in zip(self._groups, kept, strict=True):
                group.update(values)
            for wrapper, clip in zip(self.wrappers, clips, strict=True):
                if clip is not None:
                    wrapper.clip_func = clip

    def log_norms(self) -> None:
        """Hands the lengths on to the log, as mmengine does; it waits for the device."""
        for name, norm in self.norms.items():
            self.wrappers[0].message_hub.update_scalar(f'train/{name}', float(norm))

    def _clip(self, name: str, clip: Any) -> Any:
        """What clips and gives mmengine no number to look at."""

        def quietly(parameters: list[Tensor], **options: Any) -> None:
            norm = clip(parameters, **options)
            if norm is not None:
                self.norms[name] = norm

        return quietly


def _is_capturable(optimizer: Optimizer) -> bool:
    return 'capturable' in optimizer.defaults


def _options(optimizer: Optimizer, device: torch.device) -> dict[str, Any]:
    """How a step is made without a look at a tensor."""
    options: dict[str, Any] = dict(fused=True, foreach=False) if type(optimizer) in _FUSED else {}
    if _is_capturable(optimizer) and device.type == 'cuda':
        options['capturable'] = True
    return options


@torch.no_grad()
def _complete_state(optimizer: Optimizer) -> None:
    """Brings counters of steps to the device, and gives SGD the momenta of weights that have had no gradient yet.

    What a checkpoint had in another layout than the weights gets theirs: a fused kernel goes by the order in memory.
    """
    for parameter, state in optimizer.state.items():
        if isinstance(step := state.get('step'), Tensor):
            state['step'] = step.to(parameter.device)
        for name, value in state.items():
            if isinstance(value, Tensor) and value.shape == parameter.shape and value.stride() != parameter.stride():
                state[name] = torch.empty_like(parameter, dtype=value.dtype).copy_(value)
    if type(optimizer) is not SGD:
        return
    # The fused kernel takes the momenta of all weights of a group or of none; of 0 it makes what it makes of none.
    for group in optimizer.param_groups:
        for parameter in group['params'] if group['momentum'] else ():
            if optimizer.state[parameter].get('momentum_buffer') is None:
                optimizer.state[parameter]['momentum_buffer'] = torch.zeros_like(parameter)
