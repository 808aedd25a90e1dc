"""A hook that kills its own run, process group and all, at the moment that the environment says.

``KILL_AT=iteration:17:0.4`` kills while iteration 17 (counted from 0) runs, after 0.4 of an iteration's time;
``KILL_AT=save:epoch_3`` or ``save:iter_12`` when half of that checkpoint is on the disk.
"""

import builtins
import io
import os
import signal
import threading
import time
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS


def _kill() -> None:
    os.killpg(0, signal.SIGKILL)


class _HalfWriter:
    """A file whose first write is its last."""

    def __init__(self, file: Any) -> None:
        self.file = file

    def __enter__(self) -> '_HalfWriter':
        return self

    def __exit__(self, *args: Any) -> None:
        self.file.close()

    def write(self, content: Any) -> int:
        content = bytes(content)
        self.file.write(content[: len(content) // 2])
        self.file.flush()
        os.fsync(self.file.fileno())
        _kill()
        raise AssertionError('unreachable')


def _kill_in_writes_of(name: str) -> None:
    """However a file of that name, or a temporary one made of it, is opened for writing."""
    plain_open = io.open

    def sabotaged_open(file: Any, mode: str = 'r', *args: Any, **kwargs: Any) -> Any:
        opened = plain_open(file, mode, *args, **kwargs)
        path = os.path.basename(os.fspath(file)) if isinstance(file, (str, os.PathLike)) else ''
        return _HalfWriter(opened) if 'w' in mode and path.lstrip('.').startswith(name) else opened

    io.open = builtins.open = sabotaged_open  # type: ignore[assignment]


@HOOKS.register_module()
class Killer(Hook):
    priority = 'VERY_HIGH'

    def __init__(self) -> None:
        self.kind, *place = os.environ.get('KILL_AT', 'never').split(':')
        self.iteration, self.fraction = (int(place[0]), float(place[1])) if self.kind == 'iteration' else (-1, 0.0)
        if self.kind == 'save':
            _kill_in_writes_of(f'{place[0]}.pth')
        self.started = None
        self.duration = 0.02

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        now = time.monotonic()
        if self.started is not None and batch_idx > 0:  # no pause between epochs
            self.duration = now - self.started
        self.started = now
        if runner.iter == self.iteration:
            threading.Timer(self.fraction * self.duration, _kill).start()

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        if runner.iter == self.iteration:  # it was quicker than the one before
            _kill()
