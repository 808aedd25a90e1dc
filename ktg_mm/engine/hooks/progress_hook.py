"""Tells the graph how far the run is, and its seed."""

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS

from ktg_mm.engine.unwrapped import unwrapped


@HOOKS.register_module()
class ProgressHook(Hook):
    """Sets the graph's progress k / k_end before each iteration k = 1 ... k_end, for the gates that depend on it.

    It also sets the run's seed, for what a gate or an update draws at random.

    Example:
        >>> ProgressHook().priority
        'VERY_HIGH'
    """

    priority = 'VERY_HIGH'

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None) -> None:
        """Sets the progress of the iteration that begins."""
        model = unwrapped(runner.model)
        model.progress = (runner.iter + 1) / runner.max_iters
        model.seed = runner.seed or 0
