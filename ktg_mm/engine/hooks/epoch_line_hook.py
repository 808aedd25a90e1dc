"""One line an epoch."""

from __future__ import annotations

import datetime
import time
from collections.abc import Mapping
from typing import Any

from mmengine.hooks import Hook, LoggerHook
from mmengine.runner import IterBasedTrainLoop, Runner

from ktg_mm.mmengine_private import built_loop

_LOSS = 'train/loss'


class EpochLineHook(Hook):
    """Logs one line an epoch: its loss, what its validation has measured of each node, and the time that is left.

    A loop that counts iterations has a line for each validation, or, without any, for each of mmengine's own lines. The
    loss is the mean since the last line. Of several metrics the first is shown; the log's file has mmengine's lines.

    Example:
        >>> EpochLineHook().priority
        'VERY_LOW'
    """

    priority = 'VERY_LOW'  # after the logger's own lines, and after what a hook refuses

    def before_train(self, runner: Runner) -> None:
        """Counts what has been logged before, of a resumed run."""
        self._by_epoch = not isinstance(runner.train_loop, IterBasedTrainLoop)
        self._interval = next((hook.interval for hook in runner.hooks if isinstance(hook, LoggerHook)), 10)
        self._seen = self._readings(runner)
        self._begun, self._start = runner.epoch if self._by_epoch else runner.iter, time.monotonic()
        self._due = False  # whether there is an epoch that no line has told of

    def before_train_epoch(self, runner: Runner) -> None:
        """Tells of the epoch before, if it was not validated."""
        if self._due and self._by_epoch:
            self._log(runner, {})

    def after_train_iter(self, runner: Runner, batch_idx: int, *args: Any, **kwargs: Any) -> None:
        """Tells of the iterations where nothing else would."""
        self._due = True
        validates = built_loop(runner, 'val') is not None
        if not (self._by_epoch or validates) and self.every_n_inner_iters(batch_idx, self._interval):
            self._log(runner, {}, runner.iter + 1)

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Tells of the epoch or the iterations, with what was measured."""
        if hasattr(self, '_due'):  # not of a validation alone
            self._log(runner, metrics or {})

    def after_train(self, runner: Runner) -> None:
        """Tells of the last epoch, if it was not validated."""
        if self._due:
            self._log(runner, {})

    def _readings(self, runner: Runner) -> int:
        history = runner.message_hub.log_scalars.get(_LOSS)
        return len(history.data[0]) if history else 0

    def _log(self, runner: Runner, metrics: Mapping[str, Any], iteration: int | None = None) -> None:
        if self._by_epoch:
            done, last, what = runner.epoch, runner.max_epochs, 'epoch'
        else:
            done, last, what = iteration or runner.iter, runner.max_iters, 'iteration'
        parts = [f'{what} {done:{len(str(last))}}/{last}']
        if news := self._readings(runner) - self._seen:
            parts.append(f'loss {runner.message_hub.log_scalars[_LOSS].mean(news):.4f}')
        parts += epoch_metrics(metrics)
        if self._begun < done < last:  # mmengine's own estimate is of the validation alone after one
            left = (time.monotonic() - self._start) / (done - self._begun) * (last - done)
            parts.append(f'{datetime.timedelta(seconds=round(left))} left')
        self._seen, self._due = self._readings(runner), False
        runner.logger.info('  '.join(parts))


def epoch_metrics(metrics: Mapping[str, Any]) -> list[str]:
    """The first metric of each node, in words of one width from epoch to epoch.

    Args:
        metrics: The values by ``node/metric``.

    Example:
        >>> epoch_metrics({'net1/accuracy/top1': 9.5, 'net1/ece': 0.03, 'ensemble/accuracy/top1': 91.25})
        ['accuracy/top1:', 'net1  9.50', 'ensemble 91.25']
    """
    names = [name.partition('/') for name, value in metrics.items() if isinstance(value, (int, float))]
    first = next((metric for _, _, metric in names if metric), None)
    values = {node: float(metrics[f'{node}/{metric}']) for node, _, metric in names if metric and metric == first}
    if not values:
        return []
    digits = 2 if max(map(abs, values.values())) >= 1 else 4
    return [f'{first}:', *(f'{node} {value:5.{digits}f}' for node, value in values.items())]
