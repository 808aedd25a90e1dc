"""A sheet on which one unit is one inch and which grows with what is drawn on it."""

from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.bezier import inside_circle, split_path_inout
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, PathPatch, Polygon
from matplotlib.path import Path
from matplotlib.ticker import NullLocator
from matplotlib.transforms import Bbox

from .graph_layout import Box, text_size
from .shown_figure import ShownFigure

INK, GREY = '#222222', '#767676'


class Canvas:
    """Draws boxes, arrows and text; its axes keep the limits of what was drawn.

    ``face`` is the colour of an inside, ``edge`` that of a border. The widths of lines and borders and the sizes of
    letters are in points, all other lengths in inches.

    Example:
        >>> canvas = Canvas()
        >>> canvas.text('KL', 0, 0)
        >>> figure = canvas.finish(margin=0.5)
        >>> bool(figure.get_figwidth() > 1)
        True
    """

    def __init__(self) -> None:
        self.figure = ShownFigure(dpi=150)
        FigureCanvasAgg(self.figure)
        self.axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.axis('off')
        for axis in (self.axes.xaxis, self.axes.yaxis):  # whoever looks through the figure would make it ticks
            axis.set_major_locator(NullLocator())

    @property
    def limits(self) -> Bbox:
        """The box around all that was drawn."""
        return self.axes.dataLim

    def box(self, box: Box, face: str, edge: str, width: float, rounding: float = 0.1, dashed: bool = False) -> None:
        """Draws a box; its border has a ``width``, and its corners the radius ``rounding``."""
        style = f'round,pad=0,rounding_size={rounding}'
        patch = FancyBboxPatch(box.p0, *box.size, boxstyle=style, fc=face, ec=edge, zorder=3)
        patch.set(linewidth=width, linestyle=(0, (3, 2)) if dashed else '-')
        self.axes.add_patch(patch)

    def diamond(self, box: Box, face: str, edge: str) -> None:
        """Draws a diamond that touches the sides of a box."""
        reach = np.array([[-1, 0], [0, 1], [1, 0], [0, -1]]) * box.size / 2
        self.axes.add_patch(Polygon(box.centre + reach, fc=face, ec=edge, linewidth=1, zorder=3))

    def line(
        self, path: Path, colour: str, style: object, width: float, arrow: bool = True, tail: bool = False
    ) -> None:
        """Draws a path in a line style of matplotlib's, by default with an arrowhead at its end.

        With a ``tail``, there is an open head at its beginning as well, which points backward.
        """
        if tail:
            tip, then = np.asarray(path.vertices)[:2]
            way = (then - tip) / max(float(np.linalg.norm(then - tip)), 1e-9) * 0.13
            side = np.array([-way[1], way[0]]) * 0.4
            corners = [tip, tip + way + side, tip + way - side]
            self.axes.add_patch(Polygon(corners, fc='#FFFFFF', ec=colour, linewidth=1, zorder=2.6))
        if arrow:
            # The head is drawn on its own: a dashed outline would fray it. Its size is in points.
            head = FancyArrowPatch(path=path, arrowstyle='-|>,head_length=9.4,head_width=3.6', mutation_scale=1)
            head.set(color=colour, linewidth=0, zorder=2.5)
            self.axes.add_artist(head)
            x, y = np.asarray(path.vertices)[-1]
            path, _ = split_path_inout(path, inside_circle(x, y, 0.1))
        patch = PathPatch(path, fc='none', ec=colour, zorder=2 if arrow else 1, capstyle='butt')
        patch.set(linewidth=width, linestyle=style)
        self.axes.add_patch(patch)

    def text(
        self,
        text: str,
        x: float,
        y: float,
        size: float = 8,
        align: str = 'center',
        bold: bool = False,
        colour: str = INK,
    ) -> None:
        """Writes one or more lines; their left end or centre, as ``align`` says, is at x, their middle at y."""
        width, height = text_size(text, size, bold)
        left = x - (width / 2 if align == 'center' else 0)
        self.axes.update_datalim([[left, y - height / 2], [left + width, y + height / 2]])
        lines = text.split('\n')
        for index, line in enumerate(lines):  # Line by line: as one text its lines would drift apart in an SVG.
            shift = ((len(lines) - 1) / 2 - index) * size * 1.2 / 72 - 0.36 * size / 72
            style: dict[str, Any] = dict(fontsize=size, weight='bold' if bold else 'normal', color=colour, zorder=5)
            self.axes.text(x, y + shift, line, ha=align, va='baseline', parse_math=False, **style)

    def finish(self, margin: float) -> Figure:
        """Cuts the sheet to what was drawn, with a margin on each side, and returns the figure, which has its size."""
        sheet = self.limits.padded(margin)
        self.figure.set_size_inches(*sheet.size)
        self.axes.set(xlim=sheet.intervalx, ylim=sheet.intervaly)
        return self.figure
