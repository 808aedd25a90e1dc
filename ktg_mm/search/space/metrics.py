"""What a search goes by: metrics of nodes, and what a graph costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ktg_mm.errors import ConfigError, did_you_mean

BEST = 'best'
COSTS = ('parameters', 'flops')


def read_metrics(search: Mapping[str, Any], model: Mapping[str, Any]) -> list[str]:
    """The metrics that a search goes by, the target's accuracy unless it says otherwise.

    Args:
        search: ``search`` of a config.
        model: ``model`` of the config.

    Raises:
        ConfigError: If one of them is none of a node, or a search cannot go by it.
    """
    metrics = search.get('metric') or f'{model.get("target")}/accuracy/top1'
    metrics = [metrics] if isinstance(metrics, str) else metrics
    if not isinstance(metrics, (list, tuple)) or not all(isinstance(metric, str) for metric in metrics):
        raise ConfigError('search.metric', f"must be a metric such as 'net1/accuracy/top1', or a list, got {metrics!r}")
    metrics = list(metrics)
    if not metrics or set(metrics) <= set(COSTS):
        raise ConfigError('search.metric', "needs a score of a node's, such as 'net1/accuracy/top1', beside the costs")
    for metric in metrics:
        name = metric.split('/')[0]
        if metric not in COSTS and name != BEST and name not in model['nodes']:
            hint = did_you_mean(name, [*model['nodes'], BEST, *COSTS])
            raise ConfigError('search.metric', f'{metric!r} begins with no node; {hint}')
        if metric.endswith('/ece'):
            raise ConfigError('search.metric', f'{metric!r} is an error, but a search looks for the highest score')
        if metric not in COSTS and '/' not in metric:
            raise ConfigError(
                'search.metric', f"must be a node and its metric, such as 'net1/accuracy/top1', got {metric!r}"
            )
    return metrics


def scores(metrics: Sequence[str], found: Mapping[str, float], networks: Sequence[str] = ()) -> list[float]:
    """The accuracies that a search goes by, out of a validation's metrics.

    Args:
        metrics: Names such as ``net1/accuracy/top1``, or ``best/accuracy/top1`` for the best node's.
        found: Metrics by name.
        networks: The nodes among which the best is looked for.

    Raises:
        ConfigError: If a metric was not computed.

    Example:
        >>> scores(['best/accuracy/top1'], {'net1/accuracy/top1': 90.0, 'net2/accuracy/top1': 91.0}, ['net1', 'net2'])
        [91.0]
    """
    values = []
    for metric in metrics:
        node, _, kind = metric.partition('/')
        wanted = [f'{name}/{kind}' for name in networks] if node == BEST else [metric]
        matching = [found[name] for name in wanted if name in found]
        if not matching:
            raise ConfigError('search.metric', f'{metric!r} is never reported; {did_you_mean(metric, found)}')
        values.append(max(matching))
    return values
