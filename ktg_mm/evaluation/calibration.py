"""Whether a network is right as often as it is sure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


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
