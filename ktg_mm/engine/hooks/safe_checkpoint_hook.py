"""Checkpoints that torch's safe loading can read, and that a crash cannot take away."""

import inspect
import itertools
import math
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dist import barrier, get_world_size, is_main_process
from mmengine.fileio import get_file_backend
from mmengine.hooks import CheckpointHook
from mmengine.logging import HistoryBuffer
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS

from ktg_mm.checkpoints import move_others
from ktg_mm.config.training_recipe import recipe_changes, training_recipe
from ktg_mm.engine.file_backend import AtomicLocalBackend
from ktg_mm.engine.unwrapped import unwrapped
from ktg_mm.errors import ConfigError, NonFiniteError, UserError, did_you_mean, one_line
from ktg_mm.mmengine_private import built_loop, is_resumed, loaded_from, save_checkpoint_now


class _LateRemoval(AtomicLocalBackend):
    """Collects what is to be removed until the new checkpoint is there."""

    def __init__(self) -> None:
        self.outdated: list[str] = []

    def remove(self, filepath: Any) -> None:
        self.outdated.append(str(filepath))

    def flush(self, keep: set[str], folder: Path) -> None:
        """Removes what is outdated, in the folder alone: a run that goes on from another's takes nothing from it."""
        outdated, self.outdated = self.outdated, []
        for path in outdated:
            if path not in keep and Path(path).parent.resolve() == folder.resolve() and self.isfile(path):
                super().remove(path)


@HOOKS.register_module()
class SafeCheckpointHook(CheckpointHook):
    """mmengine's CheckpointHook with six differences.

    - What it saves are tensors and plain values, so ``torch.load(weights_only=True)`` reads it back; mmengine's own
      checkpoints hold objects that safe loading refuses.
    - Outdated checkpoints are removed after the new one is there, not before.
    - Weights that are not finite are not saved.
    - A checkpoint of another graph is refused: to begin with, it must hold some of the weights; to resume from or to
      evaluate, all.
    - Checkpoints of an earlier run in the folder are moved away when another begins.
    - A checkpoint says how it was trained (``meta['recipe']``). A run that goes on with another optimiser or schedule
      has the config's: values and place in the schedule are those of a run that had had them from the beginning.

    Args:
        **kwargs: As mmengine's.

    Raises:
        NonFiniteError: When weights that are not finite would be saved; it names one of them.
        UserError: If a checkpoint does not fit.
        ConfigError: If an argument is unknown, or save_best is no metric, or one of which it is not known whether
            more is better.

    Example:
        >>> SafeCheckpointHook(interval=1).interval
        1
    """

    def __init__(self, **kwargs: Any) -> None:
        # mmengine's takes any argument and stumbles over an unknown one when it saves.
        known = set(inspect.signature(CheckpointHook).parameters) - {'kwargs'}
        for key in kwargs.keys() - known:
            raise ConfigError('default_hooks.checkpoint', f'unknown argument {key!r}; {did_you_mean(key, known)}')
        try:
            super().__init__(**kwargs)
        except (ValueError, TypeError, KeyError, AssertionError) as error:
            raise ConfigError('default_hooks.checkpoint', one_line(error.args[0])) from error

    def before_train(self, runner: Runner) -> None:
        """Prepares the folder as mmengine's does; averages that the loaded checkpoint lacks follow their sources."""
        super().before_train(runner)
        if getattr(self, '_has_other_schedules', False):
            _catch_up(runner)
        for average in getattr(unwrapped(runner.model), 'averages', ()):
            if any(name.startswith(f'nodes.{average.target_name}.') for name in getattr(self, '_missing', ())):
                average.copy()
        backend = get_file_backend(self.out_dir, backend_args=self.backend_args)
        if isinstance(backend, AtomicLocalBackend):
            self.file_backend = _LateRemoval()
            barrier()  # a process that had not read its checkpoint yet would not find it
            if is_main_process():
                for unfinished in Path(self.out_dir).glob('.*.pth.*.tmp'):  # of a run that was killed while saving
                    unfinished.unlink()
                for folder in {self.out_dir, runner.work_dir}:
                    if moved := move_others(folder, str(loaded_from(runner)) if is_resumed(runner) else None):
                        runner.logger.warning(f'checkpoints that this run does not go on from are moved to {moved}')

    def after_train_iter(self, runner: Runner, *args: Any, **kwargs: Any) -> None:
        """Saves as mmengine's does, then removes outdated checkpoints."""
        super().after_train_iter(runner, *args, **kwargs)
        self._remove_outdated()

    def after_train_epoch(self, runner: Runner) -> None:
        """Likewise."""
        super().after_train_epoch(runner)
        self._remove_outdated()

    def after_val_epoch(self, runner: Runner, metrics: dict) -> None:
        """Likewise, if it is a best one; its metrics must be there."""
        if not hasattr(self, 'file_backend'):  # a validation without training: there is nothing to save
            return
        for key in self.key_indicators if self.save_best and metrics else ():
            if key != 'auto' and key not in metrics:
                known = ', '.join(sorted(metrics))
                raise ConfigError('default_hooks.checkpoint.save_best', f'no metric is named {key!r}; known: {known}')
        super().after_val_epoch(runner, metrics)
        self._remove_outdated()

    def save_now(self, runner: Runner) -> None:
        """Saves at the end of an iteration or an epoch, whether it is due or not, unless that has been done."""
        done = runner.epoch + 1 if self.by_epoch else runner.iter + 1
        if self.last_ckpt is None or Path(self.last_ckpt).name != self.filename_tmpl.format(done):
            save_checkpoint_now(self, runner)
            self._remove_outdated()

    def _remove_outdated(self) -> None:
        if isinstance(getattr(self, 'file_backend', None), _LateRemoval):
            best = getattr(self, 'best_ckpt_path_dict', {}).values()
            keep = {self.last_ckpt, getattr(self, 'best_ckpt_path', None), *best}
            self.file_backend.flush({str(path) for path in keep}, Path(self.out_dir))

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Checks the weights and turns everything into tensors and plain values."""
        for name, value in checkpoint['state_dict'].items():
            if value.is_floating_point() and not value.isfinite().all():
                raise NonFiniteError(
                    f'the weight {name!r} is not finite; the checkpoint is not saved, the last good one is kept'
                )
        hub = checkpoint['message_hub']
        hub['log_scalars'] = {
            name: _history_to_tensors(history)
            if isinstance(history, HistoryBuffer)
            else history  # by another such hook
            for name, history in hub['log_scalars'].items()
        }
        hub['resumed_keys'] = dict(hub['resumed_keys'])
        checkpoint['meta']['recipe'] = training_recipe(runner.cfg, get_world_size())
        for key in ('message_hub', 'meta', 'param_schedulers'):
            if key in checkpoint:
                checkpoint[key] = _plain(checkpoint[key])

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Checks that the checkpoint is of this graph, and turns tensors back into mmengine's histories."""
        self._missing = check_fit(runner, checkpoint)
        hub = checkpoint.get('message_hub')
        if isinstance(hub, dict) and isinstance(hub.get('log_scalars'), dict):
            hub['log_scalars'] = {
                name: _history_from_tensors(value) if isinstance(value, dict) else value
                for name, value in hub['log_scalars'].items()
            }
        if isinstance(meta := checkpoint.get('meta'), dict):
            meta.pop('config', None)  # mmengine would run it as a program
            if is_resumed(runner) and 'recipe' in meta:
                self._has_other_schedules = _take_over_changes(runner, checkpoint)


def _take_over_changes(runner: Runner, checkpoint: dict) -> bool:
    """Lets the config's optimiser and schedules count where they are not the checkpoint's; returns whether they do."""
    now = training_recipe(runner.cfg, get_world_size())
    changes = recipe_changes(checkpoint['meta']['recipe'], now)
    if not any(key.startswith(('optim_wrapper', 'param_scheduler')) for key in changes):
        return False
    checkpoint.pop('param_schedulers', None)
    pairs = _optimizers(runner, checkpoint)
    kinds = [key for key in changes if re.fullmatch(r'optim_wrapper\.(\w+\.)?optimizer\.type', key)]
    if kinds or not all('param_groups' in state for _, state in pairs):
        del checkpoint['optimizer']  # what one kind of optimiser remembers is nothing to another
        return True
    for wrapper, state in pairs:
        for group, own in zip(state['param_groups'], wrapper.optimizer.param_groups, strict=True):
            group.update({name: value for name, value in own.items() if name != 'params'})
    return True


def _optimizers(runner: Runner, checkpoint: dict) -> list[tuple[OptimWrapper, dict]]:
    """The run's optimisers, one or one for each phase, with their states in a checkpoint, empty where there is none."""
    wrapper, state = runner.optim_wrapper, checkpoint.get('optimizer', {})
    if isinstance(wrapper, OptimWrapperDict):
        return [(one, state.get(phase, {})) for phase, one in wrapper.items()]
    return [(wrapper, state)]


def _catch_up(runner: Runner) -> None:
    """Takes schedules, which are at their beginning, to where the run stands."""
    schedulers = runner.param_schedulers or []
    if isinstance(schedulers, dict):
        schedulers = list(itertools.chain.from_iterable(schedulers.values()))
    per_epoch = runner.iter // runner.epoch if runner.epoch else math.inf
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # the optimiser has not made these steps
        for done in range(1, runner.iter + 1):
            for scheduler in schedulers:
                if not scheduler.by_epoch or done % per_epoch == 0:
                    scheduler.step()


def check_fit(runner: Runner, checkpoint: dict, whole: bool = False) -> list[str]:
    """Refuses a checkpoint of another graph.

    Args:
        runner: The run that is to begin with it, to go on from it or to evaluate it.
        checkpoint: What was read.
        whole: Whether all weights must be there, as to evaluate. Defaults to False: some, if it is to begin with.

    Returns:
        The names of the weights that it lacks.

    Raises:
        UserError: If it does not fit.
    """
    model = unwrapped(runner.model)
    weights = {name.removeprefix('module.'): value for name, value in checkpoint.get('state_dict', checkpoint).items()}
    expected = model.state_dict()
    missing = [name for name, value in expected.items() if getattr(weights.get(name), 'shape', None) != value.shape]
    whole |= bool(built_loop(runner, 'test') or built_loop(runner, 'val')) and not built_loop(runner, 'train')
    if missing and (is_resumed(runner) or whole or len(missing) == len(expected)):
        raise UserError(
            f"checkpoint {loaded_from(runner)}: lacks {len(missing)} of the graph's {len(expected)} weights, such as "
            f'{missing[0]!r}; it is of another graph (a single network is loaded by model.nodes.NAME.checkpoint)'
        )
    for name, value in weights.items():
        if name in expected and name.startswith('nodes.') and not torch.as_tensor(value).isfinite().all():
            raise UserError(f'checkpoint {loaded_from(runner)}: its weight {name!r} is not finite; take another one')
    if is_resumed(runner) and isinstance(runner.optim_wrapper, OptimWrapper):
        for wrapper, state in _optimizers(runner, checkpoint):
            groups = [group.get('name') for group in state.get('param_groups', ())]
            trained = [group.get('name') for group in wrapper.optimizer.param_groups]
            if groups and groups != trained:
                raise UserError(
                    f'checkpoint {loaded_from(runner)}: trained the nodes {", ".join(map(str, groups))}, but this '
                    f'graph trains {", ".join(map(str, trained))}; begin with its weights (--load-from) instead of '
                    'resuming'
                )
    return missing


def _history_to_tensors(history: HistoryBuffer) -> dict[str, Any]:
    values, counts = map(torch.tensor, history.data)
    return dict(values=values, counts=counts, max_length=history.max_length)


def _history_from_tensors(state: dict[str, Any]) -> HistoryBuffer:
    return HistoryBuffer(state['values'].cpu().numpy(), state['counts'].cpu().numpy(), state['max_length'])


def _plain(value: Any) -> Any:
    """The same value made of Python's own types and tensors."""
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return (tuple if type(value) is tuple else list)(map(_plain, value))
    return value.tolist() if isinstance(value, (np.generic, np.ndarray)) else value
