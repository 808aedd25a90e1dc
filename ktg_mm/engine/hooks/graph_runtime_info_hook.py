"""Takes the graph's losses to the log without waiting for the device at every iteration."""

import math
from typing import Any

import torch
from mmengine.dist import all_reduce, get_world_size
from mmengine.hooks import LoggerHook, RuntimeInfoHook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS
from torch import Tensor

from ktg_mm.engine.checkpoints import latest_checkpoint
from ktg_mm.errors import UserError


class NonFiniteLossError(UserError):
    """A loss that is infinite or not a number: the run cannot go on."""


@HOOKS.register_module()
class GraphRuntimeInfoHook(RuntimeInfoHook):
    """mmengine's RuntimeInfoHook, but losses stay on the device until the logger wants them.

    mmengine's reads every loss at every iteration, which makes the host wait for the device. This one keeps the
    tensors and reads all of them at once whenever LoggerHook logs, at the end of an epoch, and before a checkpoint is
    saved. What it hands on is their mean since the last reading, over the iterations and the processes.

    Raises:
        NonFiniteLossError: At such a reading, if a loss is not finite; it names the first iteration and the edge. The
            checkpoint that was about to be saved is not, so the last good one is kept.

    Example:
        >>> GraphRuntimeInfoHook().priority
        'VERY_HIGH'
    """

    def before_train(self, runner: Runner) -> None:
        """Looks up how often LoggerHook logs."""
        super().before_train(runner)
        self._interval = next((hook.interval for hook in runner.hooks if isinstance(hook, LoggerHook)), 10)
        self._pending: list[dict[str, Tensor | float]] = []
        self._first_pending = runner.iter

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict[str, Any] | None = None
    ) -> None:
        """Keeps the iteration's losses; reads them if it is time."""
        if not self._pending:
            self._first_pending = runner.iter
        self._pending.append(outputs or {})
        if self.every_n_inner_iters(batch_idx, self._interval) or self.end_of_epoch(runner.train_dataloader, batch_idx):
            self._read(runner)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Reads what is pending, so that no checkpoint follows a loss that is not finite."""
        if hasattr(self, '_pending'):
            self._read(runner)

    def _read(self, runner: Runner) -> None:
        pending, self._pending = self._pending, []
        if not pending or not pending[0]:
            return
        means = {}
        for name in pending[0]:
            means[name] = [outputs[name] for outputs in pending]
        # One tensor of all of a name's values, one copy to the host for all names.
        device = next((v.device for v in pending[0].values() if isinstance(v, Tensor)), torch.device('cpu'))
        rows = [
            torch.stack([v.double() for v in values])
            if isinstance(values[0], Tensor)
            else torch.tensor(values, dtype=torch.float64, device=device)
            for values in means.values()
        ]
        table = torch.stack(rows)
        if get_world_size() > 1:
            all_reduce(table, op='mean')
        table = table.cpu()
        self._check_finite(runner, list(means), table)
        for name, value in zip(means, table.mean(dim=1).tolist(), strict=True):
            runner.message_hub.update_scalar(f'train/{name}', value)

    def _check_finite(self, runner: Runner, names: list[str], table: Tensor) -> None:
        """Raises at the first iteration (column) with a value that is not finite; edges come before their total."""
        if table.isfinite().all():
            return
        column = int((~table.isfinite()).any(dim=0).nonzero()[0])
        wrong = [
            (name, value)
            for name, value in zip(names, table[:, column].tolist(), strict=True)
            if not math.isfinite(value)
        ]
        name, value = min(wrong, key=lambda item: not item[0].startswith('edge/'))
        last_good = latest_checkpoint(runner.work_dir)
        raise NonFiniteLossError(
            f'edge {name.removeprefix("edge/")!r}: the loss is {value} at iteration {self._first_pending + column + 1}; '
            f'training stops, the last good checkpoint is {last_good or "none"}. '
            'A smaller learning rate or gradient clipping (optim_wrapper.clip_grad) may help'
        )
