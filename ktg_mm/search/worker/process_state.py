"""What a run sets for the whole process."""

from __future__ import annotations

import random

import numpy as np
import torch
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope
from mmengine.visualization import Visualizer

from ktg_mm.mmengine_private import instances

_MANAGERS = (MMLogger, MessageHub, Visualizer, DefaultScope)


class ProcessState:
    """Remembers what runs set for the whole process, until it is brought back.

    That is the state of every random generator, which of mmengine's logs, message hubs, pictures and scopes are the
    current ones, and whether computing is to be deterministic.

    Example:
        >>> state = ProcessState()
        >>> drawn = torch.rand(1), np.random.rand(), random.random()
        >>> state.bring_back()
        >>> drawn == (torch.rand(1), np.random.rand(), random.random())
        True
    """

    def __init__(self) -> None:
        self._python, self._numpy, self._torch = random.getstate(), np.random.get_state(), torch.get_rng_state()
        # Not numbers but the place that has them, as a recorded step keeps it.
        self._devices = [generator.graphsafe_get_state() for generator in _generators()]
        self._current = [next(reversed(instances(manager)), None) for manager in _MANAGERS]
        self._settings = _settings()

    def bring_back(self) -> None:
        """Sets it all as it was."""
        random.setstate(self._python)
        np.random.set_state(self._numpy)
        torch.set_rng_state(self._torch)
        for generator, state in zip(_generators(), self._devices, strict=False):
            generator.graphsafe_set_state(state)
        for manager, name in zip(_MANAGERS, self._current, strict=True):
            if name in instances(manager):
                instances(manager).move_to_end(name)  # the last one is the current one
        if self._settings != _settings():
            deterministic, warn_only, torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = (
                self._settings
            )
            torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)


def own_generators() -> None:
    """Gives whoever works from now on generators of its own on each GPU, with the numbers of those of before."""
    for generator in _generators():
        generator.graphsafe_set_state(generator.clone_state())


def _generators() -> tuple[torch.Generator, ...]:
    return torch.cuda.default_generators if torch.cuda.is_initialized() else ()


def _settings() -> tuple[bool, bool, bool, bool]:
    return (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
        torch.backends.cudnn.deterministic,
        torch.backends.cudnn.benchmark,
    )
