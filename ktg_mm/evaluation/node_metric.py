"""Any metric of mmpretrain, for each node."""

from collections.abc import Sequence
from typing import Any

from mmengine.evaluator import BaseMetric
from mmpretrain.registry import METRICS

from ktg_mm.errors import ConfigError, did_you_mean


@METRICS.register_module()
class NodeMetric(BaseMetric):
    """Evaluates every node of a graph with one metric, from one pass over the data.

    The names get the node's name as prefix: ``net1/accuracy/top1``, ``ensemble/accuracy/top1``.

    Args:
        metric: Config of an mmpretrain metric that reads ``pred_score`` and ``gt_label``, or
            ``gt_score`` where the data have soft labels. Defaults to Accuracy.
        nodes: The nodes to evaluate; where all metrics name some, others do not run. Defaults to None: all.
        collect_device: As in mmengine.

    Raises:
        ConfigError: If a node does not exist.

    Example:
        >>> import torch
        >>> metric = NodeMetric(metric=dict(type='Accuracy'))
        >>> metric.dataset_meta = None
        >>> scores = torch.tensor([[0.9, 0.1], [0.2, 0.8]])
        >>> metric.process({}, [dict(node_names=('a', 'b'), node_scores=scores, gt_label=torch.tensor([1]))])
        >>> metric.evaluate(1)
        {'a/accuracy/top1': 0.0, 'b/accuracy/top1': 100.0}
    """

    default_prefix = ''

    def __init__(
        self, metric: dict | None = None, nodes: Sequence[str] | None = None, collect_device: str = 'cpu'
    ) -> None:
        super().__init__(collect_device=collect_device)
        self.metric_cfg = dict(metric or dict(type='Accuracy'), collect_device=collect_device)
        self.nodes = nodes
        self._metrics: dict[str, BaseMetric] = {}

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Takes the scores of one batch: ``node_scores`` of shape (K, C) and ``node_names`` per sample."""
        refuse_tokens(data_samples[0], type(self).__name__)
        names = list(data_samples[0]['node_names'])
        if not self._metrics:
            self._metrics = self._build_metrics(names)
        for name, metric in self._metrics.items():
            index = names.index(name)
            metric.process(
                data_batch,
                [
                    {key: sample[key] for key in ('gt_label', 'gt_score') if key in sample}
                    | dict(pred_score=sample['node_scores'][index])
                    for sample in data_samples
                ],
            )

    def _build_metrics(self, names: list[str]) -> dict[str, BaseMetric]:
        for name in self.nodes or ():
            if name not in names:
                raise ConfigError('val_evaluator.nodes', f'no node is named {name!r}; {did_you_mean(name, names)}')
        metrics = {name: METRICS.build(dict(self.metric_cfg)) for name in self.nodes or names}
        for metric in metrics.values():
            metric.dataset_meta = self.dataset_meta
        return metrics

    def evaluate(self, size: int) -> dict[str, float]:
        """Returns every node's metrics over ``size`` samples."""
        if not self._metrics:
            raise ConfigError('val_dataloader', 'holds no samples to evaluate on')
        metrics: dict[str, float] = {}
        for name, metric in self._metrics.items():
            metrics |= {f'{name}/{key}': value for key, value in metric.evaluate(size).items()}
        return metrics

    def compute_metrics(self, results: list) -> dict:
        """Unused: each node's metric computes its own."""
        raise RuntimeError('NodeMetric.evaluate asks each metric itself')


def refuse_tokens(sample: dict, metric: str) -> None:
    """Refuses a chunk of a text, of which no probabilities of all classes are kept.

    Args:
        sample: What was predicted.
        metric: Who asks.

    Raises:
        ConfigError: If it is one.
    """
    if 'node_log_probabilities' in sample:
        raise ConfigError('val_evaluator', f"{metric} is of images; of tokens take dict(type='Perplexity')")
