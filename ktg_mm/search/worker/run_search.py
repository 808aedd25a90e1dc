"""A whole search, or one worker's part in it."""

from __future__ import annotations

import gc

from mmengine.config import Config
from mmengine.dist import is_main_process

from ktg_mm.apis.distributed import init_distributed
from ktg_mm.apis.rehearsed import rehearsing_once
from ktg_mm.datasets.shared_data import sharing_data
from ktg_mm.errors import ConfigError
from ktg_mm.search.space.options import check_options, check_race
from ktg_mm.search.study.address import StudyAddress
from ktg_mm.search.study.lost_trials import give_up_running
from ktg_mm.search.study.storage import named_failures

from .progress import SearchProgress
from .race_worker import RaceWorker
from .worker import Worker


def run_search(
    cfg: Config, address: StudyAddress, trials: int | None = None, launcher: str = 'none', take_over: bool = False
) -> Worker:
    """Works on the search of a config until all trials have ended; as many processes as wanted may do so at once.

    Args:
        cfg: A config with ``search``.
        address: Where its study and its files are kept, ``StudyAddress.of(cfg)`` unless the user says otherwise.
        trials: Number of graphs to try. Defaults to ``search.trials``.
        launcher: How the processes of one worker were started: as for :func:`ktg_mm.apis.build_runner`.
        take_over: True takes trials that still count as running for lost at once. Right only if no worker is running.

    Returns:
        The worker, whose ``study`` holds the result.

    Raises:
        UserError: If the search cannot begin or go on, or has found nothing; one line.
    """
    trials = trials or check_options(cfg.get('search')).get('trials')
    if not trials:
        raise ConfigError('search.trials', 'is missing; give the number of graphs to try')
    init_distributed(launcher)
    main = is_main_process()
    with named_failures(address.storage):
        worker = Worker(cfg, address, trials, launcher)
        has_race = _has_race(worker)
        if main and take_over:
            give_up_running(worker.study)
        # mmengine collects garbage with every data set, and would go through all that is imported each time.
        gc.freeze()
        with sharing_data(), rehearsing_once():
            if has_race:
                _run_race(worker, address, early=True, take_over=take_over)
            with SearchProgress(trials, main, address.storage) as progress:
                progress.say(f'{worker.candidates.space.size():,.0f} combinations, {trials} to try')
                worker.run(progress)
            if has_race:
                _run_race(worker, address, early=False)
    return worker


def _has_race(search: Worker) -> bool:
    """Whether a race is to follow, after a look whether so many trials allow it."""
    candidates, trials = search.candidates, search.trials
    check_race({**candidates.search, 'trials': trials}, len(candidates.baselines))
    has_race = bool(candidates.search.get('race'))
    if has_race and (graphs := len(candidates.enqueued)) > trials:
        problem = f'names {graphs} graphs, more than the {trials} trials of the search, which is to end with a race'
        raise ConfigError('search.enqueue', problem)
    return has_race


def _run_race(search: Worker, address: StudyAddress, early: bool, take_over: bool = False) -> None:
    race = RaceWorker(search, early)
    if take_over and is_main_process():
        give_up_running(race.study)
    with SearchProgress(race.trials, is_main_process(), address.storage, 'runs') as progress:
        race.run(progress)
        if early:
            race.say_before(progress)
