"""Pictures of how a search went.

Each shows a table of :mod:`ktg_mm.search.plots.tables`. ``metric`` is the metric's name, ``up`` says whether higher is
better, ``resource`` what a run's length is counted in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, NullLocator

from ktg_mm.search.space.metrics import COSTS
from ktg_mm.visualization.chart import BLACK, BLUE, GREEN, GREY, ORANGE, PALE, SIZE, SKY, SMALL, legend, sheet, title

from .tables import Rows

_MARKERS: dict[str, dict[str, Any]] = dict(
    pruned=dict(color=ORANGE, marker='o'),
    complete=dict(color=BLUE, marker='D'),
    failed=dict(color=BLACK, marker='x'),
    running=dict(color=GREY, marker='o', mfc='none'),
)


def metric_label(metric: str) -> str:
    """A metric's name for an axis."""
    if metric in COSTS:
        return dict(parameters='parameters of the target', flops='multiply-adds for one image')[metric]
    return f'{metric} (%), validation' if 'accuracy' in metric else f'{metric}, validation'


def draw_rungs(rows: Rows, resource: str) -> Figure:
    """Draws how many graphs reached each rung and what became of them there, from ``rung_table``."""
    figure, ((axes,),) = sheet(4.4)
    kinds = dict(
        complete=('complete', BLUE),
        continued=('went on', SKY),
        running=('running', '#CCCCCC'),
        pruned=('stopped here', ORANGE),
        failed=('failed before the next rung', BLACK),
    )
    places, bottom, begun = np.arange(len(rows)), np.zeros(len(rows)), rows[0]['reached']
    for kind, (label, colour) in kinds.items():
        heights = np.array([row[kind] for row in rows])
        if heights.any():
            counted = label if kind == 'continued' else f'{label} ({heights.sum()})'
            axes.bar(places, heights, 0.72, bottom, color=colour, label=counted)
        bottom += heights
    for place, row in zip(places, rows, strict=True):
        share = f' ({100 * row["reached"] / begun:.0f} %)' if place else ''
        axes.annotate(
            f'{row["reached"]}{share}', (place, row['reached']), (0, 3),
            textcoords='offset points', ha='center', va='bottom', fontsize=SMALL,
        )  # fmt: skip
    axes.set_xticks(places, ['begun', *(str(row['epoch']) for row in rows[1:])])
    axes.set_xlabel(f'{resource}s done when evaluated', fontsize=SIZE)
    axes.set_ylabel('graphs', fontsize=SIZE)
    axes.set_ylim(0, 1.1 * begun)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis='y', color=PALE)
    title(figure, f'Rungs reached by {begun} graphs')
    axes.legend(fontsize=SMALL, frameon=False, loc='upper right')
    return figure


def draw_learning_curves(rows: Rows, metric: str, up: bool, resource: str) -> Figure:
    """Draws all learning curves, those of complete graphs on top, from ``curve_table``."""
    curves: dict[int, Rows] = {}
    for row in rows:
        curves.setdefault(row['trial'], []).append(row)
    complete = [trial for trial, curve in curves.items() if curve[0]['state'] == 'complete']
    best = (max if up else min)(complete, key=lambda trial: curves[trial][-1]['score'], default=None)
    epochs = sorted({row['epoch'] for row in rows})
    late = set(epochs[-3:]) if len(epochs) > 3 else set()
    figure, axes = sheet(5.0, 1, 2 if late else 1, **(dict(width_ratios=(3, 2)) if late else {}))
    for here in axes[0]:
        handles = _draw_curves(here, curves, best)
        here.set_xscale('log', base=2)
        here.set_xticks(epochs, map(str, epochs))
        here.xaxis.set_minor_locator(NullLocator())
        here.set_xlabel(f'{resource} (log scale)', fontsize=SIZE)
        here.grid(color=PALE)
    axes[0, 0].set_ylabel(metric_label(metric), fontsize=SIZE)
    if late:
        scores = [row['score'] for row in rows if row['epoch'] in late]
        finals = [row['score'] for row in rows if row['epoch'] in late and row['state'] == 'complete']
        axes[0, 1].set_ylim(*_limits(scores, finals, up))
        axes[0, 1].set_xlim(min(late) / 1.1, max(late) * 1.1)
        axes[0, 1].set_title('the last rungs, enlarged', fontsize=SIZE)
    title(figure, f'Learning curves of {len(curves)} graphs')
    legend(figure, handles)
    return figure


def _draw_curves(axes: Axes, curves: Mapping[int, Rows], best: int | None) -> list[Line2D]:
    """Draws curves by trial, and returns the legend's entries."""
    number = {state: sum(curve[0]['state'] == state for curve in curves.values()) for state in _MARKERS}
    faint = float(np.clip(25 / len(curves), 0.15, 0.7))
    styles: dict[str, dict[str, Any]] = dict(
        pruned=dict(color=ORANGE, alpha=faint, lw=1),
        failed=dict(color=BLACK, alpha=0.8, lw=1, ls='--'),
        running=dict(color=GREY, alpha=0.9, lw=1, ls='--'),
        complete=dict(color=BLUE, alpha=float(np.clip(8 / max(number['complete'], 1), 0.3, 0.8)), lw=1.4),
    )
    handles = []
    for order, (state, style) in enumerate(styles.items(), start=2):
        for curve in curves.values():
            if curve[0]['state'] == state:
                epochs, scores = ([row[column] for row in curve] for column in ('epoch', 'score'))
                axes.plot(epochs, scores, **style, zorder=order)
                end = dict(_MARKERS[state], ls='', ms=3.5, alpha=max(faint, 0.4))
                axes.plot(epochs[-1:], scores[-1:], **end, zorder=order)
        if number[state]:
            solid = {**style, **_MARKERS[state], 'alpha': 1}
            handles.append(Line2D([], [], ms=4, label=f'{state} ({number[state]})', **solid))
    if best is not None:
        epochs, scores = ([row[column] for row in curves[best]] for column in ('epoch', 'score'))
        axes.plot(epochs, scores, color=GREEN, lw=2.5, zorder=8)
        handles.append(Line2D([], [], color=GREEN, lw=2.5, label=f'best, trial {best} ({scores[-1]:.4g}, one seed)'))
    return handles


def draw_score_over_trials(rows: Rows, metric: str, up: bool) -> Figure:
    """Draws each graph's score, and the best so far, from ``score_table``."""
    figure, ((axes,),) = sheet(5.0)
    _draw_scores(axes, rows, np.array([row['trial'] for row in rows]), metric, up)
    axes.set_xlabel('number of the trial', fontsize=SIZE)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    title(figure, f'Scores of {len(rows)} graphs')
    legend(figure)
    return figure


def draw_score_over_time(rows: Rows, metric: str, up: bool) -> Figure:
    """Draws scores when they were there, the best so far, and how many trials were running, from ``time_table``."""
    longest = rows[-1]['seconds']
    unit, seconds = next(
        entry for entry in (('hours', 3600), ('minutes', 60), ('seconds', 1)) if longest > 2 * entry[1] or entry[1] == 1
    )
    times = np.array([row['seconds'] / seconds for row in rows])
    figure, ((axes,), (below,)) = sheet(6.0, 2, sharex=True, height_ratios=(4, 1))
    _draw_scores(axes, rows, times, metric, up)
    below.fill_between(times, [row['running'] for row in rows], step='post', color=SKY, lw=0)
    below.set_ylabel('trials\nrunning', fontsize=SIZE)
    below.set_xlabel(f'time since the search began ({unit})', fontsize=SIZE)
    below.set_ylim(0, max(row['running'] for row in rows) + 0.5)
    below.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=4))
    title(figure, 'Scores over time')
    legend(figure)
    return figure


def _draw_scores(axes: Axes, rows: Rows, places: np.ndarray, metric: str, up: bool) -> None:
    """Draws scores by state, those beyond the axis at its edge, and the best so far."""
    scores = np.array([row['score'] for row in rows], dtype=float)  # NaN for None
    states = np.array([str(row['state']) for row in rows])
    low, high = _limits(scores[np.isfinite(scores)], scores[(states == 'complete') & np.isfinite(scores)], up)
    edge = axes.get_xaxis_transform()
    edge_at = low + 0.06 * (high - low) if up else high - 0.06 * (high - low)
    beyond, arrow, side = 0, *(('v', 'below') if up else ('^', 'above'))
    for order, (state, style) in enumerate(_MARKERS.items(), start=3):
        here = states == state
        inside = here & ((scores - edge_at) * (1 if up else -1) >= 0)
        outside = here & ~inside
        if here.any():
            label = f'{state} ({here.sum()})' + (', last report' if state == 'pruned' else '')
            axes.plot(places[inside], scores[inside], ls='', ms=5, alpha=0.9, label=label, zorder=order, **style)
            beyond += int((outside & np.isfinite(scores)).sum())
            marker = style if state == 'failed' else {**style, 'marker': arrow}
            at_edge = np.full(outside.sum(), 0.015 if up else 0.985)
            axes.plot(places[outside], at_edge, ls='', ms=4, alpha=0.7, transform=edge, **marker)
    if beyond:
        axes.plot([], [], arrow, ms=4, color=GREY, label=f'{side} the axis ({beyond})')
    best = np.array([row['best_so_far'] for row in rows], dtype=float)
    if (known := np.isfinite(best)).any():
        # On to the right end, where nothing better came.
        label = f'best so far ({best[-1]:.4g}, one seed each)'
        axes.step(places[known], best[known], where='post', color=GREEN, lw=2, zorder=2, label=label)
    axes.set_ylim(low, high)
    axes.set_ylabel(metric_label(metric), fontsize=SIZE)
    axes.grid(color=PALE)


def _limits(
    scores: Sequence[float] | np.ndarray, finals: Sequence[float] | np.ndarray, up: bool
) -> tuple[float, float]:
    """Limits of an axis that shows the best third and all final scores, not those that were soon seen to be bad."""
    if not len(scores):
        return 0.0, 1.0
    sign = 1 if up else -1
    shown = [float(np.quantile(sign * np.asarray(scores), 2 / 3)), *(sign * np.asarray(finals))]
    worst, best = min(shown), float(max(sign * np.asarray(scores)))
    margin = 0.08 * ((best - worst) or abs(best) or 1.0)
    low, high = sign * (worst - 1.5 * margin), sign * (best + margin)  # room for what is drawn at the edge
    return (low, high) if up else (high, low)
