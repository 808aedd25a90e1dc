"""Compares the images with those that parts of edges keep count of."""

from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS

from ktg_mm.engine.unwrapped import unwrapped
from ktg_mm.errors import ConfigError
from ktg_mm.models.needs import LabeledIds, SampleIds

_DATASET = 'train_dataloader.dataset'


@HOOKS.register_module()
class SampleCountHook(Hook):
    """Refuses a part that keeps something for each image, but for another number of them than there are.

    One that is too large would pass unnoticed: unlabelled images that never come count as not learnt, and FlexMatch's
    thresholds stay low for good; a memory of all training images is drawn from where nothing was ever put. A memory of
    the labelled images may be too large, as it leaves out those that have not come.

    Raises:
        ConfigError: Before the first iteration; also for data sets put together, which number their images alike.

    Example:
        >>> SampleCountHook().priority
        'NORMAL'
    """

    def before_train(self, runner: Runner) -> None:
        """Checks the training data."""
        dataset = runner.train_dataloader.dataset
        for edge in getattr(unwrapped(runner.model), 'edges', {}).values():
            for path, part, need in edge.needs:
                if isinstance(need, SampleIds) and (counted := need.value(part)) is not None:
                    _check(f'{path}.{need.argument}', counted, need.key, dataset)
                if isinstance(need, LabeledIds) and need.value(part) < (number := getattr(dataset, 'num_labeled', 0)):
                    raise ConfigError(
                        f'{path}.{need.argument}',
                        f'is {need.value(part)}, but {_DATASET} has {number} labelled images; must be at least as many',
                    )


def _check(path: str, counted: int, key: str, dataset: Any) -> None:
    if key == 'unlabeled_id':
        number, kind = getattr(dataset, 'num_unlabeled', None), 'unlabelled'
    else:
        number, kind = _count(path, dataset), 'training'
    if number is not None and counted != number:
        raise ConfigError(path, f'is {counted}, but {_DATASET} has {number} {kind} images; must be the same')


def _count(path: str, dataset: Any) -> int:
    """How many different ``sample_idx`` there can be: a data set that repeats another one hands that one's on."""
    while not hasattr(dataset, 'datasets') and hasattr(dataset, 'dataset'):
        dataset = dataset.dataset
    if hasattr(dataset, 'datasets'):
        raise ConfigError(
            path, f'needs one data set: {_DATASET} is a {type(dataset).__name__}, whose parts number their images alike'
        )
    return len(dataset)
