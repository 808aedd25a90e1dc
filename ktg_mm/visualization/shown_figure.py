"""A figure that a notebook shows."""

import io
import os
from typing import Any, BinaryIO

import matplotlib
from matplotlib.figure import Figure
from matplotlib.text import Text


class ShownFigure(Figure):
    """matplotlib's figure, which a notebook shows as the SVG that is saved, whether pyplot was imported or not.

    Example:
        >>> '<svg' in ShownFigure()._repr_svg_()
        True
    """

    def _repr_svg_(self) -> str:
        write_figure(self, file := io.BytesIO(), 'svg')
        return file.getvalue().decode()


def write_figure(figure: Figure, file: BinaryIO | str | os.PathLike, kind: str, comment: str | None = None) -> None:
    """Writes a picture, with the text of an SVG as text; the same picture gives the same file.

    Args:
        figure: The picture.
        file: An open file, or its path.
        kind: ``'svg'`` or ``'png'``.
        comment: A text to keep in a PNG file. Defaults to None.
    """
    metadata: dict[str, Any] | None = {'Date': None} if kind == 'svg' else {'Comment': comment} if comment else None
    for text in figure.findobj(Text):
        if '$' in text.get_text() and r'\mathdefault' not in text.get_text():  # which matplotlib's own numbers have
            text.set_parse_math(False)  # a dollar in a name is no formula
    with matplotlib.rc_context({'svg.fonttype': 'none', 'svg.hashsalt': 'graph'}):
        figure.savefig(file, format=kind, dpi=200, facecolor='white', metadata=metadata)
