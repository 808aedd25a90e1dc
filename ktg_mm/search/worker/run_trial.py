"""Trains one candidate and says how it ended."""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from mmengine.analysis import FlopAnalyzer
from mmengine.config import Config
from mmengine.dist import barrier, is_main_process
from mmengine.runner import Runner

from ktg_mm.apis.close_runner import close_runner, forget_runner
from ktg_mm.apis.messages import is_out_of_memory
from ktg_mm.apis.runner import build_runner
from ktg_mm.checkpoints import latest_checkpoint, load_checkpoint_safely
from ktg_mm.config import GraphConfig
from ktg_mm.engine.empty_loader import refuse_empty
from ktg_mm.engine.hooks.graph_runtime_info_hook import NonFiniteLossError
from ktg_mm.engine.unwrapped import unwrapped
from ktg_mm.errors import NonFiniteError, UserError, first_line, is_interrupt
from ktg_mm.models.nodes.probe import evaluated

from .asha_hook import ASHAHook


class TrialError(Exception):
    """A candidate that cannot be trained to the end; the search goes on with the next."""


class LoneTrialError(TrialError):
    """A failure that one of several processes of a worker may meet alone, while the others wait for it."""


@dataclass
class Outcome:
    """How a run ended.

    Args:
        metrics: The last validation's metrics by name.
        epoch: Epochs done.
        stopped: Whether it was stopped before its last epoch.
        costs: ``parameters`` and ``flops`` of the target, where they were asked for.
    """

    metrics: dict[str, float]
    epoch: int
    stopped: bool
    costs: dict[str, float] = field(default_factory=dict)


def run_trial(
    cfg: Config,
    bind: Callable[[ASHAHook], None],
    costs: bool = False,
    launcher: str = 'none',
    keep: Callable[[Any], None] | None = None,
    within: Callable[[Runner], AbstractContextManager[None]] = contextlib.nullcontext,
) -> Outcome:
    """Trains a config, going on from its newest checkpoint if there is one; prints nothing.

    Args:
        cfg: From :func:`ktg_mm.search.worker.trial_config.trial_config`.
        bind: Connects the run's hook with the trial.
        costs: Whether to count parameters and multiply-adds.
        launcher: As for :func:`ktg_mm.apis.build_runner`.
        keep: Is given the trained graph. Defaults to None.
        within: Makes, of the run, what it trains within. Defaults to nothing.

    Raises:
        TrialError: If a loss is not finite.
        LoneTrialError: If a weight is not finite or memory runs out.
    """
    with graph_faults(), quiet_runner(cfg, launcher) as runner:
        hook = next(hook for hook in runner.hooks if isinstance(hook, ASHAHook))
        bind(hook)
        refuse_empty(runner.train_dataloader, 'train_dataloader')
        with within(runner):
            runner.train()
        if keep is not None:
            keep(unwrapped(runner.model))
        done = hook._step(runner)
        return Outcome(hook.metrics, done, done < hook._last_step(runner), count_costs(runner) if costs else {})


@contextlib.contextmanager
def graph_faults() -> Iterator[None]:
    """Makes trial errors of what other graphs need not meet."""
    try:
        yield
    except NonFiniteLossError as error:
        raise TrialError(f'the loss is not finite: {error}') from error
    except NonFiniteError as error:
        raise LoneTrialError(f'diverged: {error}') from error
    except (RuntimeError, MemoryError) as error:
        if is_interrupt(error):
            raise KeyboardInterrupt from error
        if is_out_of_memory(error):
            raise LoneTrialError(f'out of memory: {first_line(error)}') from error
        raise


@contextlib.contextmanager
def quiet_runner(cfg: Config, launcher: str = 'none') -> Iterator[Runner]:
    """A Runner whose log goes to its file alone, and of which nothing is left afterwards.

    It goes on from the newest checkpoint in its folder, if that can be read, and else begins anew.
    """
    _remove_damaged(Path(cfg.work_dir))
    runner = None
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            # A folder is a trial's or a seed's own; that it is of this config has been looked at by other means.
            runner = build_runner(cfg, work_dir=cfg.work_dir, launcher=launcher, resume=True, resume_changed=True)
            for handler in list(runner.logger.handlers):
                if type(handler) is logging.StreamHandler:
                    runner.logger.removeHandler(handler)
            yield runner
    finally:
        close_runner(runner)
        del runner
        forget_runner(cfg)


def _remove_damaged(folder: Path) -> None:
    """Removes the checkpoints of a run whose newest cannot be read."""
    newest = latest_checkpoint(folder) if is_main_process() else None
    try:
        if newest is not None:
            load_checkpoint_safely(newest)
    except UserError as error:
        logging.getLogger(__name__).warning('%s; the run in %s begins anew', error, folder)
        remove_checkpoints(folder)
    barrier()


def count_costs(runner: Runner) -> dict[str, float]:
    """Parameters, and multiply-adds for one image, of the target and all that it reads; what is shared counts once."""
    model = unwrapped(runner.model)
    image = next(iter(runner.val_dataloader))['inputs']
    batch = model.data_preprocessor(dict(inputs=image[:1], data_samples=None), False)['inputs']
    nodes = [model.nodes[name] for name in GraphConfig(runner.cfg.model).made_of([model.target])]
    parameters = {parameter for node in nodes for parameter in node.parameters()}
    with evaluated(model):
        counter = FlopAnalyzer(model, (batch,)).unsupported_ops_warnings(False).uncalled_modules_warnings(False)
        return dict(parameters=float(sum(map(torch.numel, parameters))), flops=float(counter.total()))


def remove_checkpoints(folder: Path) -> None:
    """Removes a run's checkpoints, and keeps its log."""
    if is_main_process():
        for path in folder.glob('*.pth'):
            path.unlink(missing_ok=True)
        (folder / 'last_checkpoint').unlink(missing_ok=True)
