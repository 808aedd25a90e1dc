"""Pictures of what makes a graph good."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter, LogLocator, NullLocator

from ktg_mm.search.space.metrics import COSTS
from ktg_mm.visualization.chart import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    PALE,
    SHADES,
    SIZE,
    SKY,
    SMALL,
    VERMILION,
    legend,
    sheet,
    title,
)

from .figures import metric_label
from .tables import Rows, number_of_best

_MOST_LEVEL = 8  # choices whose names stand beside one another; those of more stand upright
_MOST_BARS, _MOST_NUMBERS = 30, 12


def split_name(parameter: str) -> tuple[str, str]:
    """The edge or node that a parameter is about, and what of it; nothing else is said for other parameters.

    Example:
        >>> split_name('model.edges.net2->net1.gate'), split_name('optim_wrapper.optimizer.lr')
        (('net2->net1', 'gate'), ('optim_wrapper.optimizer.lr', ''))
        >>> split_name('model.nodes.net2.share, model.nodes.net3.share')
        ('net2, net3', 'share')
    """
    places, kinds = zip(*map(split_name, parameter.split(', ')), strict=True) if ', ' in parameter else ((), ())
    if len(set(kinds)) == 1:
        return ', '.join(places), kinds[0]
    for prefix in ('model.edges.', 'model.nodes.'):
        if parameter.startswith(prefix):
            place, _, what = parameter.removeprefix(prefix).partition('.')
            return place, what
    return parameter, ''


def draw_choices(rows: Rows, drawn: int, among: str) -> Figure:
    """Draws the shares of the choices among all graphs and among the best, as a pair of heat maps for each kind.

    Parameters are of one kind if they are the same of an edge or node, such as its gate, and have the same choices.

    Args:
        rows: From ``choice_table``.
        drawn: Number of all graphs.
        among: What the best graphs are called.
    """
    parameters: dict[str, Rows] = {}
    for row in rows:
        parameters.setdefault(row['parameter'], []).append(row)
    kinds: dict[tuple[str, ...], list[str]] = {}
    for name, cells in parameters.items():
        kinds.setdefault((split_name(name)[1], *(str(row['choice']) for row in cells)), []).append(name)
    heights = [len(names) for names in kinds.values()]
    upright = 0.9 * sum(len(choices) > _MOST_LEVEL for _, *choices in kinds)  # names that need more room
    total = 0.9 + upright + sum(0.3 * height + 0.6 for height in heights)
    figure, axes = sheet(total, len(kinds), 2, height_ratios=heights)
    for pair, ((kind, *choices), names) in zip(axes, kinds.items(), strict=True):
        for here, column in zip(pair, ('drawn', 'best'), strict=True):
            shares = np.array([[row[f'{column}_percent'] for row in parameters[name]] for name in names], dtype=float)
            _draw_shares(here, shares, choices)
        pair[0].set_yticks(range(len(names)), [split_name(name)[0] for name in names])
        pair[1].set_yticks([])
        pair[0].set_ylabel(kind, fontsize=SIZE, weight='bold')
    for here, text in zip(axes[0], (f'among all {drawn} graphs', f'among {among}'), strict=True):
        here.set_title(text, fontsize=SIZE)
    title(figure, 'How often each choice was made')
    return figure


def _draw_shares(axes: Axes, shares: np.ndarray, choices: Sequence[str]) -> None:
    axes.imshow(shares, cmap=SHADES, vmin=0, vmax=100, aspect='auto')
    for y, x in np.ndindex(shares.shape):
        unit = '' if len(choices) > _MOST_LEVEL else ' %'  # for which narrow cells have no room
        text = '-' if np.isnan(shares[y, x]) else f'{shares[y, x]:.0f}{unit}'
        axes.text(x, y, text, ha='center', va='center', fontsize=SMALL, color='white' if shares[y, x] > 50 else BLACK)
    # Narrow columns have room for a word, or for none.
    upright = len(choices) > _MOST_LEVEL
    names = [choice.replace('_', '_\n') for choice in choices] if 4 < len(choices) and not upright else choices
    axes.set_xticks(range(len(choices)), names, rotation=90 if upright else 0)
    axes.set_xticks(np.arange(len(choices) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(shares) + 1) - 0.5, minor=True)
    axes.grid(which='minor', color='white', lw=2)
    axes.tick_params(which='both', length=0)
    axes.spines[:].set_visible(False)


def draw_importance(rows: Rows, several: bool) -> Figure:
    """Draws what ``importance_table`` says, and what of it chance would give; ``several`` metrics or one."""
    shown = rows[:_MOST_BARS]
    figure, ((axes,),) = sheet(1.9 + 0.27 * len(shown))
    most = max(row['graphs'] for row in rows)
    widest = max(row[key] for row in shown for key in ('importance', 'chance'))
    for place, row in enumerate(shown):
        beyond = row['importance'] > row['chance']
        axes.barh(place, row['importance'], 0.7, color=BLUE if beyond else SKY)
        axes.plot([row['chance']] * 2, [place - 0.42, place + 0.42], color=VERMILION, lw=2)
        clash = row['importance'] < row['chance'] < row['importance'] + 0.08 * widest
        axes.annotate(
            f'{row["importance"]:.2f}', (row['chance'] if clash else row['importance'], place), (4, 0),
            textcoords='offset points', va='center', fontsize=SMALL,
        )  # fmt: skip
    labels = [
        ' '.join(split_name(row['parameter'])).strip() + (f' (in {row["graphs"]})' if row['graphs'] < most else '')
        for row in shown
    ]
    axes.set_yticks(range(len(shown)), labels)
    axes.tick_params(axis='y', length=0)
    axes.invert_yaxis()
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlabel('importance (all add up to 1)', fontsize=SIZE)
    axes.grid(axis='x', color=PALE)
    axes.margins(x=0.1)
    left_out = f'; the first {len(shown)} of {len(rows)}' if len(rows) > len(shown) else ''
    basis = f'{most} complete' if several else f'{most} complete and pruned'
    below = f'PED-ANOVA: the best {number_of_best(most)} graphs against all {basis} ones{left_out}'
    title(figure, 'Importance of the parameters for being among the best', below)
    handles = [
        Line2D([], [], color=BLUE, lw=7, label='more than chance'),
        Line2D([], [], color=SKY, lw=7, label='no more than chance'),
        Line2D([], [], color=VERMILION, lw=2, label='what chance exceeds in 1 of 20 cases'),
    ]
    legend(figure, handles)
    return figure


def draw_pareto_front(rows: Rows, metrics: Sequence[str], up: Sequence[bool]) -> Figure:
    """Draws the first metric against each other one, from ``pareto_table``; ``up`` where higher is better."""
    figure, axes = sheet(5.0, 1, len(metrics) - 1, sharey=True)
    front = sorted((row for row in rows if row['front']), key=lambda row: row[metrics[0]])
    rest = [row for row in rows if not row['front']]
    for here, other, rises in zip(axes[0], metrics[1:], up[1:], strict=True):
        here.plot([row[other] for row in rest], [row[metrics[0]] for row in rest], 'o', color=GREY, ms=4, alpha=0.6)
        along = sorted(front, key=lambda row: row[other])
        x, y = [row[other] for row in along], [row[metrics[0]] for row in along]
        if len(metrics) == 2:
            here.step(x, y, where='pre' if rises else 'post', color=GREEN, lw=1.5, zorder=2)
        here.plot(x, y, 'D', color=GREEN, ms=6, zorder=3)
        if len(front) <= _MOST_NUMBERS:
            for row in along:
                here.annotate(
                    str(row['trial']), (row[other], row[metrics[0]]), (6 if rises else -6, 4),
                    textcoords='offset points', ha='left' if rises else 'right', fontsize=SMALL,
                )  # fmt: skip
        values = [row[other] for row in rows]
        if min(values) > 0 and max(values) > 10 * min(values):
            here.set_xscale('log')
            here.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            here.xaxis.set_minor_locator(NullLocator())
        if other in COSTS:
            here.xaxis.set_major_formatter(EngFormatter())
        here.margins(x=0.1)
        here.set_xlabel(metric_label(other), fontsize=SIZE)
        here.grid(color=PALE)
    axes[0, 0].set_ylabel(metric_label(metrics[0]), fontsize=SIZE)
    title(figure, f'Pareto front of {len(rows)} complete graphs')
    numbered = ', with the trial numbers' if len(front) <= _MOST_NUMBERS else ''
    handles = [
        Line2D([], [], ls='', marker='D', ms=6, color=GREEN, label=f'Pareto front ({len(front)})' + numbered),
        Line2D([], [], ls='', marker='o', ms=4, color=GREY, label=f'others ({len(rest)})'),
    ]
    legend(figure, handles)
    return figure
