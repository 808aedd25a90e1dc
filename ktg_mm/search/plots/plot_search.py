"""The pictures of a config's search."""

from __future__ import annotations

from pathlib import Path

from mmengine.config import Config

from ktg_mm.search.space.candidates import Candidates
from ktg_mm.search.study.study import find_study, search_folder
from ktg_mm.search.worker.trial_config import resource_name

from .draw import draw_plots


def plot_search(
    cfg: Config,
    work_dir: str | Path | None = None,
    storage: str | None = None,
    study: str | None = None,
    out: str | Path | None = None,
    picture_format: str = 'svg',
) -> tuple[list[Path], list[str]]:
    """Draws the pictures of a search, which may still be running.

    Args:
        cfg: The search's config.
        work_dir: Folder of the search. Defaults to the config's, else ``work_dirs/<config's name>``.
        storage: Address of the storage. Defaults to ``search.storage``, else the SQLite file ``search.db`` in work_dir.
        study: Name of the study. Defaults to ``search.study``, else the config's name.
        out: Where the pictures and CSV files come. Defaults to the folder ``plots`` in work_dir.
        picture_format: ``'svg'`` or ``'png'``. Defaults to ``'svg'``.

    Returns:
        The pictures, and a line for each that there is nothing to draw in yet.

    Raises:
        UserError: If there is no such study, or nothing in it; one line.
    """
    opened = find_study(cfg, work_dir, storage, study)
    folder = out or search_folder(cfg, work_dir) / 'plots'
    return draw_plots(opened, Candidates(cfg).metrics, folder, picture_format, resource_name(cfg))
