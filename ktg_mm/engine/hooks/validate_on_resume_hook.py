"""Makes up for a validation that a killed run did not reach."""

from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, Runner
from mmpretrain.registry import HOOKS


@HOOKS.register_module()
class ValidateOnResumeHook(Hook):
    """Validates a resumed run before it goes on, if it was due at the epoch of the checkpoint.

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
        if not (runner._resume and runner.epoch and runner.val_loop and isinstance(loop, EpochBasedTrainLoop)):
            return
        loop._decide_current_val_interval()  # it may differ from epoch to epoch
        due = runner.epoch % loop.val_interval == 0 or runner.epoch == runner.max_epochs
        if due and runner.epoch >= loop.val_begin:
            runner.val_loop.run()
