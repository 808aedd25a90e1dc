"""A sheet on which one unit is one inch and which grows with what is drawn on it."""

from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, PathPatch, Polygon

from .graph_layout import Box, Curve, text_size

INK, GREY = '#222222', '#767676'


class Canvas:
    """Draws boxes, arrows and text and keeps the limits of what was drawn.

    Example:
        >>> canvas = Canvas()
        >>> canvas.text('KL', 0, 0)
        >>> figure = canvas.finish(margin=0.5)
        >>> bool(figure.get_figwidth() > 1)
        True
    """

    def __init__(self) -> None:
        self.figure = Figure(dpi=150)
        FigureCanvasAgg(self.figure)
        self.axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.axis('off')
        self.low, self.high = np.full(2, np.inf), np.full(2, -np.inf)

    def include(self, points: np.ndarray) -> None:
        """Makes the sheet reach to some points.

        Args:
            points: Shape (N, 2).
        """
        self.low = np.minimum(self.low, points.min(axis=0))
        self.high = np.maximum(self.high, points.max(axis=0))

    def box(self, box: Box, face: str, edge: str, width: float, rounding: float = 0.1, dashed: bool = False) -> None:
        """Draws a rounded box.

        Args:
            box: Where.
            face: Colour of the inside.
            edge: Colour of the border.
            width: Width of the border in points.
            rounding: Radius of the corners.
            dashed: Whether the border is dashed.
        """
        corner = box.centre - np.array([box.width, box.height]) / 2
        style = f'round,pad=0,rounding_size={rounding}'
        patch = FancyBboxPatch(tuple(corner), box.width, box.height, boxstyle=style, fc=face, ec=edge, zorder=3)
        patch.set(linewidth=width, linestyle=(0, (3, 2)) if dashed else '-')
        self.axes.add_patch(patch)
        self.include(np.array([corner, corner + np.array([box.width, box.height])]))

    def diamond(self, box: Box, face: str, edge: str) -> None:
        """Draws a diamond.

        Args:
            box: The box around it.
            face: Colour of the inside.
            edge: Colour of the border.
        """
        reach = np.array([[-1, 0], [0, 1], [1, 0], [0, -1]]) * (box.width / 2, box.height / 2)
        self.axes.add_patch(Polygon(box.centre + reach, fc=face, ec=edge, linewidth=1, zorder=3))
        self.include(box.centre + reach)

    def line(self, curve: Curve, colour: str, style: object, width: float, arrow: bool = True) -> None:
        """Draws a curve, by default with an arrowhead at its end.

        Args:
            curve: The curve.
            colour: Its colour.
            style: Its line style, as matplotlib takes it.
            width: Its width in points.
            arrow: Whether it has a head.
        """
        shaft = curve
        if arrow:
            # The head is drawn on its own: a dashed outline would fray it.
            neck = curve.at_length(max(0.0, 1 - 0.13 / max(curve.length(), 1e-6)))
            base, tip = curve.points(np.array([neck, 1.0]))
            way = (tip - base) / max(float(np.linalg.norm(tip - base)), 1e-9)
            side = 0.05 * np.array([-way[1], way[0]])
            self.axes.add_patch(Polygon([base + side, tip, base - side], fc=colour, ec=colour, lw=0.3, zorder=2.5))
            shaft = curve.part(0.0, curve.at_length(max(0.0, 1 - 0.1 / max(curve.length(), 1e-6))))
        patch = PathPatch(shaft.path(), fc='none', ec=colour, zorder=2 if arrow else 1, capstyle='butt')
        patch.set(linewidth=width, linestyle=style)
        self.axes.add_patch(patch)
        self.include(curve.points(np.linspace(0, 1, 20)))

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
        """Writes one or more lines, centred on a height.

        Args:
            text: The text.
            x: Where its left end or its middle is.
            y: Where its middle is.
            size: Font size in points.
            align: 'left' or 'center'.
            bold: Whether it is printed bold.
            colour: Its colour.
        """
        width, height = text_size(text, size, bold)
        left = x - (width / 2 if align == 'center' else 0)
        self.include(np.array([[left, y - height / 2], [left + width, y + height / 2]]))
        lines = text.split('\n')
        for index, line in enumerate(lines):  # Line by line: as one text its lines would drift apart in an SVG.
            shift = ((len(lines) - 1) / 2 - index) * size * 1.2 / 72 - 0.36 * size / 72
            style: dict[str, Any] = dict(fontsize=size, weight='bold' if bold else 'normal', color=colour, zorder=5)
            self.axes.text(x, y + shift, line, ha=align, va='baseline', parse_math=False, **style)

    def finish(self, margin: float) -> Figure:
        """Cuts the sheet to what was drawn.

        Args:
            margin: Free space on each side.

        Returns:
            The figure; its size in inches is that of the sheet.
        """
        low, high = self.low - margin, self.high + margin
        self.figure.set_size_inches(*(high - low))
        self.axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
        return self.figure
