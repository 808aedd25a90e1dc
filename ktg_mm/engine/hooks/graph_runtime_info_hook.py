"""Takes the graph's losses to the log without waiting for the device at every iteration."""

import math
import time
from typing import Any

import torch
from mmengine.dist import all_reduce, get_world_size
from mmengine.hooks import LoggerHook, RuntimeInfoHook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS
from torch import Tensor

from ktg_mm.checkpoints import latest_checkpoint
from ktg_mm.errors import NonFiniteError
from ktg_mm.mmengine_private import is_resumed, loaded_from


class NonFiniteLossError(NonFiniteError):
    """A loss that is infinite or not a number; all processes of a run meet it together."""


@HOOKS.register_module()
class GraphRuntimeInfoHook(RuntimeInfoHook):
    """mmengine's RuntimeInfoHook, but losses stay on the device until the logger wants them.

    mmengine's reads every loss at every iteration, which makes the host wait for the device. This one keeps the
    tensors and reads all of them at once whenever LoggerHook logs and at the end of an epoch. What it hands on is their
    mean since the last reading, over the iterations and the processes.

    Raises:
        NonFiniteLossError: At such a reading, or before a checkpoint is saved, if a loss is not finite; it names the
            first iteration and the edge. The checkpoint is not saved, so the last good one is kept.

    Example:
        >>> GraphRuntimeInfoHook().priority
        'VERY_HIGH'
    """

    def before_train(self, runner: Runner) -> None:
        """Looks up how often LoggerHook logs."""
        super().before_train(runner)
        self._interval = next((hook.interval for hook in runner.hooks if isinstance(hook, LoggerHook)), 10)
        self._pending: list[dict[str, Any]] = []
        self._first_pending = runner.iter
        self._start = time.time()

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
        """Looks at what is pending, so that no checkpoint follows a loss that is not finite."""
        # The main process is alone here, so this looks at its own losses and waits for no other process. They stay
        # pending: the next line of the log is the mean of all.
        if pending := getattr(self, '_pending', None):
            self._check_finite(runner, *_table(pending))

    def _read(self, runner: Runner) -> None:
        pending, self._pending = self._pending, []
        names, table = _table(pending)
        if not names:
            return
        if get_world_size() > 1:
            all_reduce(table, op='mean')
        table = table.cpu()
        self._check_finite(runner, names, table)
        for name, value in zip(names, table.mean(dim=1).tolist(), strict=True):
            runner.message_hub.update_scalar(f'train/{name}', value)

    def _check_finite(self, runner: Runner, names: list[str], table: Tensor) -> None:
        """Raises at the first iteration (column) with a value that is not finite; edges come before their total."""
        if table.isfinite().all():
            return
        column = int((~table.isfinite()).any(dim=0).nonzero()[0])
        values = dict(zip(names, table[:, column].tolist(), strict=True))
        wrong = [name for name, value in values.items() if not math.isfinite(value)]
        name = min(wrong, key=lambda name: not name.startswith('edge/'))
        last_good = latest_checkpoint(runner.work_dir, self._start) or (is_resumed(runner) and loaded_from(runner))
        raise NonFiniteLossError(
            f'edge {name.removeprefix("edge/")!r}: the loss is {values[name]} at iteration '
            f'{self._first_pending + column + 1}; training stops, the last good checkpoint is {last_good or "none"}. '
            'A smaller learning rate may help'
        )


def _table(pending: list[dict[str, Any]]) -> tuple[list[str], Tensor]:
    """The names of the losses, and one tensor of all values, a row per name, so that one copy takes it to the host."""
    names = list(pending[0]) if pending else []
    device = next((pending[0][name].device for name in names if isinstance(pending[0][name], Tensor)), None)
    rows = [
        # What makes the steps may change within a run, and with it which gates are numbers of the host's.
        torch.stack([torch.as_tensor(outputs[name], dtype=torch.float64, device=device) for outputs in pending])
        if any(isinstance(outputs[name], Tensor) for outputs in pending)
        else torch.tensor([outputs[name] for outputs in pending], dtype=torch.float64, device=device)
        for name in names
    ]
    return names, torch.stack(rows) if rows else torch.empty(0, 0)
