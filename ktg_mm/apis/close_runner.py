"""What a Runner leaves behind in a process that goes on."""

import gc

import torch
from mmengine.config import Config
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from mmengine.visualization import Visualizer

from ktg_mm.engine.end_loading import end_loading
from ktg_mm.mmengine_private import instances


def close_runner(runner: Runner | None) -> None:
    """Closes what a Runner has opened: its loaders' workers, its pictures, the files of its log.

    Args:
        runner: None if it could not be built.
    """
    if runner is not None:
        end_loading(runner)
        runner.visualizer.close()
        for handler in list(runner.logger.handlers):
            handler.close()
            runner.logger.removeHandler(handler)


def forget_runner(cfg: Config) -> None:
    """Drops what mmengine keeps of a Runner for the whole process, and its memory, once nobody holds it any more.

    Args:
        cfg: The config that it was built of.
    """
    experiment = cfg.get('experiment_name')
    for manager in (MMLogger, MessageHub, Visualizer, DefaultScope):
        for name in [name for name in instances(manager) if experiment and experiment in name]:
            del instances(manager)[name]
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
