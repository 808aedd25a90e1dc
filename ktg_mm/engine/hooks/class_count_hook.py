"""Compares the data's classes with the networks'."""

from collections.abc import Mapping
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS
from torch.utils.data import DataLoader

from ktg_mm.engine.empty_loader import refuse_empty
from ktg_mm.engine.unwrapped import unwrapped
from ktg_mm.errors import ConfigError


@HOOKS.register_module()
class ClassCountHook(Hook):
    """Refuses a data set with other classes than the networks', and one without a batch to evaluate on.

    A folder of images that lacks a class, or has one more, gives the classes behind it other numbers. So their names
    must be those of the training data, too: of this run, or of the one that saved the checkpoint.

    Raises:
        ConfigError: Before the first iteration.

    Example:
        >>> ClassCountHook().priority
        'NORMAL'
    """

    trained: tuple[str, ...] | None = None

    def after_load_checkpoint(self, runner: Runner, checkpoint: Mapping[str, Any]) -> None:
        """Remembers the classes' names."""
        meta = checkpoint.get('meta') or {}
        self.trained = _names(meta.get('dataset_meta'))

    def before_train(self, runner: Runner) -> None:
        """Checks the training data."""
        self.trained = None
        self._check(runner, runner.train_dataloader, 'train_dataloader.dataset')
        self.trained = _names(getattr(runner.train_dataloader.dataset, 'metainfo', None))

    def before_val(self, runner: Runner) -> None:
        """Checks the validation data."""
        refuse_empty(runner.val_dataloader, 'val_dataloader')
        self._check(runner, runner.val_dataloader, 'val_dataloader.dataset')

    def before_test(self, runner: Runner) -> None:
        """Checks the test data."""
        refuse_empty(runner.test_dataloader, 'test_dataloader')
        self._check(runner, runner.test_dataloader, 'test_dataloader.dataset')

    def _check(self, runner: Runner, dataloader: DataLoader, key: str) -> None:
        classes = _names(getattr(dataloader.dataset, 'metainfo', None))
        expected = getattr(unwrapped(runner.model), 'num_classes', None)
        if classes is None:
            return
        if expected is not None and len(classes) != expected:
            raise ConfigError(key, f'has {len(classes)} classes, but the networks of model.nodes have {expected}')
        if self.trained is not None and len(self.trained) == len(classes):
            for number, (name, trained) in enumerate(zip(classes, self.trained, strict=True)):
                if name != trained:
                    raise ConfigError(
                        key,
                        f'class {number} is {name!r}, but {trained!r} in the training data; give both the same '
                        'classes, in folders of the same names or by metainfo=dict(classes=[...])',
                    )


def _names(metainfo: Any) -> tuple[str, ...] | None:
    """The classes' names as a data set or a checkpoint says them, None if it does not."""
    classes = metainfo.get('classes') if isinstance(metainfo, Mapping) else None
    return None if classes is None else tuple(classes)
