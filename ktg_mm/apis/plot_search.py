"""Plotting a search."""

from __future__ import annotations

from pathlib import Path

from mmengine.config import Config

from ktg_mm.errors import ConfigError, UserError
from ktg_mm.search import load_study, open_storage
from ktg_mm.search.candidates import Candidates
from ktg_mm.search.plots import draw_plots


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
    stem = Path(cfg.filename).stem if cfg.filename else 'graph'
    options = cfg.get('search') or {}
    if not options:
        raise ConfigError('search', 'is missing; a config to search over has search=dict(trials=..., space=...)')
    folder = Path(work_dir or cfg.get('work_dir') or Path('work_dirs') / stem)
    address = storage or options.get('storage') or f'sqlite:///{folder}/search.db'
    path = address.removeprefix('sqlite:///')
    # Opening an address that leads nowhere would make a new file there.
    if path != address and not Path(path).expanduser().is_file():
        raise UserError(f'--storage {address}: no such file; it is made by tools/search.py')
    opened = load_study(open_storage(address), study or options.get('study') or stem)
    return draw_plots(opened, Candidates(cfg).metrics, out or folder / 'plots', picture_format)
