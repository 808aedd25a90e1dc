"""Accuracy of the ensemble of every subset of the networks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from ktg_mm.errors import UserError
from ktg_mm.text_table import text_table
from ktg_mm.visualization.chart import BLUE, GREEN, GREY, PALE, VERMILION, colours_of, legend, sheet, title

from .predictions import Predictions
from .result import Result

MOST_NETWORKS = 12  # 4,095 subsets
_LONGEST_NAME = 48  # letters of a legend's entry


def analyse_subsets(predictions: Predictions) -> Result:
    """Measures every non-empty subset of the networks, by the mean of its logits.

    The best subset is chosen on the same images that it is measured on, so its accuracy is flattered.

    Args:
        predictions: Of at most 12 networks.

    Returns:
        The result ``subsets``, a row for each subset, the smallest first.

    Raises:
        UserError: If there are more networks.
    """
    rows = _rows(predictions)
    best = max(rows, key=lambda row: row['accuracy_percent'])
    table = text_table([_summary(size, rows) for size in range(1, len(predictions.networks) + 1)])
    summary = f'{table}\nbest: {best["networks"]}, {best["accuracy_percent"]:.2f} %'
    return Result('subsets', rows, _draw(rows, predictions), summary)


def _rows(predictions: Predictions) -> list[dict[str, Any]]:
    networks = predictions.networks
    if len(networks) > MOST_NETWORKS:
        raise UserError(f'subsets of at most {MOST_NETWORKS} networks can be measured, got {len(networks)}')
    rows = [
        dict(
            size=len(subset),
            networks=' + '.join(subset),
            accuracy_percent=100 * int((logits.argmax(axis=1) == predictions.labels).sum()) / len(predictions.labels),
        )
        for subset, logits in _sums(predictions, networks)
    ]
    return sorted(rows, key=lambda row: row['size'])


def _sums(
    predictions: Predictions, networks: Sequence[str], taken: tuple[str, ...] = (), total: np.ndarray | float = 0.0
) -> Iterator[tuple[tuple[str, ...], np.ndarray]]:
    """Every subset with the sum of its logits (N, C), one addition each; the sum has the argmax of the mean."""
    for number, name in enumerate(networks):
        subset, summed = (*taken, name), total + predictions.logits_of(name).astype(np.float64)
        yield subset, summed
        yield from _sums(predictions, networks[number + 1 :], subset, summed)


def _summary(size: int, rows: Sequence[dict[str, Any]]) -> dict[str, str]:
    accuracies = [row['accuracy_percent'] for row in rows if row['size'] == size]
    return {
        'networks': str(size),
        'subsets': str(len(accuracies)),
        'lowest (%)': f'{min(accuracies):.2f}',
        'mean (%)': f'{np.mean(accuracies):.2f}',
        'highest (%)': f'{max(accuracies):.2f}',
    }


def _draw(rows: Sequence[dict[str, Any]], predictions: Predictions) -> Figure:
    """Draws the accuracy of every subset over its size."""
    figure, ((axes,),) = sheet(4.8)
    sizes, counts = np.unique([row['size'] for row in rows], return_counts=True)
    # Side by side in the order of the rows, as many subsets of a size have the same accuracy.
    offsets = [np.linspace(-0.2, 0.2, count) if count > 1 else np.zeros(1) for count in counts]
    places = np.repeat(sizes, counts) + np.concatenate(offsets)
    accuracies = np.array([row['accuracy_percent'] for row in rows])
    means = [np.mean(part) for part in np.split(accuracies, np.cumsum(counts)[:-1])]
    colours = colours_of(predictions.configs)
    configs = [_configs_of(row['networks'], predictions) for row in rows]
    handles = []
    for config in sorted(set(configs), key=[*colours, ''].index):
        chosen = np.array([one == config for one in configs])
        point: dict[str, Any] = dict(
            ls='', marker='o', ms=4, color=colours.get(config, GREY) if colours else BLUE, mew=0
        )
        axes.plot(places[chosen], accuracies[chosen], alpha=0.5, **point)
        of = f' of {config}' if config else ' of several configs' if colours else ''
        handles.append(Line2D([], [], label=f'a subset{of}', **point))
    axes.plot(sizes, means, color=GREY, lw=1.5)
    handles.append(Line2D([], [], color=GREY, lw=1.5, label='mean of a size'))
    marked = (('all', len(rows) - 1, 's', 12, VERMILION), ('best', int(accuracies.argmax()), 'D', 9, GREEN))
    for what, index, marker, size, colour in marked:
        style: dict[str, Any] = dict(ls='', marker=marker, mfc='none', mec=colour, mew=2)
        axes.plot(places[index], accuracies[index], ms=size, **style)
        names = rows[index]['networks']
        names = names if len(names) <= _LONGEST_NAME else f'{rows[index]["size"]} networks'
        handles.append(Line2D([], [], ms=7, label=f'{what}: {names}, {accuracies[index]:.2f} %', **style))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlim(0.5, len(sizes) + 0.5)
    axes.set(xlabel='networks in the ensemble', ylabel='accuracy of the mean of their logits (%)')
    axes.grid(color=PALE)
    images = f'{len(predictions.labels):,} images'
    title(figure, f'Accuracy of every ensemble of {len(sizes)} networks, {len(rows)} subsets, {images}')
    legend(figure, handles, columns=2)
    return figure


def _configs_of(networks: str, predictions: Predictions) -> str:
    """The config of a subset's networks; empty if they are of several, or all are of one."""
    configs = {predictions.config_of(name) for name in networks.split(' + ')}
    return configs.pop() if len(configs) == 1 else ''
