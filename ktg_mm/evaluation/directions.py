"""Which way a metric is better."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any, Literal

from mmpretrain.evaluation import Accuracy, AveragePrecision, MultiLabelMetric, SingleLabelMetric
from mmpretrain.registry import METRICS

from ktg_mm.config import class_of
from ktg_mm.errors import ConfigError

from .node_metric import NodeMetric

Direction = Literal['maximize', 'minimize']

BEST = 'best'  # stands for a node in the name of the best one's metric

# What mmpretrain's metrics report, by patterns of names; a metric of one's own says it in its attribute ``directions``.
_OF_CLASSES: dict[str, Direction] = {'precision*': 'maximize', 'recall*': 'maximize', 'f1-score*': 'maximize'}
_DIRECTIONS: dict[type, dict[str, Direction]] = {
    Accuracy: {'top*': 'maximize'},
    SingleLabelMetric: _OF_CLASSES,
    MultiLabelMetric: _OF_CLASSES,
    AveragePrecision: {'mAP': 'maximize'},
}


def stated_direction(metric: str, evaluators: Iterable[Any]) -> Direction | None:
    """What the classes of the metrics in a config's evaluators say of a name, None if they do not agree.

    A wrong config is refused elsewhere.

    Args:
        metric: The name, ``NODE/PREFIX/NAME``.
        evaluators: The configs of metrics.

    Raises:
        ConfigError: If the attribute ``directions`` of a metric's class is not what it should be.

    Example:
        >>> stated_direction('net1/accuracy/top1', [dict(type='NodeMetric', metric=dict(type='Accuracy'))])
        'maximize'
    """
    node, _, kind = metric.partition('/')
    found: set[Direction] = set()
    for cfg in [cfg for cfg in evaluators if isinstance(cfg, Mapping) and 'type' in cfg]:
        if node != BEST and node not in (cfg.get('nodes') or [node]):
            continue
        cls = class_of(METRICS, cfg)
        if inspect.isclass(cls) and issubclass(cls, NodeMetric):
            cfg = cfg.get('metric') or dict(type='Accuracy')
            cls = class_of(METRICS, cfg)
        prefix = cfg.get('prefix') or getattr(cls, 'default_prefix', None)
        known = next((_DIRECTIONS[base] for base in getattr(cls, '__mro__', ()) if base in _DIRECTIONS), {})
        directions = getattr(cls, 'directions', known)
        if not isinstance(directions, Mapping):
            raise ConfigError(
                f'{cls.__name__}.directions', f"must be such as dict(score='minimize'), got {directions!r}"
            )
        fitting = [name for name in directions if fnmatchcase(kind, f'{prefix}/{name}' if prefix else name)]
        found |= {check_direction(directions[name], f'{cls.__name__}.directions') for name in fitting[:1]}
    return found.pop() if len(found) == 1 else None


def check_direction(direction: Any, key: str) -> Direction:
    """Returns a direction.

    Raises:
        ConfigError: If it is none; ``key`` is its key.
    """
    if direction not in ('maximize', 'minimize'):
        raise ConfigError(key, f"must be 'maximize' or 'minimize', got {direction!r}")
    return direction
