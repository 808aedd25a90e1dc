"""How different the networks are, pair by pair and all together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from ktg_mm.errors import UserError
from ktg_mm.evaluation.diversity import attention_difference, disagreement, entropy, interrater_agreement, mutual_kl
from ktg_mm.text_table import text_table
from ktg_mm.visualization.chart import (
    BLACK,
    PALE,
    SHADES,
    SIZE,
    SMALL,
    WIDTH,
    colours_of,
    legend,
    sheet,
    short_names,
    title,
)

from .predictions import Predictions
from .result import Result

_MOST_NUMBERS = 4  # networks, of which each pair has its number in the picture
_MAPS = {
    'disagreement_percent': ('disagreement (%)', '{:.1f}'),
    'mutual_kl_nats': ('mutual KL (nats)', '{:.3f}'),
    'attention_difference': ('attention difference', '{:.2f}'),
}


def analyse_diversity(predictions: Predictions) -> Result:
    """Measures how different the networks are.

    Args:
        predictions: Of at least two networks; with attention maps, where those are to be compared.

    Returns:
        The result ``diversity``: a row for each pair, then one for all networks, named ``all``, with the measures of
        :mod:`ktg_mm.evaluation.diversity`. ``attention_difference`` is NaN for networks without maps or with maps of
        two sizes; the last row's is the mean of the pairs that have it.

    Raises:
        UserError: If there are fewer than two networks.
    """
    rows = _rows(predictions)
    total = rows[-1]
    values = {
        'interrater agreement': f'{total["interrater_agreement"]:.3f}',
        'disagreement (%), mean of pairs': f'{total["disagreement_percent"]:.2f}',
        'mutual KL (nats), mean of pairs': f'{total["mutual_kl_nats"]:.4f}',
        'attention difference, mean of pairs': f'{total["attention_difference"]:.3f}',
        'entropy (nats), mean of networks': f'{total["entropy_nats"]:.4f}',
    }
    table = text_table([{'of all networks': name, 'value': value} for name, value in values.items()])
    return Result('diversity', rows, _draw(rows, predictions), table)


def _rows(predictions: Predictions) -> list[dict[str, Any]]:
    networks = predictions.networks
    if len(networks) < 2:
        raise UserError(f'diversity needs at least two networks, got {", ".join(networks)}')
    logs = {name: predictions.log_probabilities(name) for name in networks}
    entropies = {name: entropy(log) for name, log in logs.items()}
    rows: list[dict[str, Any]] = [
        dict(
            first=a,
            second=b,
            disagreement_percent=100 * disagreement(np.stack([predictions.predicted(a), predictions.predicted(b)])),
            mutual_kl_nats=mutual_kl(logs[a], logs[b]),
            attention_difference=_attention_difference(predictions, a, b),
            interrater_agreement=interrater_agreement(np.stack([predictions.correct(a), predictions.correct(b)])),
            entropy_nats=(entropies[a] + entropies[b]) / 2,
        )
        for a, b in combinations(networks, 2)
    ]
    total = dict(
        first='all',
        second='all',
        **{key: _mean([row[key] for row in rows]) for key in _MAPS},
        interrater_agreement=interrater_agreement(np.stack([predictions.correct(name) for name in networks])),
        entropy_nats=float(np.mean(list(entropies.values()))),
    )
    return [*rows, total]


def _attention_difference(predictions: Predictions, a: str, b: str) -> float:
    maps = [predictions.attention.get(name) for name in (a, b)]
    if maps[0] is None or maps[1] is None or maps[0].shape != maps[1].shape:
        return float('nan')
    return attention_difference(maps[0], maps[1])


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float('nan')


def _draw(rows: Sequence[dict[str, Any]], predictions: Predictions) -> Figure:
    """Draws the measures of all pairs as heat maps."""
    *pairs, total = rows
    networks, colours = predictions.networks, colours_of(predictions.configs)
    shown = [key for key in _MAPS if not np.isnan(total[key])]
    labels = short_names(networks, 24)
    names = 0.09 * max(map(len, labels))  # inches of the longest
    side = min(2.8, (WIDTH - 0.4 - names) / len(shown) - 0.65)
    figure, (axes,) = sheet(side + names + 0.95 + 0.25 * len(colours), 1, len(shown))
    for place, (here, key) in enumerate(zip(axes, shown, strict=True)):
        values = np.full((len(networks), len(networks)), np.nan)
        for row in pairs:
            i, j = networks.index(row['first']), networks.index(row['second'])
            values[i, j] = values[j, i] = row[key]
        _draw_map(here, values, *_MAPS[key])
        here.set_xticks(range(len(networks)), labels, rotation=90)
        here.set_yticks(range(len(networks)), labels if place == 0 else [])
        for axis in (here.xaxis, here.yaxis) if colours else ():
            for tick, name in zip(axis.get_ticklabels(), networks, strict=False):
                tick.set(color=colours[predictions.config_of(name)], weight='bold')
    if colours:
        legend(figure, [Patch(color=colour, label=config) for config, colour in colours.items()], columns=2)
    below = f'interrater agreement {total["interrater_agreement"]:.3f}, entropy {total["entropy_nats"]:.3f} nats'
    title(figure, f'How different the {len(networks)} networks are, {len(predictions.labels):,} images', below)
    return figure


def _draw_map(axes: Axes, values: np.ndarray, label: str, number: str) -> None:
    most = np.nanmax(values) or 1.0
    image = axes.imshow(values, cmap=SHADES.with_extremes(bad=PALE), vmin=0, vmax=most)
    bar = axes.figure.colorbar(
        image, cax=axes.inset_axes((1.04, 0, 0.05, 1)), ticks=MaxNLocator(4, steps=(1, 2, 5, 10)), format='%g'
    )
    bar.ax.tick_params(labelsize=SMALL)
    for y, x in np.ndindex(values.shape) if len(values) <= _MOST_NUMBERS else ():
        if not np.isnan(values[y, x]):
            colour = 'white' if values[y, x] > 0.5 * most else BLACK
            axes.text(x, y, number.format(values[y, x]), ha='center', va='center', fontsize=SMALL, color=colour)
    axes.set_title(label, fontsize=SIZE)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
