"""Draws what there is to draw of a study, each picture with its numbers in a CSV file beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure
from optuna.study import Study

from ktg_mm.errors import UserError
from ktg_mm.files import save_table
from ktg_mm.visualization import save_picture

from .choice_figures import draw_choices, draw_importance, draw_pareto_front
from .figures import draw_learning_curves, draw_rungs, draw_score_over_time, draw_score_over_trials
from .importance import FEWEST_RANKED, importance_table
from .tables import (
    Graph,
    Rows,
    best_graphs,
    choice_table,
    curve_table,
    graphs,
    maximizes,
    pareto_table,
    rung_table,
    score_table,
    time_table,
)


@dataclass(frozen=True)
class _Plot:
    name: str  # of the files
    table: Callable[[], Rows]
    draw: Callable[[Rows], Figure]
    missing: str  # what is missing if the table is empty


def draw_plots(
    study: Study, metrics: Sequence[str], folder: str | Path, picture_format: str = 'svg', resource: str = 'epoch'
) -> tuple[list[Path], list[str]]:
    """Draws the pictures of a study: rungs, learning curves, scores over trials and over time, choices, importance.

    A study with several metrics has its Pareto front drawn instead of its scores.

    Args:
        study: The study.
        metrics: Names of its metrics.
        folder: Where the pictures and CSV files come.
        picture_format: ``'svg'`` or ``'png'``. Defaults to ``'svg'``.
        resource: What a run's length is counted in. Defaults to ``'epoch'``.

    Returns:
        The pictures, and a line for each that there is nothing to draw in yet.

    Raises:
        UserError: If no trial has begun, the study has other metrics, or a file cannot be written.
    """
    if len(metrics) != len(study.directions):
        found = len(study.directions)
        raise UserError(f'--study {study.study_name}: was made for {found} metrics, search.metric names {len(metrics)}')
    begun = graphs(study)
    if not begun:
        raise UserError(f'--study {study.study_name}: no trial has begun yet; there is nothing to plot')
    pictures, notes = [], []
    if not any(graph.state == 'complete' for graph in begun):
        notes.append('no trial is complete yet; pruned ones are compared by their last report')
    for plot in _plots(study, begun, metrics, resource):
        if rows := plot.table():
            save_table(rows, Path(folder) / f'{plot.name}.csv')
            pictures.append(save_picture(plot.draw(rows), Path(folder) / f'{plot.name}.{picture_format}'))
        else:
            notes.append(f'{plot.name}: not drawn, {plot.missing}')
    return pictures, notes


def _plots(study: Study, begun: Sequence[Graph], metrics: Sequence[str], resource: str) -> Iterator[_Plot]:
    up, metric, several = maximizes(study), metrics[0], len(metrics) > 1
    best = best_graphs(study, begun)
    among = f'the Pareto front ({len(best)})' if several else f'the best {len(best)}'
    if several:
        yield _Plot(
            'pareto_front',
            lambda: pareto_table(study, begun, metrics),
            lambda rows: draw_pareto_front(
                rows, metrics, [direction.name == 'MAXIMIZE' for direction in study.directions]
            ),
            'no trial is complete',
        )
    else:
        reported = any(graph.reports for graph in begun)
        scored = any(graph.score is not None for graph in begun)
        unreported = 'no trial has reported a score'
        yield _Plot(
            'rungs', lambda: rung_table(begun) if reported else [], lambda rows: draw_rungs(rows, resource), unreported
        )
        yield _Plot(
            'learning_curves',
            lambda: curve_table(begun),
            lambda rows: draw_learning_curves(rows, metric, up, resource),
            unreported,
        )
        yield _Plot(
            'score_over_trials',
            lambda: score_table(begun, up) if scored else [],
            lambda rows: draw_score_over_trials(rows, metric, up),
            'no trial has a score',
        )
        yield _Plot(
            'score_over_time',
            lambda: time_table(study, begun) if any(graph.end for graph in begun) else [],
            lambda rows: draw_score_over_time(rows, metric, up),
            'no trial has ended',
        )
    yield _Plot(
        'choices',
        lambda: choice_table(begun, best),
        lambda rows: draw_choices(rows, len(begun), among),
        'the space has ranges alone, no choices',
    )
    yield _Plot(
        'importance',
        lambda: importance_table(study, begun),
        lambda rows: draw_importance(rows, several),
        f'which takes {FEWEST_RANKED} {"complete" if several else "complete or pruned"} trials',
    )
