"""Compares the unlabelled images with those that gates keep count of."""

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS

from ktg_mm.engine.unwrapped import unwrapped
from ktg_mm.errors import ConfigError
from ktg_mm.models.needs import SampleIds


@HOOKS.register_module()
class SampleCountHook(Hook):
    """Refuses a gate that keeps something for each unlabelled image, but for another number of them than there are.

    One that is too large would pass unnoticed: images that never come count as not learnt, and FlexMatch's thresholds
    stay low for good.

    Raises:
        ConfigError: Before the first iteration.

    Example:
        >>> SampleCountHook().priority
        'NORMAL'
    """

    def before_train(self, runner: Runner) -> None:
        """Checks the training data."""
        number = getattr(runner.train_dataloader.dataset, 'num_unlabeled', None)
        needs = [need for edge in getattr(unwrapped(runner.model), 'edges', {}).values() for need in edge.needs]
        for path, part, need in needs if number is not None else ():
            if isinstance(need, SampleIds) and (counted := need.value(part)) not in (None, number):
                raise ConfigError(
                    f'{path}.{need.argument}',
                    f'is {counted}, but train_dataloader.dataset has {number} unlabelled images; must be the same',
                )
