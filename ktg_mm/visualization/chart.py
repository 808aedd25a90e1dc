"""How all charts look."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

# Okabe and Ito's colours, which colour-blind readers can tell apart.
BLACK, ORANGE, SKY, GREEN, BLUE, VERMILION = '#000000', '#E69F00', '#56B4E9', '#009E73', '#0072B2', '#D55E00'
GREY, PALE = '#767676', '#EEEEEE'

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
