"""Accuracy against the number of parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter
from scipy.optimize import isotonic_regression

from ktg_mm.text_table import text_table
from ktg_mm.visualization.chart import BLUE, GREY, PALE, SMALL, VERMILION, colours_of, legend, sheet, short_names, title

from .predictions import Predictions
from .result import Result

_MOST_NAMES = 16  # one above another
_LETTERS = 24  # of a name
_ROOM = 90  # for a name, in points
_LINE = 1.35 * SMALL  # distance of two names, in points


def analyse_parameters(predictions: Predictions) -> Result:
    """Compares the nodes' accuracies with their numbers of parameters; an ensemble has those of all its networks.

    Args:
        predictions: Of one or several graphs.

    Returns:
        The result ``parameters``, a row for each node.
    """
    rows: list[dict[str, Any]] = [
        dict(
            node=name,
            kind='ensemble' if name in predictions.members else 'network',
            parameters=predictions.parameters_of(name),
            accuracy_percent=predictions.accuracy(name),
        )
        for name in predictions.names
    ]
    table = text_table(
        [
            {
                'node': row['node'],
                'parameters': f'{row["parameters"]:,}',
                'accuracy (%)': f'{row["accuracy_percent"]:.2f}',
            }
            for row in rows
        ]
    )
    return Result('parameters', rows, _draw(rows, predictions), table)


def _draw(rows: Sequence[dict[str, Any]], predictions: Predictions) -> Figure:
    """Draws the accuracy of each node over its number of parameters."""
    figure, ((axes,),) = sheet(4.8)
    configs = colours_of(predictions.configs)
    for kind, marker, colour in (('network', 'o', BLUE), ('ensemble', 'D', VERMILION)):
        for config, of_config in configs.items() or [('', colour)]:
            chosen = [row for row in rows if row['kind'] == kind and predictions.config_of(row['node']) == config]
            if chosen:
                x, y = ([row[key] for row in chosen] for key in ('parameters', 'accuracy_percent'))
                label = f'{kind}s ({len(chosen)})' + (f' of {config}' if config else '')
                axes.plot(x, y, marker, ms=7, color=of_config, mec='white', label=label, zorder=3)
    axes.set_xscale('log')
    numbers = [row['parameters'] for row in rows]
    axes.set_xlim(min(numbers) / 1.25, max(numbers) * 1.6)  # room for the names
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5, 7)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(EngFormatter())
    axes.margins(y=0.1)
    axes.set(xlabel='parameters (of all its networks for an ensemble)', ylabel='accuracy (%)')
    axes.grid(color=PALE)
    title(figure, f'Accuracy and number of parameters of {len(rows)} nodes, {len(predictions.labels):,} images')
    legend(figure, columns=2)
    figure.draw_without_rendering()  # lays the axes out, to know where the points are on the paper
    names = dict(zip(predictions.names, short_names(predictions.names, _LETTERS), strict=True))
    for column in _columns(axes, rows):
        if len(column) <= _MOST_NAMES:
            _write_names(axes, column, names)
    return figure


def _columns(axes: Axes, rows: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The points, those together that lie so closely side by side that their names would cover one another."""
    rows = sorted(rows, key=lambda row: row['parameters'])
    gaps = np.diff([_on_paper(axes, row)[0] for row in rows])
    return [part.tolist() for part in np.split(np.array(rows), np.flatnonzero(gaps > _ROOM) + 1)]


def _on_paper(axes: Axes, row: dict[str, Any]) -> np.ndarray:
    """Where a point is, in points of 1/72 inch from the left and from below."""
    return axes.transData.transform((row['parameters'], row['accuracy_percent'])) * 72 / axes.figure.dpi


def _write_names(axes: Axes, rows: Sequence[dict[str, Any]], names: Mapping[str, str]) -> None:
    """Writes the names to the right of all these points, apart from one another and joined to them by lines."""
    rows = sorted(rows, key=lambda row: row['accuracy_percent'])
    places = np.array([_on_paper(axes, row) for row in rows])
    left = places[:, 0].max() + 14
    for row, (x, y), height in zip(rows, places, _apart(places[:, 1]), strict=True):
        line = dict(arrowstyle='-', color=GREY, lw=0.6, relpos=(0, 0.5), shrinkA=1, shrinkB=4)
        axes.annotate(
            names[row['node']], (row['parameters'], row['accuracy_percent']), (left - x, height - y),
            textcoords='offset points', va='center', fontsize=SMALL, arrowprops=line,
        )  # fmt: skip


def _apart(heights: np.ndarray) -> np.ndarray:
    """Heights that are at least a line apart, and else as close as can be to the given ones, which ascend."""
    # The nearest heights with such distances are the nearest ascending ones once the distances are taken off.
    steps = _LINE * np.arange(len(heights))
    return isotonic_regression(heights - steps).x + steps
