"""How all charts look."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

# Okabe and Ito's colours, which colour-blind readers can tell apart.
BLACK, ORANGE, SKY, GREEN, BLUE, VERMILION = '#000000', '#E69F00', '#56B4E9', '#009E73', '#0072B2', '#D55E00'
GREY, PALE = '#767676', '#EEEEEE'
PALETTE = (BLUE, ORANGE, GREEN, VERMILION, SKY, BLACK, '#CC79A7')

SIZE, SMALL = 10, 9  # of letters, in points
WIDTH = 8.0  # inches, so that nine points are readable in a picture of 1,000 pixels

# From nothing to all, for heat maps; it reads the same in grey.
SHADES = LinearSegmentedColormap.from_list('shades', ['#FFFFFF', SKY, BLUE, '#003A5C'])


def sheet(height: float, rows: int = 1, columns: int = 1, **grid: Any) -> tuple[Figure, np.ndarray]:
    """A figure and its axes, shape (rows, columns).

    Args:
        height: In inches.
        rows: Rows of axes.
        columns: Columns of axes.
        **grid: As for :meth:`matplotlib.figure.Figure.subplots`.
    """
    figure = Figure(figsize=(WIDTH, height), layout=ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08))
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, squeeze=False, **grid)
    for one in axes.flat:
        one.spines[['top', 'right']].set_visible(False)
        one.tick_params(labelsize=SMALL)
        for axis in (one.xaxis, one.yaxis):
            axis.label.set_size(SIZE)
        one.set_axisbelow(True)
    return figure, axes


def title(figure: Figure, text: str, below: str = '') -> None:
    """Writes a title at the left, and a line below it."""
    if below:  # the room that constrained layout keeps is that of the title
        figure.text(0.015, 1 - 0.36 / figure.get_figheight(), below, fontsize=SIZE, va='top', color='#444444')
    figure.suptitle(text + ('\n' if below else ''), x=0.015, ha='left', fontsize=12, weight='bold')


def legend(figure: Figure, handles: Sequence[Any] | None = None, columns: int = 5) -> None:
    """Puts a legend below all axes."""
    given = {} if handles is None else dict(handles=handles)
    figure.legend(loc='outside lower center', ncols=columns, fontsize=SMALL, frameon=False, columnspacing=1.5, **given)


def colours_of(names: Iterable[str]) -> dict[str, str]:
    """A colour for each name, told apart by colour-blind readers where there are not more than seven.

    Args:
        names: In their order; a name may come again.

    Example:
        >>> colours_of(['dml', 'ktg', 'dml'])
        {'dml': '#0072B2', 'ktg': '#E69F00'}
    """
    names = list(dict.fromkeys(names))
    more = [to_hex(colour) for colour in colormaps['viridis'](np.linspace(0, 1, len(names)))]
    return dict(zip(names, PALETTE if len(names) <= len(PALETTE) else more, strict=False))


def cut(text: str, letters: int) -> str:
    """A text, cut off with an ellipsis if it is longer than so many letters.

    Example:
        >>> cut('attention', 5)
        'atte…'
    """
    return text if len(text) <= letters else text[: letters - 1] + '…'


def short_names(names: Sequence[str], letters: int) -> list[str]:
    """Names of nodes that fit into a picture; ``run/node`` loses first what all runs have in common.

    Args:
        names: Such as ``net1`` or ``run/net1``.
        letters: The most that a name may have.

    Returns:
        The names as they are, if all fit; else with runs cut.

    Example:
        >>> short_names(['ens_dml_fashion_mnist/net1', 'ens_alone_fashion_mnist/net1'], 20)
        ['dml/net1', 'alone/net1']
    """
    if max(map(len, names)) <= letters:
        return list(names)
    runs = [name.rpartition('/')[0].split('_') for name in names]
    for end in (0, -1):
        while min(map(len, runs)) > 1 and len({words[end] for words in runs}) == 1:
            runs = [words[1:] if end == 0 else words[:-1] for words in runs]
    nodes = [name.rpartition('/')[2] for name in names]
    room = [max(4, letters - len(node) - 1) for node in nodes]
    cut_runs = [cut('_'.join(words), most) for words, most in zip(runs, room, strict=True)]
    return [f'{run}/{node}' if run else cut(node, letters) for run, node in zip(cut_runs, nodes, strict=True)]
