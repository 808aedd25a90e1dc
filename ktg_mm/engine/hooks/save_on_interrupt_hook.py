"""Ctrl-C, and the signal that ends jobs on clusters, lose no iteration of a long epoch."""

from __future__ import annotations

import signal
import threading
from typing import Any

from mmengine.dist import get_world_size
from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop, Runner
from mmpretrain.registry import HOOKS

from ktg_mm.engine.hooks.safe_checkpoint_hook import SafeCheckpointHook
from ktg_mm.mmengine_private import accumulative_counts


@HOOKS.register_module()
class SaveOnInterruptHook(Hook):
    """Within it as a context, an interrupt of a loop over iterations waits for the iteration's end and saves there.

    A run that is resumed from that checkpoint ends with the same bits as one that was not interrupted. Where this
    cannot be had an interrupt acts at once, and a resumed run goes on from the last checkpoint: in a loop over epochs,
    which begins with an epoch's first batch, during a validation, and with several processes, which do not hear a
    signal at the same iteration. The second interrupt acts at once, too.

    Example:
        >>> with SaveOnInterruptHook() as hook:
        ...     hook.priority
        'LOWEST'
    """

    priority = 'LOWEST'  # the iteration's last word

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}
        self._waits = self._trains = False
        self._heard: int | None = None

    def __enter__(self) -> SaveOnInterruptHook:
        if threading.current_thread() is threading.main_thread() and get_world_size() == 1:
            for number in (signal.SIGINT, signal.SIGTERM):
                if callable(handler := signal.getsignal(number)):  # else it is ignored, or ends the process
                    self._before[number] = handler
                    signal.signal(number, self._hear)
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _hear(self, number: int, frame: Any) -> None:
        if self._waits and self._heard is None:
            self._heard = number
        else:
            self._before[number](number, frame)

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Makes interrupts wait from now on, while the next batch is loaded, too."""
        self._waits = isinstance(runner.train_loop, IterBasedTrainLoop)

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict[str, Any] | None = None
    ) -> None:
        """Saves and ends, if an interrupt has come and no gradients are kept for the next iteration."""
        together = accumulative_counts(runner.optim_wrapper) if runner.optim_wrapper else 1
        if self._heard is not None and (runner.iter + 1) % together == 0:
            for hook in runner.hooks:
                if isinstance(hook, SafeCheckpointHook) and not hook.by_epoch and hook.interval > 0:
                    hook.save_now(runner)
            self._act()

    def before_val(self, runner: Runner) -> None:
        """Lets interrupts act at once during a validation, which may take long."""
        self._trains, self._waits = self._waits, False
        self._act()

    def after_val(self, runner: Runner) -> None:
        """Ends that."""
        self._waits = self._trains

    def after_train(self, runner: Runner) -> None:
        """Likewise when there is nothing more to train."""
        self._waits = False
        self._act()

    def _act(self) -> None:
        heard, self._heard = self._heard, None
        if heard is not None:
            self._before[heard](heard, None)
