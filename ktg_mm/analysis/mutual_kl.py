"""Mutual KL of two networks against what their ensemble gains, over all pairs (Okamoto et al., ECCV 2022)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from scipy.stats import pearsonr, spearmanr

from ktg_mm.errors import UserError
from ktg_mm.evaluation.diversity import ensemble_gain, mutual_kl
from ktg_mm.visualization.chart import BLUE, GREY, ORANGE, PALE, SMALL, colours_of, legend, sheet, title

from .predictions import Predictions
from .result import Result

# Fisher's interval divides by the square root of the number of pairs less 3.
_FEWEST_PAIRS = 4
_UNKNOWN = f'not known, as it takes {_FEWEST_PAIRS} pairs that differ'
_MOST_NAMES = 6  # pairs that are named in the picture


@dataclass(frozen=True)
class Correlation:
    """How strongly two quantities go together.

    Args:
        pearson: Pearson's coefficient, for a straight line.
        low: Lower end of its 95 % interval, by Fisher's transformation.
        high: Upper end.
        spearman: Spearman's coefficient, for ranks.
    """

    pearson: float
    low: float
    high: float
    spearman: float

    def __str__(self) -> str:
        return (
            f'Pearson {self.pearson:+.2f} (95 % interval {self.low:+.2f} to {self.high:+.2f}), '
            f'Spearman {self.spearman:+.2f}'
        )


def correlation(x: Sequence[float], y: Sequence[float]) -> Correlation | None:
    """Correlation of two quantities; None of fewer than four points, or if one quantity is constant.

    The interval is that of independent points. Pairs of networks are not independent, as they share networks, so for
    them it is narrower than it should be.

    Args:
        x: The one, finite.
        y: The other, as many.

    Example:
        >>> str(correlation([1, 2, 3, 4], [1, 2, 3, 5]))
        'Pearson +0.98 (95 % interval +0.39 to +1.00), Spearman +1.00'
    """
    if len(x) < _FEWEST_PAIRS or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    found = pearsonr(x, y)
    low, high = found.confidence_interval(0.95)
    return Correlation(float(found.statistic), float(low), float(high), float(spearmanr(x, y).statistic))


def analyse_mutual_kl(predictions: Predictions) -> Result:
    """Compares all pairs of networks.

    The gain is the accuracy of the mean of the two networks' logits, less the mean of their two accuracies.

    Args:
        predictions: Of at least two networks.

    Returns:
        The result ``mutual_kl``, a row for each pair; ``same_run`` is 1 for two networks of one run, else 0.

    Raises:
        UserError: If there are fewer than two networks.
    """
    rows = _rows(predictions)
    found = correlation([row['mutual_kl_nats'] for row in rows], [row['gain_points'] for row in rows])
    gains = [row['gain_points'] for row in rows]
    summary = (
        f'{len(rows)} pairs of {len(predictions.networks)} networks, {len(predictions.labels)} images\n'
        f'gain of a pair: mean {np.mean(gains):+.2f} points, {min(gains):+.2f} to {max(gains):+.2f}\n'
        f'correlation of mutual KL and gain: {found or _UNKNOWN}'
    )
    return Result('mutual_kl', rows, _draw(rows, found, predictions), summary)


def _rows(predictions: Predictions) -> list[dict[str, Any]]:
    networks = predictions.networks
    if len(networks) < 2:
        raise UserError(f'pairs need at least two networks, got {", ".join(networks)}')
    logs = {name: predictions.log_probabilities(name) for name in networks}
    accuracies = {name: predictions.accuracy(name) for name in networks}
    rows = []
    for a, b in combinations(networks, 2):
        mean = (accuracies[a] + accuracies[b]) / 2
        pair = np.stack([predictions.logits_of(a), predictions.logits_of(b)])
        gain = 100 * ensemble_gain(pair, predictions.labels)
        rows.append(
            dict(
                first=a,
                second=b,
                same_run=int(a.rpartition('/')[0] == b.rpartition('/')[0]),
                mutual_kl_nats=mutual_kl(logs[a], logs[b]),
                gain_points=gain,
                mean_accuracy_percent=mean,
                ensemble_accuracy_percent=mean + gain,
            )
        )
    return rows


def _draw(rows: Sequence[dict[str, Any]], found: Correlation | None, predictions: Predictions) -> Figure:
    """Draws the gain of each pair over its mutual KL, and the correlation, if there is one."""
    figure, ((axes,),) = sheet(5.0)
    x, y, same = (np.array([row[key] for row in rows]) for key in ('mutual_kl_nats', 'gain_points', 'same_run'))
    configs = np.array([_config_of_pair(predictions, row) for row in rows])
    colours = colours_of(predictions.configs)
    for runs, label, marker, colour in (
        (same == 0, 'pairs of two runs', 'o', ORANGE),
        (same == 1, 'pairs of one run', 'D', BLUE),
    ):
        for config in sorted(set(configs[runs]), key=[*colours, ''].index):
            chosen = runs & (configs == config)
            of = f' of {config}' if config else ' of two configs' if colours else ''
            style: dict[str, Any] = dict(ms=6 if len(rows) <= 100 else 4, alpha=0.7, mec='white', mew=0.5)
            style['color'] = colours.get(config, GREY) if colours else colour
            axes.plot(x[chosen], y[chosen], marker, label=f'{label}{of} ({chosen.sum()})', **style)
    if found:
        ends = np.array([x.min(), x.max()])
        axes.plot(ends, np.polyval(np.polyfit(x, y, 1), ends), color=GREY, lw=1.5, label='least squares')
    for row in rows if len(rows) <= _MOST_NAMES else ():
        axes.annotate(
            f'{row["first"]}, {row["second"]}', (row['mutual_kl_nats'], row['gain_points']), (0, 7),
            textcoords='offset points', ha='center', fontsize=SMALL,
        )  # fmt: skip
    axes.margins(0.1)
    axes.axhline(0, color=GREY, lw=0.8, ls=':')
    axes.set(xlabel='mutual KL (nats)', ylabel='gain of the ensemble of two (percentage points)')
    axes.grid(color=PALE)
    below = f'correlation: {found or _UNKNOWN}'
    pairs = f'{len(rows)} pairs, {len(predictions.labels):,} images'
    title(figure, f'Mutual KL and gain of two networks, {pairs}', below)
    if len(axes.get_legend_handles_labels()[0]) > 1:
        legend(figure, columns=2 if colours else 5)
    return figure


def _config_of_pair(predictions: Predictions, row: dict[str, Any]) -> str:
    """The config of both networks; empty if they are of two, or all are of one."""
    first, second = (predictions.config_of(row[key]) for key in ('first', 'second'))
    return first if first == second else ''
