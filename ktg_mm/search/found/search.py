"""Searching from Python, one call."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

from mmengine.config import Config
from optuna.study import Study

from ktg_mm.apis.checks.names import KNOWN, check_names
from ktg_mm.apis.config import config_name, load_config
from ktg_mm.apis.graphs import read_config
from ktg_mm.apis.stages import check_stages, keep_config, run_folder
from ktg_mm.apis.user_errors import user_errors
from ktg_mm.config.stages import is_staged
from ktg_mm.errors import ConfigError
from ktg_mm.mmengine_private import set_aside
from ktg_mm.search.race.race import RaceResult
from ktg_mm.search.space.retrain_base import retrain_base
from ktg_mm.search.study.address import StudyAddress
from ktg_mm.search.study.race_study import race_result
from ktg_mm.search.study.storage import named_failures
from ktg_mm.search.worker.run_search import run_search

from .export import export_graph, winner


@dataclass(frozen=True)
class SearchResult:
    """What a search has found; printed it is a line.

    Args:
        config: The best graph, with data and schedule, as :func:`ktg_mm.apis.train` takes it.
        metrics: What the search went by, by name; the first is what the trials are ordered by.
        trial: Number of the best trial.
        file: The config as a file.
        study: The whole study, Optuna's.
        race: How the race has ended; None if there was none, and the scores are of one seed.

    Example:
        >>> result = SearchResult(Config(), {'accuracy/top1': 95.0}, 3, Path('found/best_trial3.py'), None)
        >>> print(result)
        trial 3: accuracy/top1 95; found/best_trial3.py
        >>> result.score
        95.0
    """

    config: Config = field(repr=False)
    metrics: dict[str, float]
    trial: int
    file: Path
    study: Study = field(repr=False)
    race: RaceResult | None = None

    @property
    def score(self) -> float:
        """The first of the metrics."""
        return next(iter(self.metrics.values()))

    def __str__(self) -> str:
        metrics = ', '.join(f'{name} {value:.6g}' for name, value in self.metrics.items())
        return f'trial {self.trial}: {metrics}; {self.file.as_posix()}'


def search(
    config: Config | str | Path,
    work_dir: str | Path | None = None,
    trials: int | None = None,
    storage: str | None = None,
    study: str | None = None,
    take_over: bool = False,
) -> SearchResult:
    """Searches for the best graph as ``tools/search.py`` does, and exports it as ``tools/export_graph.py`` does.

    A search that was begun in the folder goes on; called with more trials it tries more graphs.

    Args:
        config: A Config with ``search``, which stays as it is, or its file.
        work_dir: Folder of the search. Defaults to the config's, else ``work_dirs/<config's name>``.
        trials: Number of graphs to try in all. Defaults to ``search.trials``.
        storage: Where the study is kept, as ``--storage``. Defaults to the config's, else the environment variable
            ``KTG_MM_STORAGE``, else the SQLite file ``search.db`` in the folder.
        study: Name of the study. Defaults to the config's, else the config's name.
        take_over: True takes trials that still count as running for lost; right only where no worker is running.
            Defaults to False.

    Returns:
        The best graph, its score and the study; after a race that has shown no improvement the baseline. With several
        metrics it is the graph of the Pareto front that is best by the first. The config begins with that of
        ``search.retrain``, else with this one.

    Raises:
        ConfigError: If the config is wrong or has no ``search``, or ``trials`` is no number; the message begins with
            its key.
        UserError: If the search cannot begin or go on, or has found nothing; one line.
        KeyboardInterrupt: On Ctrl-C; the trial under way is continued when the search is called again.

    Example:
        >>> import tempfile
        >>> from ktg_mm.apis import get_config
        >>> cfg = get_config('search/ktg_3node_digits', {'train_cfg.max_epochs': 1})
        >>> with tempfile.TemporaryDirectory() as folder:  # doctest: +SKIP
        ...     best = search(cfg, folder, trials=3)
    """
    cfg = read_config(config)
    if trials is not None and (isinstance(trials, bool) or not isinstance(trials, int) or trials < 1):
        raise ConfigError('trials', f'must be a whole number, at least 1, got {trials!r}')
    with user_errors():
        check_names(cfg)
        if is_staged(cfg):
            check_stages(cfg, run_folder(cfg, work_dir), last=False)
        address = StudyAddress.of(cfg, work_dir, storage, study)
        base = retrain_base(cfg, [cfg.filename]) if cfg.filename else None
        worker = run_search(cfg, address, trials, take_over=take_over)
        if base is None:
            base = _written(cfg, address.folder)
            set_aside(cfg, filename=str(base))
        result = race_result(worker.candidates, worker.study)
        best = winner(result, worker.candidates, worker.study)
        file = address.folder / f'best_trial{best.number}.py'
        with named_failures(address.storage):
            export_graph(cfg, file, address, trial=None if result else best.number, base=base)
        found = load_config(file)
    names = [metric.name for metric in worker.candidates.metrics]
    values = best.values or [math.nan] * len(names)
    return SearchResult(found, dict(zip(names, values, strict=True)), best.number, file, worker.study, result)


def _written(cfg: Config, folder: Path) -> Path:
    """The config as a file in the folder: it may have been changed since it was read from its own, if it has one."""
    # What nothing reads, such as networks by their names, is not to be inherited.
    kept = Config({key: value for key, value in cfg.items() if key in KNOWN}, ' ', cfg.filename)
    keep_config(kept, folder)
    return folder / f'{config_name(cfg)}.py'
