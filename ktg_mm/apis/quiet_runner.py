"""mmengine's Runner with a quiet terminal."""

import contextlib
import io
from collections.abc import Mapping
from functools import partial
from typing import Any, cast

import torch
from mmengine.device import get_device
from mmengine.hooks import Hook
from mmengine.logging import MMLogger
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import DataLoader

from ktg_mm.datasets.in_memory import ImagesInMemory, MemoryLoader
from ktg_mm.datasets.prefetch_loader import PrefetchLoader
from ktg_mm.datasets.shared_data import share_data, share_images
from ktg_mm.engine.hooks import EpochLineHook, RecordTestHook
from ktg_mm.models import KnowledgeTransferGraph

from .checks.loaders import OWN_LOADER_ENTRIES
from .quiet_terminal import quiet_terminal
from .speed import set_layout, set_threads


class QuietRunner(Runner):
    """mmengine's Runner, but its dumps go to the log's file alone (:func:`ktg_mm.apis.quiet_terminal.quiet_terminal`).

    The first of them is made as soon as the Runner has its log, so it is quiet from there on; of training it shows a
    line an epoch. Of a data loader it reads the entries ``in_memory`` and ``prefetch_to_device``, too.

    Example:
        >>> issubclass(QuietRunner, Runner)
        True
    """

    def build_logger(self, *args: Any, **kwargs: Any) -> MMLogger:
        """Builds mmengine's."""
        logger = super().build_logger(*args, **kwargs)
        quiet_terminal(logger)
        return logger

    def setup_env(self, env_cfg: dict) -> None:
        """Sets mmengine's, and the number of threads."""
        super().setup_env(env_cfg)
        set_threads(env_cfg)

    def wrap_model(self, model_wrapper_cfg: dict | None, model: Any) -> nn.Module:
        """Wraps the graph for several processes, once its weights have the layout that they keep."""
        set_layout(cast(KnowledgeTransferGraph, model), self.cfg.get('env_cfg') or {})
        return super().wrap_model(model_wrapper_cfg, model)

    def build_dataloader(self, dataloader: DataLoader | Mapping[str, Any], *args: Any, **kwargs: Any) -> DataLoader:
        """Builds one, of images in memory or with the next batch on the GPU if it says so.

        Within :func:`ktg_mm.datasets.shared_data.sharing_data` equal data are read once.
        """
        if not isinstance(dataloader, Mapping):
            return super().build_dataloader(dataloader, *args, **kwargs)
        cfg = {name: value for name, value in dataloader.items() if name not in OWN_LOADER_ENTRIES}
        loader = super().build_dataloader(share_data(cfg), *args, **kwargs)
        device = torch.device(get_device())
        if dataloader.get('prefetch_to_device'):
            return PrefetchLoader(loader, device)
        if not dataloader.get('in_memory'):
            return loader
        names = ('train_dataloader', 'val_dataloader', 'test_dataloader')
        key = next((name for name in names if getattr(self, f'_{name}', None) is dataloader), 'dataloader')
        make = partial(ImagesInMemory, loader.dataset, device, f'{key}.dataset')
        return MemoryLoader(loader, share_images(dataloader, device, make))

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
