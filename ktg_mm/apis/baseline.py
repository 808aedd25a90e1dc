"""What the results of a run are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from mmengine.config import Config

from ktg_mm.checkpoints import METRICS
from ktg_mm.errors import UserError, did_you_mean

from .run_metrics import read_metrics


class Baseline(NamedTuple):
    """Another node of the graph, or another run, whose nodes are those of the same names.

    Args:
        name: The node's, or the run's folder's.
        metrics: The run's, by ``node/metric``; None of a node.
    """

    name: str
    metrics: Mapping[str, float] | None = None

    def difference(self, values: Mapping[str, float], node: str, metric: str) -> float | None:
        """How far a node's metric is above the baseline's.

        Args:
            values: The metrics of the results, by ``node/metric``.
            node: The node.
            metric: The metric.

        Returns:
            None if the baseline has no such metric, or is the node itself.

        Example:
            >>> values = {'net1/top1': 90.0, 'net2/top1': 92.0}
            >>> Baseline('net1').difference(values, 'net2', 'top1'), Baseline('net1').difference(values, 'net1', 'top1')
            (2.0, None)
            >>> Baseline('alone', {'net2/top1': 89.0}).difference(values, 'net2', 'top1')
            3.0
        """
        if self.metrics is None:
            other = values.get(f'{self.name}/{metric}') if node != self.name else None
        else:
            other = self.metrics.get(f'{node}/{metric}')
        own = values.get(f'{node}/{metric}')
        return None if other is None or own is None else own - other


def find_baseline(text: str, cfg: Config, kind: str) -> Baseline:
    """The baseline that a user has named.

    Args:
        text: A node of the graph, or the folder of a run.
        cfg: The config of the run to compare.
        kind: Which of the other run's metrics: ``'test'`` or ``'last validation'``.

    Raises:
        UserError: If it is neither, or the other run has measured no node of the graph; one line.

    Example:
        >>> find_baseline('net1', Config(dict(model=dict(nodes=dict(net1={}, net2={})))), 'test')
        Baseline(name='net1', metrics=None)
    """
    nodes = list((cfg.get('model') or {}).get('nodes') or {})
    if text in nodes:
        return Baseline(text)
    folder = Path(text).expanduser()
    if not folder.is_dir():
        raise UserError(f'--baseline {text}: is no node of the graph and no folder; {did_you_mean(text, nodes)}')
    if not (folder / METRICS).is_file():
        raise UserError(f'--baseline {text}: has no {METRICS}; give the folder of a run that has trained to its end')
    metrics = read_metrics(folder, kind)
    if not {name.partition('/')[0] for name in metrics} & set(nodes):
        raise UserError(f'--baseline {text}: has measured none of the nodes {", ".join(nodes)}')
    return Baseline(folder.resolve().name, metrics)
