"""The pictures of a config's search."""

from __future__ import annotations

from pathlib import Path

from mmengine.config import Config

from ktg_mm.search.space.candidates import Candidates
from ktg_mm.search.study.address import StudyAddress
from ktg_mm.search.study.study import find_study
from ktg_mm.search.worker.trial_config import resource_name

from .draw import draw_plots


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
    metrics = [metric.name for metric in Candidates(cfg).metrics]
    return draw_plots(find_study(address), metrics, out or address.folder / 'plots', picture_format, resource_name(cfg))
