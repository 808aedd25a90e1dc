"""What a run begins with, beside its graph: data, schedule, device, folder."""

from collections.abc import Sized

import torch
from mmengine.dist import get_world_size
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapperDict
from mmengine.runner import IterBasedTrainLoop, Runner
from torch.utils.data import DataLoader

from ktg_mm.mmengine_private import built_loop


class RunSummaryHook(Hook):
    """Logs how many data a run has, how long it trains, on what and where it writes; they are known as it begins.

    Example:
        >>> RunSummaryHook().priority
        'VERY_LOW'
    """

    priority = 'VERY_LOW'  # what other hooks refuse comes first

    def before_train(self, runner: Runner) -> None:
        """Logs it."""
        data = f'{_size(runner.train_dataloader)} samples to train on'
        if loop := built_loop(runner, 'val'):
            data += f', {_size(loop.dataloader)} to validate on'
        lines = [f'data: {data}', f'schedule: {_schedule(runner)}', f'device: {_device(runner)}']
        runner.logger.info('\n  '.join([*lines, f'folder: {runner.work_dir}']))


def _size(loader: DataLoader) -> str:
    return f'{len(loader.dataset):,}' if isinstance(loader.dataset, Sized) else 'endless'


def _schedule(runner: Runner) -> str:
    """How long, of which batches, by which optimiser, and where a resumed run goes on."""
    size = runner.train_dataloader.batch_size
    of = f' of {size}' if size else ''
    if isinstance(runner.train_loop, IterBasedTrainLoop):
        length, begun = f'{runner.max_iters:,} batches{of}', f'iteration {runner.iter + 1}' if runner.iter else ''
    else:
        epochs = '1 epoch' if runner.max_epochs == 1 else f'{runner.max_epochs:,} epochs'
        length = f'{epochs} of {len(runner.train_dataloader):,} batches{of}'
        begun = f'epoch {runner.epoch + 1}' if runner.epoch else ''
    wrapper = runner.optim_wrapper
    wrappers = [one for _, one in wrapper.items()] if isinstance(wrapper, OptimWrapperDict) else [wrapper]
    names = dict.fromkeys(type(one.optimizer).__name__ for one in wrappers)
    return length + f'; {", ".join(names)}' + (f'; from {begun}' if begun else '')


def _device(runner: Runner) -> str:
    device = next(runner.model.parameters()).device
    name = torch.cuda.get_device_name(device) if device.type == 'cuda' else str(device)
    return f'{name}, {get_world_size()} processes' if get_world_size() > 1 else name
