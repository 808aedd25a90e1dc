"""A worker of a search: takes trials from the study, trains them, and leaves nothing half done."""

from __future__ import annotations

import contextlib
import logging
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
from mmengine.config import Config
from mmengine.dist import broadcast_object_list, is_distributed, is_main_process
from mmengine.runner import Runner
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from ktg_mm.apis.resume import with_key
from ktg_mm.checkpoints import load_by_name
from ktg_mm.config.stages import STAGES
from ktg_mm.errors import ConfigError, UserError
from ktg_mm.search.space.candidates import Candidate, Candidates, SpaceExhaustedError
from ktg_mm.search.space.check_space import check_space
from ktg_mm.search.space.metrics import read_scores
from ktg_mm.search.space.search_data import check_search_data
from ktg_mm.search.study import retries
from ktg_mm.search.study.address import StudyAddress
from ktg_mm.search.study.lost_trials import LostTrials
from ktg_mm.search.study.optuna_private import record_heartbeat
from ktg_mm.search.study.snapshot import snapshot_of
from ktg_mm.search.study.storage import open_storage
from ktg_mm.search.study.study import create_study, identity

from .after_stages import after_stages
from .asha_hook import ASHAHook, build_pruner, check_hook, check_rungs
from .drawn_trials import EXHAUSTED, DrawnTrials
from .failures import Failures
from .idle import idle_pauses
from .interrupts import Interrupts
from .kept_checkpoints import remove_needless
from .nothing_found import refuse_nothing
from .pretrained import fill_in_pretrained
from .progress import SearchProgress
from .race_trials import RaceTrials
from .reporter import TrialReporter
from .run_trial import LoneTrialError, TrialError, remove_checkpoints, run_trial
from .stacked_trials import StackedTrials, check_stack
from .trial_config import resource_name, run_length, trial_config
from .turn_hook import TurnHook
from .turns import Turns
from .verdict import NotBegunError, judge


class Worker:
    """One of the workers that share a study; each may be several processes (``launcher``), of which the first asks.

    Args:
        cfg: A config with ``search``.
        address: Of the search; all workers must see its folder. The first process opens the storage, once the config
            is known to be right.
        trials: Number of graphs to try.
        launcher: As for :func:`ktg_mm.apis.build_runner`.

    Raises:
        UserError: If the config is wrong, the storage cannot be reached, or the study is of another search.
    """

    def __init__(self, cfg: Config, address: StudyAddress, trials: int, launcher: str = 'none') -> None:
        self.candidates = Candidates(cfg)
        check_search_data(self.candidates.base)
        self.hook: dict[str, Any] | None = self.candidates.search.get('hook')
        check_hook(self.hook, len(self.candidates.metrics))
        check_space(self.candidates)
        if load_from := self.candidates.base.get('load_from'):
            with_key('load_from', load_by_name, load_from)
        pruner = ASHAHook(self.hook.get('pruner')).pruner if self.hook else None
        self.pruner = build_pruner(pruner)
        if pruner and not any(parameter.path[0] == 'train_cfg' for parameter in self.candidates.space.parameters):
            check_rungs(pruner, run_length(self.candidates.base)[0])
        self.address, self.work_dir, self.trials, self.launcher = address, address.folder, trials, launcher
        self.retries: int = self.candidates.search.get('retries', 3)
        self._failures = Failures()
        self._stop_reason: BaseException | None = None
        self._interrupts = Interrupts()
        number = self.candidates.search.get('trials_per_worker', 1)
        if number > 1 and launcher != 'none':
            problem = f'must be 1 where a worker is several processes, got {number}'
            raise ConfigError('search.trials_per_worker', problem)
        check_stack(self.candidates.search, self.candidates.base)
        self._stacked = StackedTrials(self._pause) if self.candidates.search.get('stack') else None
        self._turns = Turns(number, together=self._stacked is not None)
        if is_main_process():
            heartbeat = self.candidates.search.get('heartbeat', 30)
            storage = open_storage(address.storage, heartbeat, address.source)
            whose = {**identity(self.candidates), 'hook': dict(self.hook, pruner=pruner) if self.hook else None}
            self.study = create_study(storage, address.study, self.candidates.directions, whose)
            self._lost = LostTrials(self.study, heartbeat)
            self.study.pruner = self.pruner
            self._drawn: DrawnTrials | RaceTrials = DrawnTrials(self.candidates, self.study, trials)

    def run(self, progress: SearchProgress) -> None:
        """Works until every trial has ended, those of other workers included.

        Args:
            progress: Is told of what happens.

        Raises:
            UserError: If the search cannot go on, for one reason that the user can mend.
            KeyboardInterrupt: On Ctrl-C; the trial under way is queued, to be continued later.
        """
        if not is_main_process():
            self._follow()
            return
        try:
            with self._interrupts:
                if self._turns.number > 1:
                    self._work_in_turns(progress)
                while self._stop_reason is None and self._wait_for_work(progress):
                    self._work()
                    progress.show(self.study)
                    self._interrupts.check()
            self._clear(self.study)
            if self._stop_reason is None:
                self._check_result()
            if self.study.user_attrs.get(EXHAUSTED):
                progress.say('every graph of the space has been tried')
        finally:
            if not isinstance(self._stop_reason, UserError):  # else they may not be listening
                self._tell_followers(None)
            retries.requeue(self.study, self.retries)
            progress.show(self.study)
        if self._stop_reason is not None:
            raise self._stop_reason

    def _check_result(self) -> None:
        refuse_nothing(self.study)

    def _wait_for_work(self, progress: SearchProgress) -> bool:
        """Whether there is a trial to begin; waits while the trials of others may yet be lost."""
        pauses = idle_pauses(self.candidates.search.get('heartbeat', 30))
        while (there_is := self._has_work(study := snapshot_of(self.study))) is None:
            progress.show(study)
            with self._interrupts.heard():
                time.sleep(next(pauses))
        return there_is

    def _has_work(self, study: Study) -> bool | None:
        """Whether there is a trial to begin; None if there is none, but those of others may yet be lost."""
        self._lost.look(study)
        retries.requeue(study, self.retries)
        trials = study.get_trials(deepcopy=False)
        if any(trial.state == TrialState.WAITING for trial in trials):
            return True
        if there_is := self._drawn.is_left(trials):
            return True
        over = not self._drawn.waits or all(trial.state.is_finished() for trial in trials)
        return False if there_is is False and over else None

    def _work_in_turns(self, progress: SearchProgress) -> None:
        """Does all there is, several trials at a time."""

        def more(none_under_way: bool) -> bool:
            if self._stop_reason is not None or self._interrupts.pending:
                return False
            return self._wait_for_work(progress) if none_under_way else bool(self._has_work(snapshot_of(self.study)))

        if self._stacked is not None:
            self._stacked.say = progress.say
        self._turns.run(more, self._work, lambda: progress.show(self.study))
        self._interrupts.check()

    def _pause(self) -> None:
        """Lets the worker's other trials go on."""
        self._turns.hand_on()
        self._check()

    def _check(self) -> None:
        """Ends the trial whose turn it is if the worker is to stop."""
        self._interrupts.check()
        if self._stop_reason is not None or self._turns.error is not None:
            raise KeyboardInterrupt

    def _work(self) -> None:
        """Does one trial."""
        begun: list[optuna.Trial] = []

        def objective(trial: optuna.Trial) -> float | list[float]:
            begun.append(trial)
            return self._objective(trial)

        try:
            self.study.optimize(objective, n_trials=1, catch=(TrialError,), callbacks=[self._clear])
        except (ValueError, AssertionError, optuna.exceptions.UpdateFinishedTrialError):
            # So Optuna answers if another worker has meanwhile taken the trial for lost, and goes on with it.
            if not begun or retries.frozen(begun[0]).state != TrialState.FAIL:
                raise
        except KeyboardInterrupt as error:
            self._stop_reason = self._stop_reason or error

    def _objective(self, trial: optuna.Trial) -> float | list[float]:
        """Trains a trial and notes how it ended."""
        record_heartbeat(trial)  # before it says that it has a worker
        trial.set_user_attr(retries.END, retries.LOST)  # what will stand there if this worker dies
        trial.set_user_attr(retries.WORKER, retries.this_worker())
        try:
            with self._interrupts.heard():
                values = self._train(trial, self._drawn.candidate(trial))
        except (Exception, KeyboardInterrupt) as error:
            verdict = judge(error, is_distributed(), self.address.storage)
            retries.note_end(trial, verdict.end)
            self._stop_reason = self._stop_reason or verdict.stop
            if isinstance(error, SpaceExhaustedError):
                self.study.set_user_attr(EXHAUSTED, True)
            if verdict.is_fault:
                logging.getLogger(__name__).error('trial %d failed', trial.number, exc_info=error)
            if verdict.stop is None and verdict.end.startswith(retries.FAILED):
                self._stop_reason = self._failures.count(verdict, self.study) or self._stop_reason
            if isinstance(error, (optuna.TrialPruned, KeyboardInterrupt)):
                raise
            raise TrialError(str(error)) from error
        retries.note_end(trial, retries.COMPLETE)
        self._failures.forget_faults()
        return values

    def _clear(self, study: Study, ended: FrozenTrial | None = None) -> None:
        remove_needless(study, self.candidates.metrics[0], self._run_dir, ended)

    def _run_dir(self, trial: optuna.Trial | FrozenTrial) -> Path:
        """The folder of a trial, which those that continue it share."""
        return self.work_dir / 'trials' / f'{retries.root_of(trial):05d}'

    def _train(self, trial: optuna.Trial, candidate: Candidate) -> float | list[float]:
        run_dir = self._run_dir(trial)
        reporter = TrialReporter(trial, self._drawn.pruner(trial, self.pruner), self._score)
        earlier = retries.earlier_reports(self.study, trial)
        if retries.CONTINUES not in trial.user_attrs:
            remove_checkpoints(run_dir)  # of another study that was searched in the same folder
        self._tell_followers((candidate.config, str(run_dir)))
        outcome = self._run(candidate.config, run_dir, lambda hook: hook.bind(reporter, earlier))
        if reporter.taken_away:
            raise NotBegunError('another worker had taken it for lost, and goes on with it')
        if outcome.stopped:
            raise optuna.TrialPruned(f'pruned at {resource_name(candidate.config)} {outcome.epoch}')
        if best := self.candidates.best_node(outcome.metrics):
            trial.set_user_attr(retries.BEST_NODE, best)
        scores = iter(self.node_scores(outcome.metrics))
        values = [outcome.costs[m.name] if m.is_cost else next(scores) for m in self.candidates.metrics]
        if not all(map(math.isfinite, values)):
            raise TrialError(f'the score is not finite: {values}')
        return values[0] if len(values) == 1 else values

    def _run(self, config: dict[str, Any], run_dir: Path, bind: Any) -> Any:
        cfg = trial_config(self._turns.errand(lambda: self._prepared(config)), self.hook, run_dir)
        costs = any(metric.is_cost for metric in self.candidates.metrics)
        return run_trial(cfg, bind, costs, self.launcher, within=self._among_others)

    def _prepared(self, config: dict[str, Any]) -> dict[str, Any]:
        """A candidate's config, once what it begins with is trained."""
        with self._interrupts.heard():
            config = after_stages(config, self.work_dir / STAGES, self.launcher)
            fill_in_pretrained(config, self.candidates.base, self.work_dir / 'pretrained', self.launcher)
        return config

    @contextlib.contextmanager
    def _among_others(self, runner: Runner) -> Iterator[None]:
        if self._turns.number > 1:
            runner.register_hook(TurnHook(self._pause, self._check))
        with self._stacked.member(runner) if self._stacked else contextlib.nullcontext():
            yield

    def _score(self, metrics: dict[str, float]) -> float | None:
        """The one score to prune by, None if there are several metrics."""
        values = self.node_scores(metrics)
        return values[0] if len(self.candidates.metrics) == 1 else None

    def node_scores(self, metrics: dict[str, float]) -> list[float]:
        """The scores that the search goes by, out of a validation's metrics."""
        networks = self.candidates.scored_nodes(self.candidates.base['model'])
        return read_scores(self.candidates.metrics, metrics, networks)

    def _tell_followers(self, work: tuple[dict[str, Any], str] | None) -> None:
        if is_distributed():
            broadcast_object_list([work])

    def _follow(self) -> None:
        """What the other processes of a worker do: train what the first tells them."""
        while True:
            work: list[Any] = [None]
            broadcast_object_list(work)
            if work[0] is None:
                return
            config, run_dir = work[0]
            try:
                self._run(config, Path(run_dir), lambda hook: hook.bind(None))
            except LoneTrialError as error:
                raise UserError(f'the processes of this worker are out of step: {error}') from error
            except TrialError:
                continue
