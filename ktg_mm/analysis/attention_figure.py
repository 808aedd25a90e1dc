"""The picture of attention maps: a row for each image, a column for each network."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from ktg_mm.visualization.chart import BLACK, BLUE, GREY, SIZE, SMALL, VERMILION, colours_of, cut
from ktg_mm.visualization.graph_layout import text_size

from .predictions import Predictions

# All in inches.
_CELL, _GAP, _LEFT, _TOP, _BOTTOM, _RIGHT = 1.35, 0.12, 1.45, 1.0, 0.75, 0.2
_LINE = 0.16  # height of a line of text
_LETTERS = 20  # that fit below a map
_COLOURS, _OPACITY = 'viridis', 0.6
# Of the grey image below a map: at full contrast its light and dark would pass for the map's.
_DARK, _BRIGHT = 0.2, 0.8


def draw_attention_maps(
    pixels: Sequence[np.ndarray],
    predictions: Predictions,
    indices: Sequence[int],
    name: str,
    also: str | None = None,
) -> Figure:
    """Draws the maps over the images, which are grey there, so that all colour is the map's.

    Args:
        pixels: The N images, each of shape (height, width, 3), 0 to 1.
        predictions: For them, with attention maps.
        indices: Places of the images in their data set.
        name: What they are of, for the title.
        also: A node without maps whose predictions are written below the images. Defaults to None.
    """
    nodes = list(predictions.attention)
    colours = colours_of(predictions.configs)
    aspect = max(image.shape[0] / image.shape[1] for image in pixels)
    classes = [_class_name(predictions, label, _LETTERS - 2) for label in range(predictions.logits.shape[2])]
    lines = 2 if max(map(len, classes)) > 10 else 1
    height, width = _CELL * aspect, _CELL
    step = height + (lines + bool(also)) * _LINE + 0.16
    headline = f'Attention maps: {name}'
    below = 'left: the true class; below: ✓ right, ✗ wrong, the predicted class and its probability'
    titles = text_size(headline, 12, bold=True)[0], text_size(below, SIZE)[0]
    across = max(_LEFT + (len(nodes) + 1) * (width + _GAP), *titles, 5) + _RIGHT
    bottom = _BOTTOM + (0.1 + 0.2 * len(colours) if colours else 0)
    figure = Figure(figsize=(across, _TOP + len(pixels) * step + bottom))
    FigureCanvasAgg(figure)
    for row, (image, index) in enumerate(zip(pixels, indices, strict=True)):
        top = figure.get_figheight() - _TOP - row * step
        for column, node in enumerate([None, *nodes]):
            axes = cell_axes(figure, _LEFT + column * (width + _GAP), top - height, width, height)
            if not row:
                heading = 'image' if node is None else '\n'.join(cut(part, 14) for part in node.rsplit('/', 1))
                colour = colours[predictions.config_of(node)] if node and colours else BLACK
                weight = 'bold' if node else 'normal'
                axes.set_title(heading, fontsize=SIZE, weight=weight, color=colour, parse_math=False)
            if node is None:
                axes.imshow(image)
                _write_beside(axes, _class_name(predictions, int(predictions.labels[row]), 26), f'image {index}')
                if also:
                    _write_prediction(axes, predictions, also, row, classes, lines, cut(also.rpartition('/')[2], 20))
            else:
                draw_overlay(axes, image, predictions.attention[node][row])
                _write_prediction(axes, predictions, node, row, classes, lines)
    for text, down, size, weight in ((headline, 0.15, 12, 'bold'), (below, 0.4, SIZE, 'normal')):
        place = 0.15 / across, 1 - down / figure.get_figheight()
        figure.text(*place, text, va='top', fontsize=size, weight=weight, parse_math=False)
    draw_colour_bar(figure, _LEFT, bottom - _BOTTOM)
    if colours:
        handles = [Patch(color=colour, label=config) for config, colour in colours.items()]
        place = (_LEFT - 0.1) / across, 0.05 / figure.get_figheight()
        figure.legend(handles=handles, loc='lower left', bbox_to_anchor=place, fontsize=SMALL, frameon=False)
    return figure


def draw_overlay(axes: Axes, image: np.ndarray, attention: np.ndarray) -> None:
    """Draws an image in grey and an attention map over it, from its lowest to its highest value.

    Args:
        axes: Where.
        image: Shape (height, width, 3), 0 to 1.
        attention: Shape (H, W); each cell covers its share of the image.
    """
    height, width = image.shape[:2]
    place = (-0.5, width - 0.5, height - 0.5, -0.5)
    low, high = float(attention.min()), float(attention.max())
    scaled = (attention - low) / (high - low) if high > low else np.zeros_like(attention)
    grey = _DARK + (_BRIGHT - _DARK) * (image @ np.array([0.299, 0.587, 0.114]))
    axes.imshow(grey, cmap='gray', vmin=0, vmax=1, extent=place)
    axes.imshow(scaled, cmap=_COLOURS, vmin=0, vmax=1, alpha=_OPACITY, interpolation='bilinear', extent=place)


def cell_axes(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Axes without ticks and borders.

    Args:
        figure: Where.
        left: Their left end, in inches, as the other numbers are.
        bottom: Their bottom.
        width: Of the axes.
        height: Of the axes.
    """
    whole = np.array([figure.get_figwidth(), figure.get_figheight()] * 2)
    axes = figure.add_axes(tuple(np.array([left, bottom, width, height]) / whole))
    axes.set(xticks=[], yticks=[], anchor='N')
    axes.spines[:].set_visible(False)
    return axes


def _write_beside(axes: Axes, label: str, place: str) -> None:
    beside: dict[str, Any] = dict(xycoords='axes fraction', textcoords='offset points', ha='right', parse_math=False)
    label = '\n'.join(wrap(label, 14))
    axes.annotate(label, (0, 0.5), (-8, 1), va='bottom', fontsize=SMALL, weight='bold', **beside)
    axes.annotate(place, (0, 0.5), (-8, -1), va='top', fontsize=SMALL, color=GREY, **beside)


def _write_prediction(
    axes: Axes, predictions: Predictions, node: str, place: int, classes: Sequence[str], lines: int, heading: str = ''
) -> None:
    predicted, right = predictions.predicted(node)[place], predictions.correct(node)[place]
    probability = predictions.probabilities(node)[place, predicted]
    text = f'{"✓" if right else "✗"} {classes[predicted]}{chr(10) if lines == 2 else ", "}{probability:.2f}'
    text = f'{heading}\n{text}' if heading else text
    axes.annotate(
        text, (0.5, 0), (0, -3), xycoords='axes fraction', textcoords='offset points', ha='center', va='top',
        parse_math=False, fontsize=SMALL, color=BLUE if right else VERMILION, weight='normal' if right else 'bold',
    )  # fmt: skip


def draw_colour_bar(figure: Figure, left: float, bottom: float) -> None:
    """Draws what the colours of the maps mean; the place is in inches, and 0.75 above the bottom is taken.

    Args:
        figure: Where.
        left: Its left end.
        bottom: Its bottom.
    """
    axes = cell_axes(figure, left, bottom + 0.38, 2 * _CELL + _GAP, 0.12)
    axes.set_title('attention, scaled in each map on its own', fontsize=SMALL, loc='left', pad=4)
    middle = (_DARK + _BRIGHT) / 2
    colours = _OPACITY * colormaps[_COLOURS](np.linspace(0, 1, 256))[None, :, :3] + (1 - _OPACITY) * middle
    axes.imshow(colours, extent=(0, 1, 0, 1), aspect='auto')
    axes.set_xticks([0, 1], ['lowest', 'highest'], fontsize=SMALL)
    axes.tick_params(length=0)
    lowest, highest = axes.get_xticklabels()
    lowest.set_horizontalalignment('left')
    highest.set_horizontalalignment('right')


def _class_name(predictions: Predictions, label: int, letters: int) -> str:
    return cut(predictions.classes[label].replace('_', ' ') if predictions.classes else str(label), letters)
