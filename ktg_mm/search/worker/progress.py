"""What a search shows while it runs."""

from __future__ import annotations

import math
import sys
import time
from collections import Counter
from typing import Any

from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from ktg_mm.search.space.candidates import KEY
from ktg_mm.search.study.retries import (
    END,
    last_of_chains,
    root_of,
    this_worker,
    was_begun,
    was_cut_short,
    workers_of,
)
from ktg_mm.search.study.snapshot import snapshot_of
from ktg_mm.search.study.storage import crowded

_FEW = 4  # workers, of whose trials each gets a line
_PATIENCE = 30.0  # seconds between two lines of many workers' trials


def summary(study: Study) -> dict[str, Any]:
    """Counts a study's trials.

    Returns:
        ``complete``, ``pruned``, ``failed``, ``running``, ``begun`` (graphs begun), ``best`` and ``best_trial`` (None
        if there is none yet, or several metrics). Trials that others continue are not counted.
    """
    last = last_of_chains(study)
    states = [trial.state for trial in last]
    done = [trial for trial in last if trial.state == TrialState.COMPLETE and len(trial.values) == 1]
    better: Any = max if study.directions[0] == StudyDirection.MAXIMIZE else min
    best, number = better(((trial.values[0], trial.number) for trial in done), default=(None, None))
    return dict(
        complete=states.count(TrialState.COMPLETE),
        pruned=states.count(TrialState.PRUNED),
        failed=states.count(TrialState.FAIL),
        running=states.count(TrialState.RUNNING),
        begun=len({root_of(trial) for trial in last}),
        best=best,
        best_trial=number,
    )


class SearchProgress:
    """A bar in a terminal; elsewhere a line for each trial that ends.

    With more than four workers a line has all trials that ended in half a minute, but for those that failed.

    Args:
        trials: Graphs to try.
        enabled: False shows nothing, for the processes that follow the first. Defaults to True.
        storage: Address of the study's; that it is too small for its workers is said once. Defaults to none.
        unit: What its trials are called: ``'runs'`` are those of a race. Defaults to ``'trials'``.
    """

    def __init__(self, trials: int, enabled: bool = True, storage: str = '', unit: str = 'trials') -> None:
        self.trials, self.enabled, self.storage = trials, enabled, storage
        self.unit = unit
        self._bar: Progress | None = None
        self._start = time.monotonic()
        self._ended_before: int | None = None
        self._shown: set[int] = set()
        self._ended: list[FrozenTrial] = []  # not shown yet
        self._told, self._state = -math.inf, ''
        self._has_warned = False

    def __enter__(self) -> SearchProgress:
        if self.enabled and sys.stderr.isatty():
            self._bar = Progress(
                TextColumn(f'{self.unit} {{task.completed}}/{{task.total}}'),
                BarColumn(bar_width=24),
                TextColumn('{task.fields[text]}'),
                console=Console(stderr=True),
            )
            self._bar.add_task('', total=self.trials, text='')
            self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._tell()
        if self._bar is not None:
            self._bar.stop()

    def say(self, line: str) -> None:
        """Shows a line."""
        if not self.enabled:
            return
        if self._bar is not None:
            self._bar.console.print(line, markup=False, highlight=False)
        else:
            print(line, file=sys.stderr, flush=True)

    def show(self, study: Study) -> None:
        """Shows how far the study is."""
        if not self.enabled:
            return
        study = snapshot_of(study)
        found, trials = summary(study), study.get_trials(deepcopy=False)
        workers = len(workers_of(trials) | {this_worker()})
        if not self._has_warned and (warning := crowded(self.storage, workers)):
            self._has_warned = True
            self.say(warning)
        ended = found['complete'] + found['pruned'] + found['failed']
        if self._ended_before is None:
            self._ended_before = ended
        text = f'{found["running"]} running, {found["pruned"]} pruned, {found["failed"]} failed'
        if found['best'] is not None and self.unit == 'trials':
            text += f', best {found["best"]:.4g} (trial {found["best_trial"]}, one seed)'
        if left := self._left(ended):
            text += f', {left} left'
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=ended, text=text)
        self._state = f'[{ended}/{self.trials} {self.unit}, {text}]'
        for trial in trials:
            if trial.state.is_finished() and was_begun(trial) and trial.number not in self._shown:
                self._shown.add(trial.number)
                has_failed = trial.state == TrialState.FAIL and not was_cut_short(trial)
                if has_failed or (self._bar is None and workers <= _FEW):
                    self._print(trial)
                elif self._bar is None:
                    self._ended.append(trial)
        if workers <= _FEW or time.monotonic() - self._told >= _PATIENCE:
            self._tell()

    def _tell(self) -> None:
        """A line of the trials that have ended since the last."""
        ended, self._ended = self._ended, []
        if len(ended) == 1:
            self._print(ended[0])
        elif ended:
            kinds = Counter('cut short' if was_cut_short(trial) else trial.state.name.lower() for trial in ended)
            text = ', '.join(f'{number} {kind}' for kind, number in sorted(kinds.items()))
            self.say(f'{len(ended)} {self.unit} ended: {text}  {self._state}')
        self._told = time.monotonic() if ended else self._told

    def _print(self, trial: FrozenTrial) -> None:
        name = f'trial {trial.number}' if self.unit == 'trials' else trial.user_attrs.get(KEY, 'a run')
        if root_of(trial) != trial.number:
            name += f' (goes on with {trial.user_attrs["continues"]})'
        values = ''
        if trial.state == TrialState.COMPLETE:
            values = ' ' + ', '.join(f'{value:.4g}' for value in trial.values)
        self.say(f'{name}: {trial.user_attrs.get(END, "lost")}{values}  {self._state}')

    def _left(self, ended: int) -> str:
        """Time left, from the trials that all workers have ended since this one began."""
        done = ended - (self._ended_before or 0)
        if not done or ended >= self.trials:
            return ''
        seconds = int((time.monotonic() - self._start) / done * (self.trials - ended))
        return f'{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}'
