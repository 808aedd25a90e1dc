"""Reports a run's validation to the search, and stops the run if it is not worth its time."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from typing import Any

import optuna
from mmengine.dist import broadcast_object_list
from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop, Runner
from mmpretrain.registry import HOOKS

from ktg_mm.config import check_type, class_of
from ktg_mm.config.check_number import is_whole
from ktg_mm.errors import ConfigError
from ktg_mm.registry import PRUNERS
from ktg_mm.search.space.samplers import build_part, register_all

from .reporter import TrialReporter

_DEFAULTS: dict[type, dict[str, int]] = {
    optuna.pruners.SuccessiveHalvingPruner: dict(min_resource=1, reduction_factor=2, min_early_stopping_rate=0),
    optuna.pruners.HyperbandPruner: dict(min_resource=1, reduction_factor=3),
}


@HOOKS.register_module()
class ASHAHook(Hook):
    """Asynchronous successive halving (Li et al., MLSys 2020; Minami et al., ACCV 2020) as a hook.

    After ``min_resource * reduction_factor**k`` epochs (validations at a fixed interval, if the loop counts iterations)
    the target's score is compared with all scores recorded at that rung. With n values, its own included, a trial goes
    on if its rank is at most ``max(1, floor(n / reduction_factor))``; ties go on. Nobody waits for a rung to fill.

    The rule itself is the pruner's, any of Optuna's by its class name or a registered one; a subclass of Optuna's two
    that halve is given their numbers, too. The last epoch stops nobody. A run that is
    resumed takes its earlier reports along, so that it is counted once.

    Args:
        pruner: Config of an Optuna pruner. Defaults to ``dict(type='SuccessiveHalvingPruner', min_resource=1,
            reduction_factor=2, min_early_stopping_rate=0)``.
        interval: Iterations between two validations; matters only if the loop counts iterations. Defaults to 1.

    Example:
        >>> ASHAHook().rungs(20)
        [1, 2, 4, 8, 16]
    """

    priority = 'LOW'

    def __init__(self, pruner: dict[str, Any] | None = None, interval: int = 1) -> None:
        if not isinstance(pruner, (Mapping, type(None))):
            raise ConfigError('search.hook.pruner', f"must be a dict with a 'type', got {pruner!r}")
        self.pruner = dict(pruner or dict(type='SuccessiveHalvingPruner'))
        cls = class_of(PRUNERS, dict(type=self.pruner.get('type')))
        known = next((_DEFAULTS[base] for base in getattr(cls, '__mro__', ()) if base in _DEFAULTS), {})
        for name, value in known.items():
            given = self.pruner.setdefault(name, value)
            if not is_whole(given):
                raise ConfigError(f'search.hook.pruner.{name}', f'must be a whole number, got {given!r}')
        self.interval = interval
        self._reporter: TrialReporter | None = None
        self._earlier: dict[int, float] = {}
        self.metrics: dict[str, float] = {}

    def rungs(self, last: int) -> list[int]:
        """The epochs to compare at, up to the last of a whole run."""
        factor = self.pruner.get('reduction_factor', 2)
        rung = self.pruner.get('min_resource', 1) * factor ** self.pruner.get('min_early_stopping_rate', 0)
        found = []
        while rung <= last:
            found.append(rung)
            rung *= factor
        return found

    def bind(self, reporter: TrialReporter | None, earlier: dict[int, float] | None = None) -> None:
        """Connects a run with its trial.

        Args:
            reporter: The trial; None on processes other than the main one.
            earlier: Values by epoch that the trial reported before it was cut short.
        """
        self._reporter = reporter
        self._earlier = dict(earlier or {})

    def before_train(self, runner: Runner) -> None:
        """Reports what was reported before the run was cut short, up to its checkpoint."""
        done = self._step(runner)
        for step, value in sorted(self._earlier.items()):
            if step < done and self._reporter is not None:
                self._reporter.report(value, step)  # it has gone on from there, so what comes back is of no account

    def after_train_epoch(self, runner: Runner) -> None:
        """Tells how far the run is; a loop that counts iterations calls this, too, at its end."""
        if not isinstance(runner.train_loop, IterBasedTrainLoop):
            self._tell_progress(runner, runner.epoch + 1)

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict[str, Any] | None = None
    ) -> None:
        """Tells how far the run is, if the loop counts iterations."""
        if isinstance(runner.train_loop, IterBasedTrainLoop) and self.every_n_train_iters(runner, self.interval):
            self._tell_progress(runner, (runner.iter + 1) // self.interval)

    def _tell_progress(self, runner: Runner, step: int) -> None:
        self._stop_if(runner, self._reporter is not None and self._reporter.progress(step))

    def _stop_if(self, runner: Runner, wanted: bool) -> None:
        """Ends the run on all processes if the main one, which alone has a reporter, wants it."""
        stop = [wanted]
        broadcast_object_list(stop)
        if stop[0]:
            runner.train_loop.stop_training = True

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Reports the score and stops the training loop if the trial is not to go on."""
        self.metrics = dict(metrics or {})
        step, stop = self._step(runner), False
        if self._reporter is not None:
            value = self._reporter.score(self.metrics)
            if value is not None and not math.isnan(value):
                stop = self._reporter.report(value, step) and step < self._last_step(runner)
        self._stop_if(runner, stop)

    def _step(self, runner: Runner) -> int:
        """Epochs done, or validation intervals if the loop counts iterations."""
        if isinstance(runner.train_loop, IterBasedTrainLoop):
            return math.ceil(runner.iter / self.interval)  # the last may be shorter
        return runner.epoch

    def _last_step(self, runner: Runner) -> int:
        if isinstance(runner.train_loop, IterBasedTrainLoop):
            return math.ceil(runner.max_iters / self.interval)
        return runner.max_epochs


def check_hook(hook: Any, metrics: int) -> None:
    """Refuses a ``search.hook`` that is no ASHAHook, or that has several metrics to prune by, with a ConfigError."""
    if hook is None:
        return
    cls = check_type(hook, HOOKS, 'search.hook', 'hook')
    if not (inspect.isclass(cls) and issubclass(cls, ASHAHook)):
        raise ConfigError('search.hook', f'must be an ASHAHook, got {hook["type"]!r}')
    if 'interval' in hook:
        raise ConfigError('search.hook.interval', "is the config's train_cfg.val_interval; leave it out")
    if metrics > 1:
        raise ConfigError('search.hook', 'a search for several metrics cannot prune; set it to None')


def check_rungs(pruner: Mapping[str, Any], last: int) -> None:
    """Refuses a pruner that begins to compare beyond the last epoch of a run, and so would stop nobody.

    Args:
        pruner: From :class:`ASHAHook`.
        last: Epochs of a run, or validations if its loop counts iterations.

    Raises:
        ConfigError: If it does, or Hyperband's resources end before they begin.

    Example:
        >>> check_rungs(ASHAHook(dict(type='MedianPruner', n_warmup_steps=5)).pruner, 20)
    """
    name = 'min_resource' if 'min_resource' in pruner else 'n_warmup_steps'
    least, highest = pruner.get(name, 0), pruner.get('max_resource')
    first = least
    if name == 'min_resource':
        first *= pruner.get('reduction_factor', 2) ** pruner.get('min_early_stopping_rate', 0)
        if isinstance(highest, int) and highest < least:
            raise ConfigError('search.hook.pruner.max_resource', f'must be at least min_resource, {least}')
    if first > last:
        stopped = f'nobody is compared before {first}, but a run ends at {last}'
        raise ConfigError(f'search.hook.pruner.{name}', f'{stopped}; give a smaller one, or hook=None')


def build_pruner(cfg: Mapping[str, Any] | None) -> optuna.pruners.BasePruner:
    """Builds a pruner, Optuna's or a registered one, from its type and arguments; None builds one that prunes nothing.

    Raises:
        ConfigError: If there is no such pruner or it does not take the arguments.
    """
    return build_part(cfg or dict(type='NopPruner'), PRUNERS, optuna.pruners.BasePruner, 'search.hook.pruner')


register_all(PRUNERS, optuna.pruners)
