"""Diversity of a graph's networks, as a metric."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmpretrain.registry import METRICS

from ktg_mm.errors import ConfigError, did_you_mean

from .diversity import disagreement, entropy, finite_log, interrater_agreement, mutual_kl
from .node_metric import refuse_tokens


@METRICS.register_module()
class DiversityMetric(BaseMetric):
    """How different the predictions of a graph's networks are; beside NodeMetric in a list of evaluators.

    It reports ``diversity/interrater_agreement`` (NaN if all networks are always right or always wrong),
    ``diversity/disagreement`` (percent), ``diversity/mutual_kl`` (nats), each of the two the mean over all pairs of
    networks, and ``diversity/entropy`` (nats), the mean over the networks. The functions of
    :mod:`ktg_mm.evaluation.diversity` say what they are.

    Args:
        nodes: The nodes to compare, at least two. Defaults to None: all but ensembles.
        collect_device: As in mmengine.
        prefix: Beginning of the names. Defaults to ``'diversity'``.

    Raises:
        ConfigError: If a node does not exist, or there are fewer than two.

    Example:
        >>> metric = DiversityMetric()
        >>> sample = dict(node_names=('a', 'b'), network_names=('a', 'b'), gt_label=torch.tensor([1]))
        >>> metric.process({}, [dict(sample, node_scores=torch.tensor([[0.9, 0.1], [0.2, 0.8]]))])
        >>> metric.evaluate(1)['diversity/disagreement']
        100.0
    """

    default_prefix = 'diversity'
    compares_networks = True  # and so needs two of them

    def __init__(
        self, nodes: Sequence[str] | None = None, collect_device: str = 'cpu', prefix: str | None = None
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.nodes = nodes

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Takes one batch: ``node_scores`` (K, C), ``node_names``, ``network_names`` and ``gt_label`` per sample."""
        refuse_tokens(data_samples[0], type(self).__name__)
        rows = self._rows(data_samples[0])
        for sample in data_samples:
            self.results.append((sample['node_scores'][rows].cpu(), int(sample['gt_label'])))

    def _rows(self, sample: dict) -> list[int]:
        """The places of the nodes that are compared."""
        names = list(sample['node_names'])
        nodes = list(dict.fromkeys(sample['network_names'] if self.nodes is None else self.nodes))
        for name in nodes:
            if name not in names:
                raise ConfigError('val_evaluator.nodes', f'no node is named {name!r}; {did_you_mean(name, names)}')
        if len(nodes) < 2:
            key = 'val_evaluator' if self.nodes is None else 'val_evaluator.nodes'
            raise ConfigError(key, f'DiversityMetric needs two networks, got {", ".join(nodes) or "none"}')
        return [names.index(name) for name in nodes]

    def compute_metrics(self, results: list[tuple[torch.Tensor, int]]) -> dict[str, float]:
        """Computes the metrics of all samples.

        Args:
            results: Each sample's scores of shape (K, C), and its class.
        """
        if not results:
            raise ConfigError('val_dataloader', 'holds no samples to evaluate on')
        scores = torch.stack([scores for scores, _ in results], dim=1).numpy()
        predicted = scores.argmax(axis=2)
        logs = [finite_log(probabilities) for probabilities in scores]
        return dict(
            interrater_agreement=interrater_agreement(predicted == np.array([label for _, label in results])),
            disagreement=100 * disagreement(predicted),
            mutual_kl=float(np.mean([mutual_kl(a, b) for a, b in combinations(logs, 2)])),
            entropy=float(np.mean([entropy(log) for log in logs])),
        )
