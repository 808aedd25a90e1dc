"""Makes up for a validation that a killed run did not reach."""

from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop, Runner
from mmpretrain.registry import HOOKS

from ktg_mm.mmengine_private import choose_val_interval, is_resumed


@HOOKS.register_module()
class ValidateOnResumeHook(Hook):
    """Validates a resumed run before it goes on, if it was due at the epoch (or iteration) of the checkpoint.

    mmengine saves an epoch's checkpoint before it validates. A run that is killed in between would otherwise never
    validate that epoch: it could miss the best one, or end without any result if it was the last.

    Example:
        >>> ValidateOnResumeHook().priority
        'LOWEST'
    """

    priority = 'LOWEST'  # the other hooks are ready by then

    def before_train(self, runner: Runner) -> None:
        """Validates, if the run was resumed at the end of an epoch with a validation."""
        loop = runner.train_loop
        by_iter = isinstance(loop, IterBasedTrainLoop)
        done, last = (runner.iter, runner.max_iters) if by_iter else (runner.epoch, runner.max_epochs)
        if not (is_resumed(runner) and done and runner.val_loop):
            return
        choose_val_interval(loop)  # it may differ from epoch to epoch
        due = done % loop.val_interval == 0 or done == last
        if due and done >= loop.val_begin:
            runner.val_loop.run()
