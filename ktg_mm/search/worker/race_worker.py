"""A worker of the race after a search."""

from __future__ import annotations

from pathlib import Path

import optuna
from mmengine.dist import is_main_process
from optuna.trial import FrozenTrial

from ktg_mm.search.race.race import race_runs, spread_of
from ktg_mm.search.race.verdict import smallest_gain
from ktg_mm.search.study.lost_trials import LostTrials
from ktg_mm.search.study.optuna_private import storage_of
from ktg_mm.search.study.race_study import race_identity, race_name
from ktg_mm.search.study.retries import root_of
from ktg_mm.search.study.study import create_study

from .asha_hook import build_pruner
from .failures import Failures
from .interrupts import Interrupts
from .progress import SearchProgress
from .race_trials import RaceTrials
from .turns import Turns
from .worker import Worker


class RaceWorker(Worker):
    """The same worker, whose trials are the runs of the race; they have a study of their own beside the search's.

    Args:
        search: The worker of the search, with ``search.race`` in its config.
        early: True makes only the baselines' first runs, before the search; it does not wait for those of others.
            False: the race, once the search has ended.
    """

    def __init__(self, search: Worker, early: bool = False) -> None:
        vars(self).update(vars(search))
        race = self.candidates.search['race']
        self.trials = race_runs(race['graphs'], race['seeds'], len(self.candidates.baselines))
        self.hook, self.pruner, self._stacked = None, build_pruner(None), None  # seeds have batches of their own
        self._failures, self._interrupts, self._stop_reason = Failures(), Interrupts(), None
        self._turns = Turns(search._turns.number)
        if is_main_process():
            name = race_name(search.study.study_name, search.trials)
            whose = race_identity(self.candidates)
            self.study = create_study(storage_of(search.study), name, self.candidates.directions, whose)
            self._lost = LostTrials(self.study, self.candidates.search.get('heartbeat', 30))
            self.study.pruner = self.pruner
            self._drawn: RaceTrials = RaceTrials(self.candidates, search.study, self.study, early)

    def say_before(self, progress: SearchProgress) -> None:
        """Says what the race can show, before the search has cost anything.

        Args:
            progress: Shows it.
        """
        if not is_main_process():
            return
        seeds = self.candidates.search['race']['seeds']
        spread = spread_of(self._drawn.ended())
        gain = smallest_gain(spread or 1.0, seeds)
        shows = f'a gain of {gain:.2g}' if spread else f"{gain:.2g} times the spread of a graph's seeds"
        known = f'; seeds spread by {spread:.2g}' if spread else ''
        follows = f'a race of at most {self.trials} runs will follow'
        progress.say(f'{follows}; its {seeds} pairs of runs show {shows} four times in five{known}')

    def _check_result(self) -> None:
        """Nothing: a race in which all fail has shown no improvement."""

    def _run_dir(self, trial: optuna.Trial | FrozenTrial) -> Path:
        return self.work_dir / 'race' / f'{root_of(trial):05d}'
