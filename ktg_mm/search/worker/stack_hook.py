"""Lets a run that is trained in a stack have its weights where it looks at them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop, Runner


class StackHook(Hook):
    """Asks for the present weights before anything else validates or saves them.

    Args:
        bring_back: Gives the run's graph and optimiser what they have learnt in the stack.
        interval: Iterations between two checkpoints; matters only if the loop counts iterations.

    Example:
        >>> StackHook(lambda: None, 1).priority
        'HIGHEST'
    """

    priority = 'HIGHEST'

    def __init__(self, bring_back: Callable[[], None], interval: int) -> None:
        self._bring_back, self._interval = bring_back, interval

    def after_train_epoch(self, runner: Runner) -> None:
        """Brings them; a loop that counts iterations calls this, too, at its end."""
        self._bring_back()

    def before_val_epoch(self, runner: Runner) -> None:
        """Brings them."""
        self._bring_back()

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict[str, Any] | None = None
    ) -> None:
        """Brings them where a loop that counts iterations saves a checkpoint."""
        if isinstance(runner.train_loop, IterBasedTrainLoop) and (
            self.every_n_train_iters(runner, self._interval) or self.is_last_train_iter(runner)
        ):
            self._bring_back()
