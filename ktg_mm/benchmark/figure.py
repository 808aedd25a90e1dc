"""The picture of a benchmark: means and differences with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from ktg_mm.visualization.chart import BLUE, GREY, ORANGE, PALE, SMALL, sheet, title

if TYPE_CHECKING:
    from .report import Result

_LINE = 0.26  # inches


def interval_figure(results: Sequence[Result]) -> Figure:
    """Draws each group: left the scores of the seeds and their mean, right what each method gains on the reference.

    Args:
        results: At least one line, in their order from top to bottom.
    """
    groups = list(dict.fromkeys(row.group for row in results))
    sizes = [sum(row.group == group for row in results) for group in groups]
    height = 1.1 + sum(0.6 + _LINE * size for size in sizes)
    figure, axes = sheet(height, len(groups), 2, height_ratios=[size + 1 for size in sizes])
    title(figure, 'Test accuracy at equal budgets', 'mean over the seeds, 95 % interval')
    for group, (left, right) in zip(groups, axes, strict=True):
        rows = [row for row in results if row.group == group]
        places = range(len(rows))
        for place, row in zip(places, rows, strict=True):
            left.plot(list(row.scores.values()), [place] * len(row.scores), '|', color=GREY, markersize=6, zorder=2)
            _interval(left, place, row.mean, row.interval, ORANGE if row.method == row.reference else BLUE)
            if row.difference is not None:
                _interval(right, place, row.difference, row.difference_interval, BLUE)
        left.set_yticks(list(places), [row.method for row in rows], fontsize=SMALL)
        right.set_yticks(list(places), [''] * len(rows))
        right.axvline(0, color=ORANGE, linewidth=1, zorder=1)
        left.set_xlabel('accuracy (%)')
        right.set_xlabel(f'minus {rows[0].reference}, by seed (points)' if rows[0].reference else '')
        right.set_visible(bool(rows[0].reference))
        for one in (left, right):
            one.set_ylim(len(rows) - 0.5, -0.5)
            one.grid(axis='y', color=PALE)
    return figure


def _interval(axes: Any, place: int, middle: float, ends: tuple[float, float] | None, colour: str) -> None:
    if ends is not None:
        axes.plot(ends, [place, place], '-', color=colour, linewidth=1.6, zorder=3)
    axes.plot([middle], [place], 'o', color=colour, markersize=4.5, zorder=4)
