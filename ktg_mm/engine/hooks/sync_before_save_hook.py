"""Averages batch-norm statistics over the processes before a checkpoint between two validations."""

from typing import Any

from mmengine.dist import all_reduce_params, get_world_size
from mmengine.hooks import CheckpointHook, Hook
from mmengine.runner import IterBasedTrainLoop, Runner
from mmpretrain.registry import HOOKS


@HOOKS.register_module()
class SyncBeforeSaveHook(Hook):
    """Averages the model's floating-point buffers over the processes whenever CheckpointHook is about to save.

    In a loop over iterations mmengine's SyncBuffersHook averages them before a validation and at the end alone. A
    checkpoint in between would hold those of the main process, so that a run resumed from it would differ from the
    uninterrupted one. Buffers of integers are the same in all processes and stay as they are.

    In a single process and in a loop over epochs it does nothing.

    Example:
        >>> SyncBeforeSaveHook().priority
        'LOW'
    """

    priority = 'LOW'  # before CheckpointHook

    def after_train_iter(self, runner: Runner, *args: Any, **kwargs: Any) -> None:
        """Averages the buffers, if a checkpoint is about to be saved."""
        if get_world_size() == 1 or not isinstance(runner.train_loop, IterBasedTrainLoop):
            return
        if any(isinstance(hook, CheckpointHook) and _is_about_to_save(hook, runner) for hook in runner.hooks):
            all_reduce_params([buffer for buffer in runner.model.buffers() if buffer.is_floating_point()], op='mean')


def _is_about_to_save(hook: CheckpointHook, runner: Runner) -> bool:
    """CheckpointHook's own condition."""
    if hook.by_epoch:
        return False
    is_due = hook.every_n_train_iters(runner, hook.interval, hook.save_begin)
    return is_due or (hook.save_last and hook.is_last_train_iter(runner))
