"""A graph's curves in TensorBoard, grouped."""

from __future__ import annotations

from typing import Any

from mmengine.visualization import TensorboardVisBackend
from mmpretrain.registry import VISBACKENDS


@VISBACKENDS.register_module()
class GraphTensorboardVisBackend(TensorboardVisBackend):
    """mmengine's TensorboardVisBackend, but a group of curves, what stands before a tag's first slash, is of one kind.

    The groups are ``loss``, ``gate`` and ``conflict``, each with a curve an edge, and those of the metrics, such as
    ``accuracy``, each with a curve a node, on the data of validation; ``train``, ``val`` and ``test`` have the rest.

    Args:
        save_dir: Folder of the files.

    Example:
        >>> GraphTensorboardVisBackend.__mro__[1].__name__
        'TensorboardVisBackend'
    """

    def add_scalar(self, name: str, value: Any, step: int = 0, **kwargs: Any) -> None:
        """Adds a value to a curve."""
        super().add_scalar(grouped_tag(name), value, step, **kwargs)


def grouped_tag(name: str) -> str:
    """The tag of a value that a run logs.

    Args:
        name: Its name in the log.

    Example:
        >>> [grouped_tag(name) for name in ('train/edge/a->b', 'train/loss', 'val/b/accuracy/top1', 'train/lr')]
        ['loss/a->b', 'loss/sum', 'accuracy/top1/b', 'train/lr']
    """
    mode, _, rest = name.partition('/')
    first, _, last = rest.partition('/')
    if mode == 'train' and first in ('edge', 'gate', 'conflict') and last:
        return f'{"loss" if first == "edge" else first}/{last}'
    if mode == 'val' and last:
        return f'{last}/{first}'
    return 'loss/sum' if name == 'train/loss' else name
