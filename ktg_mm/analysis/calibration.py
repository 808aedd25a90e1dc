"""Whether the nodes are right as often as they are sure: reliability diagrams and expected calibration errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ktg_mm.evaluation.calibration_error import reliability
from ktg_mm.text_table import text_table
from ktg_mm.visualization.chart import (
    BLACK,
    BLUE,
    GREY,
    PALE,
    SIZE,
    SKY,
    VERMILION,
    colours_of,
    legend,
    sheet,
    short_names,
    title,
)

from .predictions import Predictions
from .result import Result

_COLUMNS = 4
_FEW = 10  # images, of which one more that is right lifts a bar by more than a tenth of the diagram


def analyse_calibration(predictions: Predictions, bins: int = 15) -> Result:
    """Measures the calibration of every node, networks and ensembles.

    Args:
        predictions: Of one or several graphs.
        bins: Number of bins of equal width. Defaults to 15.

    Returns:
        The result ``calibration``, a row for each bin of each node. Bars of fewer than ten images are hatched.
    """
    rows = [row for name in predictions.names for row in _rows(predictions, name, bins)]
    table = text_table([_summary(predictions, rows, name) for name in predictions.names])
    few, filled = sum(0 < row['images'] < _FEW for row in rows), sum(row['images'] > 0 for row in rows)
    note = f'\n{few} of the {filled} bins that hold images hold fewer than {_FEW}: their bars say little' if few else ''
    return Result('calibration', rows, _draw(rows, predictions), table + note)


def _rows(predictions: Predictions, name: str, bins: int) -> list[dict[str, Any]]:
    """The bins of a node's reliability diagram, each with the node's error; what an empty bin lacks is NaN."""
    found = reliability(predictions.probabilities(name).max(axis=1), predictions.correct(name), bins)
    return [
        dict(
            node=name,
            from_percent=100 * number / bins,
            to_percent=100 * (number + 1) / bins,
            images=int(count),
            confidence_percent=100 * float(confidence),
            accuracy_percent=100 * float(accuracy),
            ece_percent=100 * found.error,
        )
        for number, (count, confidence, accuracy) in enumerate(
            zip(found.counts, found.confidence, found.accuracy, strict=True)
        )
    ]


def _summary(predictions: Predictions, rows: Sequence[dict[str, Any]], name: str) -> dict[str, str]:
    error = next(row['ece_percent'] for row in rows if row['node'] == name)
    return {
        'node': name,
        'accuracy (%)': f'{predictions.accuracy(name):.2f}',
        'mean confidence (%)': f'{100 * predictions.probabilities(name).max(axis=1).mean():.2f}',
        'ECE (%)': f'{error:.2f}',
    }


def _draw(rows: Sequence[dict[str, Any]], predictions: Predictions) -> Figure:
    """Draws a reliability diagram of each node."""
    names, configs = predictions.names, colours_of(predictions.configs)
    columns = min(_COLUMNS, len(names))
    lines = -(-len(names) // columns)
    figure, axes = sheet(1.6 + 2.2 * lines, lines, columns, sharex=True, sharey=True)
    for here, name, label in zip(axes.flat, names, short_names(names, 22), strict=False):
        colour = configs.get(predictions.config_of(name), SKY)
        _draw_node(here, [row for row in rows if row['node'] == name], label, colour)
    for here in axes.flat[len(names) :]:
        here.set_visible(False)
    for here in axes.flat[max(0, len(names) - columns) : len(names)]:
        here.set_xlabel('confidence (%)')
        here.tick_params(labelbottom=True)
    figure.supylabel('share of the images (%)', fontsize=SIZE)
    title(
        figure,
        f'Calibration, {len(predictions.labels):,} images',
        'ECE: |accuracy - confidence| of a bin, mean over the images',
    )
    handles = [
        *(Patch(label=f'right, of those in the bin: {config}', **_bar(colour)) for config, colour in configs.items()),
        *([] if configs else [Patch(label='right, of those in the bin', **_bar(SKY))]),
        Patch(label=f'likewise, of fewer than {_FEW} images', **_bar(GREY if configs else SKY, of_few=True)),
        Line2D([], [], color=VERMILION, lw=1.5, label='perfect calibration'),
        Line2D([], [], color=BLACK, lw=1, label='in the bin, of all'),
    ]
    legend(figure, handles, columns=2 if configs else 5)
    return figure


def _bar(colour: str, of_few: bool = False) -> dict[str, Any]:
    """How a bar looks."""
    if of_few:
        return dict(facecolor='white', edgecolor=colour, hatch='////')
    return dict(facecolor=colour, edgecolor=BLUE if colour == SKY else 'white')


def _draw_node(axes: Axes, rows: Sequence[dict[str, Any]], name: str, colour: str) -> None:
    edges = np.array([rows[0]['from_percent'], *(row['to_percent'] for row in rows)])
    images = np.array([row['images'] for row in rows])
    accuracy = np.nan_to_num([row['accuracy_percent'] for row in rows])
    for bars, of_few in ((images >= _FEW, False), (images < _FEW, True)):
        style = _bar(colour, of_few)
        axes.bar(edges[:-1][bars], accuracy[bars], np.diff(edges)[bars], align='edge', lw=0.6, **style)
    axes.stairs(100 * images / images.sum(), edges, color=BLACK, lw=1)
    axes.plot([0, 100], [0, 100], color=VERMILION, lw=1.5)
    axes.set(xlim=(0, 100), ylim=(0, 100))
    axes.grid(color=PALE)
    axes.set_title(f'{name}\nECE {rows[0]["ece_percent"]:.2f} %', fontsize=SIZE)
