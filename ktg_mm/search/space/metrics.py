"""What a search goes by: metrics of nodes, what a graph costs, and which way each is better."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ktg_mm.errors import ConfigError, did_you_mean
from ktg_mm.evaluation.directions import BEST, Direction, check_direction, stated_direction

COSTS = ('parameters', 'flops')
_EXAMPLE = "'net1/accuracy/top1'"


@dataclass(frozen=True)
class Metric:
    """One number that a search goes by.

    Args:
        name: Such as ``net1/accuracy/top1``, ``best/accuracy/top1`` for the best node's, or one of :data:`COSTS`.
        stated: Which way it is better; None if nobody says.

    Example:
        >>> metric = Metric('net1/calibration/ece', 'minimize')
        >>> metric.node, metric.kind, metric.better([3.0, 2.0])
        ('net1', 'calibration/ece', 2.0)
    """

    name: str
    stated: Direction | None

    @property
    def is_cost(self) -> bool:
        """Whether it is what a graph costs, not a score of a node's."""
        return self.name in COSTS

    @property
    def node(self) -> str:
        """The node that it is of, or :data:`BEST`."""
        return self.name.partition('/')[0]

    @property
    def kind(self) -> str:
        """The name without the node."""
        return self.name.partition('/')[2]

    @property
    def direction(self) -> Direction:
        """Which way it is better; a ConfigError if nobody says."""
        if self.stated is None:
            how = f"dict(name={self.name!r}, direction='maximize') or 'minimize'"
            raise ConfigError('search.metric', f'nobody says which way {self.name!r} is better; write {how}')
        return self.stated

    @property
    def better(self) -> Callable[..., Any]:
        """``max`` or ``min``."""
        return max if self.direction == 'maximize' else min


def read_metrics(search: Mapping[str, Any], config: Mapping[str, Any]) -> list[Metric]:
    """The metrics that a search goes by, the target's accuracy unless it says otherwise.

    Args:
        search: ``search`` of a config.
        config: The config; its ``val_evaluator`` says which way metrics are better, unless the search does.

    Raises:
        ConfigError: If one of them is none of a node, or its direction is none.
    """
    model = config.get('model') or {}
    given = search.get('metric')
    given = f'{model.get("target")}/accuracy/top1' if given is None else given
    entries = given if isinstance(given, (list, tuple)) else [given]
    if not all(isinstance(entry, (str, Mapping)) for entry in entries):
        raise ConfigError('search.metric', f'must be a metric such as {_EXAMPLE}, or a list, got {given!r}')
    evaluators = config.get('val_evaluator') or dict(type='NodeMetric')
    evaluators = [evaluators] if isinstance(evaluators, Mapping) else evaluators
    metrics = [_read_metric(entry, evaluators) for entry in entries]
    if len({metric.name for metric in metrics}) < len(metrics):
        raise ConfigError('search.metric', f'names one metric twice: {", ".join(metric.name for metric in metrics)}')
    scores = [metric for metric in metrics if not metric.is_cost]
    if not scores:
        raise ConfigError('search.metric', f"needs a score of a node's, such as {_EXAMPLE}, beside the costs")
    nodes = [*model['nodes'], BEST]
    for metric in scores:
        name, node = metric.name, metric.node
        if node not in nodes:
            hint = did_you_mean(node, [*nodes, *COSTS])
            raise ConfigError('search.metric', f'{name!r} begins with no node; {hint}')
        if not metric.kind:
            raise ConfigError('search.metric', f'must be a node and its metric, such as {_EXAMPLE}, got {name!r}')
    return metrics


def _read_metric(entry: str | Mapping[str, Any], evaluators: Iterable[Any]) -> Metric:
    options: dict[str, Any] = dict(entry) if isinstance(entry, Mapping) else dict(name=entry)
    name, direction = options.pop('name', None), options.pop('direction', None)
    if not isinstance(name, str) or options:
        wanted = "dict(name='net1/brier', direction='minimize')"
        raise ConfigError('search.metric', f'must be such as {wanted}, got {entry!r}')
    if direction is not None:
        return Metric(name, check_direction(direction, 'search.metric.direction'))
    return Metric(name, 'minimize' if name in COSTS else stated_direction(name, evaluators))


def read_scores(metrics: Sequence[Metric], found: Mapping[str, float], networks: Sequence[str] = ()) -> list[float]:
    """The scores that a search goes by, out of a validation's metrics; costs are left out.

    Args:
        metrics: The search's metrics.
        found: What was reported, by name.
        networks: The nodes among which the best is looked for.

    Raises:
        ConfigError: If a metric was not computed.

    Example:
        >>> found = {'net1/accuracy/top1': 90.0, 'net2/accuracy/top1': 91.0}
        >>> read_scores([Metric('best/accuracy/top1', 'maximize')], found, ['net1', 'net2'])
        [91.0]
    """
    values = []
    for metric in [metric for metric in metrics if not metric.is_cost]:
        wanted = [f'{name}/{metric.kind}' for name in networks] if metric.node == BEST else [metric.name]
        matching = [found[name] for name in wanted if name in found]
        if not matching:
            raise ConfigError('search.metric', f'{metric.name!r} is never reported; {did_you_mean(metric.name, found)}')
        values.append(metric.better(matching))
    return values
