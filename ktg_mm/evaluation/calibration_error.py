"""Whether a network is right as often as it is sure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric
from mmpretrain.registry import METRICS

from ktg_mm.errors import ConfigError


@dataclass(frozen=True, eq=False)
class Reliability:
    """What a reliability diagram shows: samples in M bins of equal width by their confidence.

    Args:
        counts: Number of samples in each bin, shape (M,).
        confidence: Mean confidence in each bin, 0 to 1; NaN in an empty one.
        accuracy: Share of right predictions in each bin; NaN in an empty one.
    """

    counts: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray

    @property
    def error(self) -> float:
        """Expected calibration error (Naeini et al., AAAI 2015): the samples' mean |accuracy - confidence| of a bin."""
        gaps = np.abs(self.accuracy - self.confidence)
        return float(np.nansum(self.counts * gaps) / self.counts.sum())


def reliability(confidence: np.ndarray, correct: np.ndarray, bins: int = 15) -> Reliability:
    """Sorts samples into bins ((m - 1) / M, m / M], as Guo et al. (ICML 2017) do; a confidence of 0 is in the first.

    scikit-learn's ``calibration_curve`` does not say how many samples a bin holds.

    Args:
        confidence: Highest probability of each sample, shape (N,), N at least 1.
        correct: Whether its class is the true one, shape (N,).
        bins: Number of bins M. Defaults to 15.

    Raises:
        ValueError: If there is no bin.

    Example:
        >>> reliability(np.array([0.6, 0.8, 0.9]), np.array([True, False, True]), bins=2).accuracy.round(2).tolist()
        [nan, 0.67]
    """
    if bins < 1:
        raise ValueError(f'bins must be at least 1, got {bins}')
    # Edges as numbers, not confidence * bins, which rounds 0.6 out of (0.4, 0.6].
    places = np.searchsorted(np.arange(1, bins) / bins, np.asarray(confidence, dtype=np.float64), side='left')
    counts = np.bincount(places, minlength=bins)
    with np.errstate(invalid='ignore'):
        return Reliability(
            counts,
            np.bincount(places, weights=confidence, minlength=bins) / counts,
            np.bincount(places, weights=correct, minlength=bins) / counts,
        )


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
