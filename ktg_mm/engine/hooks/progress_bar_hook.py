"""A progress bar under the log."""

import functools
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop, Runner
from mmpretrain.registry import HOOKS
from rich.console import Console
from rich.file_proxy import FileProxy
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from ktg_mm.engine.unwrapped import unwrapped
from ktg_mm.mmengine_private import built_loop


@HOOKS.register_module()
class ProgressBarHook(Hook):
    """Shows one bar for the whole run: ``epoch 12/30 ━━━━ 40 % 0:00:12 left accuracy/top1 95.56``.

    The metrics are the target node's, of the newest validation. The bar is the main process's and appears only if
    stderr is a terminal. Log lines that go to a terminal are printed above it. It vanishes when training ends, also by
    an error or Ctrl-C.

    Example:
        >>> ProgressBarHook().priority
        'NORMAL'
    """

    def __init__(self) -> None:
        self._bar: Progress | None = None

    def before_run(self, runner: Runner) -> None:
        """Makes the training loop run under the bar; hooks are not told of errors, a context is."""
        loop = built_loop(runner, 'train')
        if loop is None or 'run' in vars(loop) or not is_main_process() or not sys.stderr.isatty():
            return
        run: Callable[[], Any] = loop.run

        @functools.wraps(run)
        def run_under_bar() -> Any:
            with self._shown(runner):
                return run()

        loop.run = run_under_bar

    @contextmanager
    def _shown(self, runner: Runner) -> Iterator[None]:
        console = Console(stderr=True, soft_wrap=True)  # a long line of the log stays one
        handlers = [
            handler
            for handler in runner.logger.handlers
            if isinstance(handler, logging.StreamHandler) and handler.stream.isatty()
        ]
        by_epoch = not isinstance(runner.train_loop, IterBasedTrainLoop)
        bar = Progress(
            TextColumn('{task.description}' if by_epoch else 'iteration {task.completed}/{task.total}'),
            BarColumn(bar_width=24),
            TextColumn('{task.percentage:.0f} %'),
            TimeRemainingColumn(),
            TextColumn('left {task.fields[metrics]}'),
            console=console,
            refresh_per_second=4,
            transient=True,
            redirect_stdout=sys.stdout.isatty(),  # else it goes to a file, and must go on to
        )
        bar.add_task(self._epoch(runner), total=runner.max_iters, completed=runner.iter, metrics='')
        streams = [handler.setStream(FileProxy(console, handler.stream)) for handler in handlers]
        self._bar = bar
        try:
            with bar:
                yield
        finally:
            self._bar = None
            for handler, stream in zip(handlers, streams, strict=True):
                handler.setStream(stream)

    @staticmethod
    def _epoch(runner: Runner) -> str:
        return f'epoch {runner.epoch + 1}/{runner.max_epochs}'

    def _update(self, **values: Any) -> None:
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], **values)

    def before_train_epoch(self, runner: Runner) -> None:
        """Shows the epoch."""
        self._update(description=self._epoch(runner))

    def after_train_iter(self, runner: Runner, *args: Any, **kwargs: Any) -> None:
        """Moves the bar; it is drawn four times a second by a thread of its own."""
        self._update(completed=runner.iter + 1)

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Shows the target's metrics."""
        model = unwrapped(runner.model)
        prefix = f'{model.target}/' if hasattr(model, 'target') else ''
        shown = [
            f'{name.removeprefix(prefix)} {value:.2f}'
            for name, value in (metrics or {}).items()
            if name.startswith(prefix) and isinstance(value, (int, float))  # a confusion matrix has no room here
        ]
        self._update(metrics=' '.join(shown))
