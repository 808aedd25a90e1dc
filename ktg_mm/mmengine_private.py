"""The private names of mmengine, and of torch beneath it, that cannot be done without; no other module has any.

A release may change them without a word: ``setup.cfg`` bounds the libraries from above, and
``tests/test_mmengine_private.py`` says which one is gone.
"""

import contextlib
from collections.abc import Callable
from functools import partial
from operator import attrgetter, methodcaller
from pathlib import Path
from typing import Any

import mmengine.runner.checkpoint
import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.hooks import CheckpointHook
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.optim.scheduler.lr_scheduler import LRSchedulerMixin
from mmengine.optim.scheduler.param_scheduler import _ParamScheduler
from mmengine.runner import BaseLoop, LogProcessor, Runner
from mmengine.utils.manager import _lock
from torch.utils.data import DataLoader

is_resumed = attrgetter('_resume')  # of a Runner: whether it goes on where a checkpoint stands
loaded_from = attrgetter('_load_from')  # of a Runner: the checkpoint to begin with
choose_val_interval = methodcaller('_decide_current_val_interval')  # of a loop: sets val_interval to the present one
own_metainfo = attrgetter('_metainfo')  # of a data set: its metainfo themselves, which .metainfo copies
clips_gradients = OptimWrapper._clip_grad.__code__  # the function in which a wrapper clips
instances = attrgetter('_instance_dict')  # of MessageHub, MMLogger, ...: what it keeps for the whole process, by name
base_files: Callable[[str], list[str]] = Config._get_base_files  # the paths that a file inherits, as it says them
assert_async = torch._assert_async  # raises later, when the device has come there, and never waits
# Takes what mmengine's schemes for model zoos (torchvision://, open-mmlab://, mmcls://) are to load addresses by.
replace_http_loader = partial(setattr, mmengine.runner.checkpoint, 'load_from_http')


def pack_samples(dataset: BaseDataset) -> None:
    """Packs the samples of a data set that was built without, as it would have packed them itself."""
    dataset.data_bytes, dataset.data_address = dataset._serialize_data()
    dataset.serialize_data = True


def accumulative_counts(optim_wrapper: OptimWrapper) -> int:
    """How many batches' gradients make a step; of several optimisers that of all."""
    one = next(optim_wrapper.values()) if isinstance(optim_wrapper, OptimWrapperDict) else optim_wrapper
    return one._accumulative_counts


def count_step(optim_wrapper: OptimWrapper) -> None:
    """Counts a step that something else has made for an optimiser, as its schedules look for one."""
    if hasattr(optim_wrapper, '_global_step'):  # that schedules have given it
        optim_wrapper._global_step += 1


def free_managers() -> None:
    """Gives up the lock of logs and message hubs, which a thread has for ever once it asked for one that is not there.

    The thread that asked has it; any other would wait.
    """
    with contextlib.suppress(RuntimeError):  # once this thread has it no more
        while True:
            _lock.release()


class LRSchedule(LRSchedulerMixin, _ParamScheduler):
    """A schedule whose method ``rates`` says what the learning rate of each parameter group is at ``last_step``."""

    rates: Callable[[], list[float]]

    def _get_value(self) -> list[float]:
        return self.rates()


class PrintingLogProcessor(LogProcessor):
    """A LogProcessor whose method ``is_printed`` says which of the logged values are printed."""

    is_printed: Callable[[str], bool]

    def _collect_scalars(self, custom_cfg: list, runner: Runner, mode: str, reserve_prefix: bool = False) -> dict:
        scalars = super()._collect_scalars(custom_cfg, runner, mode, reserve_prefix)
        return {name: value for name, value in scalars.items() if reserve_prefix or self.is_printed(name)}


def built_loop(runner: Runner, kind: str) -> BaseLoop | None:
    """The loop for 'train', 'val' or 'test', if it is built; ``runner.train_loop`` and the like would build it."""
    loop = getattr(runner, f'_{kind}_loop')
    return loop if isinstance(loop, BaseLoop) else None


def save_checkpoint_now(hook: CheckpointHook, runner: Runner) -> None:
    """Saves at the end of an iteration or an epoch, whether it is due or not."""
    hook._save_checkpoint(runner)


def stop_workers(batches: Any) -> None:
    """Ends the processes that load the batches of a loader that keeps them, or of a loop over iterations, if any do."""
    getattr(batches._iterator, '_shutdown_workers', lambda: None)()
    if isinstance(batches, DataLoader):
        batches._iterator = None  # else the next epoch would ask those that have ended


def find_bases(find: Callable[[str, Path], Path | None]) -> None:
    """Lets a function say which file a config inherits by a name, for a folder; mmengine looks where it gives None."""
    look = Config._get_cfg_path

    def path(base: str, filename: str) -> tuple[str, str | None]:
        found = find(base, Path(filename).parent)
        return (str(found), None) if found else look(base, filename)

    Config._get_cfg_path = staticmethod(path)


def prepare_to_compile() -> None:
    """Sets torch's compiler to graphs: many networks and views, and updates that go back through a step twice."""
    import torch._dynamo.config
    import torch._functorch.config

    torch._dynamo.config.recompile_limit = 64  # beyond it, it would go on without compiling
    torch._functorch.config.donated_buffer = False  # which a second backward pass would need


def set_aside(cfg: Config, **attributes: Any) -> None:
    """Sets what a config has beside its entries: ``filename``, ``format_python_code``."""
    for name, value in attributes.items():
        object.__setattr__(cfg, f'_{name}', value)
