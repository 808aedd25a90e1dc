"""Which training loop a config asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.runner import IterBasedTrainLoop
from mmpretrain.registry import LOOPS

from ktg_mm.config.type_check import class_of


def train_loop(loop: Mapping[str, Any]) -> Any:
    """The type of ``train_cfg``, which mmengine chooses where it names none.

    Example:
        >>> train_loop(dict(by_epoch=False))
        'IterBasedTrainLoop'
    """
    return loop.get('type', 'EpochBasedTrainLoop' if loop.get('by_epoch', True) else 'IterBasedTrainLoop')


def counts_iterations(cfg: Mapping[str, Any]) -> bool:
    """Whether the training loop of a config counts iterations, and has no epochs that end."""
    loop = cfg.get('train_cfg')
    if not isinstance(loop, Mapping):
        return False
    found = class_of(LOOPS, {'type': train_loop(loop)})
    return isinstance(found, type) and issubclass(found, IterBasedTrainLoop)
