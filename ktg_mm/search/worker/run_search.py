"""A whole search, or one worker's part in it."""

from __future__ import annotations

import gc
from pathlib import Path

from mmengine.config import Config
from mmengine.dist import is_main_process

from ktg_mm.apis.runner import init_distributed
from ktg_mm.errors import ConfigError
from ktg_mm.search.study.lost_trials import give_up_running
from ktg_mm.search.study.study import config_name, open_storage, search_folder, storage_address

from .progress import SearchProgress
from .verdict import gone, is_storage_error
from .worker import Worker


def run_search(
    cfg: Config,
    work_dir: str | Path | None = None,
    storage: str | None = None,
    study: str | None = None,
    trials: int | None = None,
    launcher: str = 'none',
    take_over: bool = False,
) -> Worker:
    """Works on the search of a config until all trials have ended; as many processes as wanted may do so at once.

    Args:
        cfg: A config with ``search``.
        work_dir: Folder of the trials. Defaults to the config's, else ``work_dirs/<config's name>``.
        storage: Address of the storage. Defaults to ``search.storage``, else the SQLite file ``search.db`` in work_dir.
        study: Name of the study. Defaults to ``search.study``, else the config's name.
        trials: Number of graphs to try. Defaults to ``search.trials``.
        launcher: How the processes of one worker were started: as for :func:`ktg_mm.apis.build_runner`.
        take_over: True takes trials that still count as running for lost at once. Right only if no worker is running.

    Returns:
        The worker, whose ``study`` holds the result.

    Raises:
        UserError: If the search cannot begin or go on; one line.
    """
    options = cfg.get('search') or {}
    if not options:
        raise ConfigError('search', 'is missing; a config to search over has search=dict(trials=..., space=...)')
    trials = trials or options.get('trials')
    if not trials:
        raise ConfigError('search.trials', 'is missing; give the number of graphs to try')
    folder = search_folder(cfg, work_dir)
    init_distributed(launcher)
    main = is_main_process()
    opened = None
    if main:
        opened = open_storage(storage_address(cfg, folder, storage), options.get('heartbeat', 30))
    worker = Worker(cfg, opened, study or options.get('study') or config_name(cfg), folder, trials, launcher)
    if main and take_over:
        give_up_running(worker.study)
    # mmengine collects garbage with every data set, and would go through all that is imported each time.
    gc.freeze()
    with SearchProgress(trials, enabled=main) as progress:
        if main:
            progress.say(f'{worker.candidates.space.size():,.0f} combinations, {trials} to try')
        try:
            worker.run(progress)
        except Exception as error:
            if is_storage_error(error):
                raise gone(error) from error
            raise
    return worker
