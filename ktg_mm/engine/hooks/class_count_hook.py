"""Compares the data's classes with the networks'."""

from collections.abc import Mapping

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS
from torch.utils.data import DataLoader

from ktg_mm.engine.empty_loader import refuse_empty
from ktg_mm.engine.unwrapped import unwrapped
from ktg_mm.errors import ConfigError


@HOOKS.register_module()
class ClassCountHook(Hook):
    """Refuses a data set whose number of classes is not the networks', and one without a batch to evaluate on.

    Raises:
        ConfigError: Before the first iteration.

    Example:
        >>> ClassCountHook().priority
        'NORMAL'
    """

    def before_train(self, runner: Runner) -> None:
        """Checks the training data."""
        self._check(runner, runner.train_dataloader, 'train_dataloader.dataset')

    def before_val(self, runner: Runner) -> None:
        """Checks the validation data."""
        refuse_empty(runner.val_dataloader, 'val_dataloader')
        self._check(runner, runner.val_dataloader, 'val_dataloader.dataset')

    def before_test(self, runner: Runner) -> None:
        """Checks the test data."""
        refuse_empty(runner.test_dataloader, 'test_dataloader')
        self._check(runner, runner.test_dataloader, 'test_dataloader.dataset')

    def _check(self, runner: Runner, dataloader: DataLoader, key: str) -> None:
        metainfo = getattr(dataloader.dataset, 'metainfo', None)
        classes = metainfo.get('classes') if isinstance(metainfo, Mapping) else None
        expected = getattr(unwrapped(runner.model), 'num_classes', None)
        if classes is not None and expected is not None and len(classes) != expected:
            raise ConfigError(key, f'has {len(classes)} classes, but the networks of model.nodes have {expected}')
