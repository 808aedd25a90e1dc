"""Slows training down while the file SLOW_WHILE exists, so that a search outlasts what is done to it."""

import os
import time
from typing import Any

from mmengine.runner import EpochBasedTrainLoop

_run_iter = EpochBasedTrainLoop.run_iter


def _run_slowly(loop: EpochBasedTrainLoop, *args: Any) -> None:
    if os.path.exists(os.environ['SLOW_WHILE']):
        time.sleep(0.2)
    _run_iter(loop, *args)


EpochBasedTrainLoop.run_iter = _run_slowly
