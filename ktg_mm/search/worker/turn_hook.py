"""Lets other trials of the same process go on between two steps of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner


class TurnHook(Hook):
    """Hands on just before each training step, the last of all that is done there.

    Args:
        pause: Lets the others go on, and returns when it is this run's turn again.
        check: Raises KeyboardInterrupt if the run is to end, as after Ctrl-C; so may pause.

    Example:
        >>> TurnHook(lambda: None, lambda: None).priority
        'VERY_LOW'
    """

    priority = 'VERY_LOW'

    def __init__(self, pause: Callable[[], None], check: Callable[[], None]) -> None:
        self._pause, self._check = pause, check

    def before_train(self, runner: Runner) -> None:
        """Waits for a GPU: what runs share, such as images, is there before the stream of another one reads it."""
        if torch.cuda.is_available():
            torch.cuda.synchronize()

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Hands on."""
        self._pause()

    def before_val_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Looks whether the run is to end."""
        self._check()
