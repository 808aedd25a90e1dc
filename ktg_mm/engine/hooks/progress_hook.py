"""Tells the graph how far the run is."""

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS


@HOOKS.register_module()
class ProgressHook(Hook):
    """Sets the graph's progress k / k_end before each iteration k = 1 ... k_end, for the gates that depend on it.

    Example:
        >>> ProgressHook().priority
        'VERY_HIGH'
    """

    priority = 'VERY_HIGH'

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None) -> None:
        """Sets the progress of the iteration that begins."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        model.progress = (runner.iter + 1) / runner.max_iters
