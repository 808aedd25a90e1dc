"""The interval of a mean."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean

from scipy.stats import sem, t


def mean_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """The 95 % interval of a mean, of Student's t; None with fewer than two values.

    Args:
        values: The values.

    Example:
        >>> [round(end, 2) for end in mean_interval([1.0, 2.0, 3.0])]
        [-0.48, 4.48]
    """
    if len(values) < 2:
        return None
    low, high = (mean(values) + float(end * sem(values)) for end in t.interval(0.95, len(values) - 1))
    return low, high
