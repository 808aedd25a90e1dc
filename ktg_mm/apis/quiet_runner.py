"""mmengine's Runner with a quiet terminal."""

import contextlib
import io
from typing import Any

from mmengine.hooks import Hook
from mmengine.logging import MMLogger
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import DataLoader

from ktg_mm.datasets.shared_data import share_data
from ktg_mm.engine.hooks import EpochLineHook, RecordTestHook

from .quiet_terminal import quiet_terminal


class QuietRunner(Runner):
    """mmengine's Runner, but its dumps go to the log's file alone (:func:`ktg_mm.apis.quiet_terminal.quiet_terminal`).

    The first of them is made as soon as the Runner has its log, so it is quiet from there on; of training it shows a
    line an epoch.

    Example:
        >>> issubclass(QuietRunner, Runner)
        True
    """

    def build_logger(self, *args: Any, **kwargs: Any) -> MMLogger:
        """Builds mmengine's."""
        logger = super().build_logger(*args, **kwargs)
        quiet_terminal(logger)
        return logger

    @staticmethod
    def build_dataloader(dataloader: DataLoader | dict, *args: Any, **kwargs: Any) -> DataLoader:
        """Builds one; within :func:`ktg_mm.datasets.shared_data.sharing_data` equal data are read once."""
        return Runner.build_dataloader(share_data(dataloader), *args, **kwargs)

    def load_checkpoint(self, *args: Any, **kwargs: Any) -> dict:
        """Loads one, without mmengine's print by which backend, which goes past the log."""
        with contextlib.redirect_stdout(io.StringIO()):
            return super().load_checkpoint(*args, **kwargs)

    def train(self) -> nn.Module:
        """Trains, and shows a line an epoch."""
        self._add(EpochLineHook)
        return super().train()

    def test(self) -> dict[str, float]:
        """Tests, and keeps the metrics beside the curves."""
        self._add(RecordTestHook)
        return super().test()

    def _add(self, kind: type[Hook]) -> None:
        if not any(isinstance(hook, kind) for hook in self.hooks):
            self.register_hook(kind())
