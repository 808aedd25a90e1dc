"""Calibration of one classifier, as a metric."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric
from mmpretrain.registry import METRICS

from ktg_mm.errors import ConfigError

from .calibration import reliability


@METRICS.register_module()
class CalibrationError(BaseMetric):
    """Expected calibration error in percent, ``calibration/ece``; lower is better.

    It is about one classifier; ``dict(type='NodeMetric', metric=dict(type='CalibrationError'))`` reports it for each
    node of a graph: ``net1/calibration/ece``.

    Args:
        bins: Number of bins of equal width. Defaults to 15, as in Guo et al. (ICML 2017).
        collect_device: As in mmengine.
        prefix: Beginning of the name. Defaults to ``'calibration'``.

    Raises:
        ConfigError: If there is no bin.

    Example:
        >>> import torch
        >>> metric = CalibrationError()
        >>> metric.process({}, [dict(pred_score=torch.tensor([0.25, 0.75]), gt_label=torch.tensor([1]))])
        >>> metric.evaluate(1)
        {'calibration/ece': 25.0}
    """

    default_prefix = 'calibration'
    directions = dict(ece='minimize')  # for a search

    def __init__(self, bins: int = 15, collect_device: str = 'cpu', prefix: str | None = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if not isinstance(bins, int) or bins < 1:
            raise ConfigError('CalibrationError.bins', f'must be a whole number above 0, got {bins!r}')
        self.bins = bins

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Takes one batch: ``pred_score`` (C,) and ``gt_label`` (1,) per sample."""
        for sample in data_samples:
            confidence, predicted = sample['pred_score'].max(dim=0)
            self.results.append((float(confidence), int(predicted) == int(sample['gt_label'])))

    def compute_metrics(self, results: list[tuple[float, bool]]) -> dict[str, float]:
        """Computes the error of all samples.

        Args:
            results: Each sample's confidence, and whether its predicted class is right.
        """
        if not results:
            raise ConfigError('val_dataloader', 'holds no samples to evaluate on')
        confidence, correct = np.array(results).T
        return dict(ece=100 * reliability(confidence, correct, self.bins).error)
