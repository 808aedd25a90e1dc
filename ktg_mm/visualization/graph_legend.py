"""The legend of a graph picture."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from matplotlib.path import Path

from ktg_mm.config import EdgeConfig

from .canvas import GREY, INK, Canvas
from .graph_layout import Box, text_size
from .graph_text import LEARNS, LOSSES, edge_text, gate_name, type_name


class Line(NamedTuple):
    """How a line looks, and what it means.

    Args:
        meaning: In words.
        colour: Its colour.
        dashes: A line style of matplotlib's.
        width: In points.
        arrow: Whether it has a head at its end.
        tail: Whether it has an open head at its beginning, toward which gradients flow as well.
        number: What stands on it; 0 for nothing.
    """

    meaning: str
    colour: str
    dashes: Any = '-'
    width: float = 1.5
    arrow: bool = True
    tail: bool = False
    number: int = 0

    def draw(self, canvas: Canvas, path: Path) -> None:
        """Draws it along a path."""
        canvas.line(path, self.colour, self.dashes, self.width, self.arrow, self.tail)


MEMBER = Line('member', '#AAAAAA', (0, (4, 3)), 1.0, arrow=False)
TAUGHT_MEMBER = Line('member, taught as well', '#888888', width=1.0, arrow=False, tail=True)
SHARED = Line('shared modules', '#DCCFB0', width=7.0, arrow=False)
TAUGHT_SOURCE = Line('source taught as well', INK, tail=True)


def draw_legend(
    canvas: Canvas,
    edges: list[EdgeConfig],
    numbers: Mapping[str, int],
    styles: Mapping[str, tuple[str, Any]],
    others: Iterable[Line],
) -> None:
    """Draws the legend below all that is drawn.

    Args:
        canvas: Where.
        edges: The edges that are drawn.
        numbers: The texts that stand in the legend, not on the arrows, each with its number.
        styles: Colour and dashes of each gate.
        others: Lines that are no edges.
    """
    gates = {edge_text(edge): gate_name(edge) for edge in edges}
    entries = [Line(text, *styles[gates[text]], number=number) for text, number in numbers.items()]
    named = {gates[text] for text in numbers}
    entries += [Line(gate, *style) for gate, style in styles.items() if gate not in named]
    entries += others
    if not entries:
        return
    left, right, top = canvas.limits.x0, canvas.limits.x1, canvas.limits.y0 - 0.4
    arrow = 0.8 if len(numbers) > 1 else 0.55
    step = max(text_size(entry.meaning, 8)[0] for entry in entries) + arrow + 0.4
    columns = max(1, min(len(entries), int((right - left + 0.3) / step)))
    rows = math.ceil(len(entries) / columns)
    columns = math.ceil(len(entries) / rows)
    start = (left + right - columns * step + 0.3) / 2
    for index, entry in enumerate(entries):
        x, y = start + index // rows * step, top - index % rows * 0.25
        entry.draw(canvas, Path([[x, y], [x + arrow, y]], [Path.MOVETO, Path.LINETO]))
        if entry.number and len(numbers) > 1:
            draw_mark(canvas, str(entry.number), Box(x + 0.1, y, 0.19, 0.19), entry.colour, written=False)
        canvas.text(entry.meaning, x + arrow + 0.08, y, align='left')
    losses = [loss.inner for edge in edges for loss in edge.losses]
    used = {type_name(loss.cfg) for loss in losses}
    explained = [': '.join(words) for name, words in LOSSES.items() if name in used]
    if any(loss.says('learns') for loss in losses):
        explained.append(f'{LEARNS}: has parts that learn')
    notes = wrap(' · '.join(explained), int((right - left) * 16))
    height = text_size(notes, 7)[1]
    canvas.text(notes, (left + right) / 2, canvas.limits.y0 - 0.15 - height / 2, size=7, colour=GREY)


def draw_mark(canvas: Canvas, text: str, place: Box, colour: str, written: bool) -> None:
    """Writes on an arrow: its text in a white box, or its number in the legend in a disc."""
    canvas.box(place, '#FFFFFF', colour, 0.8, rounding=0.04 if written else place.height / 2)
    canvas.text(text, place.x, place.y, size=8 if written else 7.5, bold=not written)


def wrap(text: str, width: int = 26) -> str:
    r"""Breaks a text at its dots into lines of at most so many letters, if it can be.

    Example:
        >>> wrap('KL T=2 · Linear', 10)
        'KL T=2\nLinear'
    """
    lines = ['']
    for part in text.split(' · '):
        joined = f'{lines[-1]} · {part}' if lines[-1] else part
        lines[-1:] = [joined] if len(joined) <= width or not lines[-1] else [lines[-1], part]
    return '\n'.join(lines)
