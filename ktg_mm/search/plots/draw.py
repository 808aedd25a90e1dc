"""Draws what there is to draw of a study, each picture with its numbers in a CSV file beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure
from mmengine.config import Config
from optuna.study import Study

from ktg_mm.errors import UserError
from ktg_mm.files import save_table
from ktg_mm.search.space.candidates import Candidates
from ktg_mm.search.study.address import StudyAddress
from ktg_mm.search.study.study import find_study
from ktg_mm.search.worker.trial_config import resource_name
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


def plot_search(
    cfg: Config, address: StudyAddress, out: str | Path | None = None, picture_format: str = 'svg'
) -> tuple[list[Path], list[str]]:
    """Draws the pictures of a search, which may still be running.

    Args:
        cfg: The search's config.
        address: Of the search.
        out: Where the pictures and CSV files come. Defaults to the folder ``plots`` of the search.
        picture_format: ``'svg'`` or ``'png'``. Defaults to ``'svg'``.

    Returns:
        The pictures, and a line for each that there is nothing to draw in yet.

    Raises:
        UserError: If there is no such study, or nothing in it; one line.
    """
    candidates = Candidates(cfg)
    metrics, unit = [metric.name for metric in candidates.metrics], resource_name(candidates.base)
    return draw_plots(find_study(address), metrics, out or address.folder / 'plots', picture_format, unit)


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
    for name, rows, draw, missing in _plots(study, begun, metrics, resource):
        if rows:
            save_table(rows, Path(folder) / f'{name}.csv')
            pictures.append(save_picture(draw(rows), Path(folder) / f'{name}.{picture_format}'))
        else:
            notes.append(f'{name}: not drawn, {missing}')
    return pictures, notes


def _plots(
    study: Study, begun: Sequence[Graph], metrics: Sequence[str], resource: str
) -> Iterator[tuple[str, Rows, Callable[[Rows], Figure], str]]:
    """Of each plot its files' name, its table, what draws the table, and what is missing if that is empty."""
    up, metric, several = maximizes(study), metrics[0], len(metrics) > 1
    best = best_graphs(study, begun)
    among = f'the Pareto front ({len(best)})' if several else f'the best {len(best)}'
    if several:
        ups = [direction.name == 'MAXIMIZE' for direction in study.directions]
        front = partial(draw_pareto_front, metrics=metrics, up=ups)
        yield 'pareto_front', pareto_table(study, begun, metrics), front, 'no trial is complete'
    else:
        reported = any(graph.reports for graph in begun)
        scores = score_table(begun, up) if any(graph.score is not None for graph in begun) else []
        times = time_table(study, begun) if any(graph.end for graph in begun) else []
        unreported = 'no trial has reported a score'
        curves = partial(draw_learning_curves, metric=metric, up=up, resource=resource)
        yield 'rungs', rung_table(begun) if reported else [], partial(draw_rungs, resource=resource), unreported
        yield 'learning_curves', curve_table(begun), curves, unreported
        over_trials = partial(draw_score_over_trials, metric=metric, up=up)
        yield 'score_over_trials', scores, over_trials, 'no trial has a score'
        yield 'score_over_time', times, partial(draw_score_over_time, metric=metric, up=up), 'no trial has ended'
    choices = partial(draw_choices, drawn=len(begun), among=among)
    yield 'choices', choice_table(begun, best), choices, 'the space has ranges alone, no choices'
    fewest = f'which takes {FEWEST_RANKED} {"complete" if several else "complete or pruned"} trials'
    yield 'importance', importance_table(study, begun), partial(draw_importance, several=several), fewest
