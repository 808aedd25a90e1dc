"""Resumes a loop over iterations without loading the batches that it has had."""

from collections.abc import Iterator
from itertools import chain, repeat
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop, Runner
from mmpretrain.registry import HOOKS

from ktg_mm.mmengine_private import stop_workers


@HOOKS.register_module()
class FastResumeHook(Hook):
    """Lets the sampler of a resumed loop over iterations begin where the run was interrupted.

    mmengine loads and throws away all batches before, which takes hours for the 2**20 iterations of FixMatch. It needs
    an endless sampler that can begin at any batch (``SemiSupervisedSampler(infinite=True)``); with any other one the
    batches are loaded as mmengine does.

    Example:
        >>> FastResumeHook().priority
        'LOW'
    """

    priority = 'LOW'  # after DistSamplerSeedHook, which sets the sampler to its first batch

    def before_train_epoch(self, runner: Runner) -> None:
        """Replaces the loop's iterator, if the loop begins after its first iteration."""
        loop = runner.train_loop
        if not isinstance(loop, IterBasedTrainLoop) or not loop.iter:
            return
        loader = loop.dataloader
        sampler = getattr(loader.batch_sampler, 'sampler', loader.sampler)
        if not hasattr(sampler, 'start_at') or not getattr(sampler, 'infinite', False):
            return
        sampler.start_at(loop.iter)
        # Its workers have begun to load the run's first batches. Those that persist serve the next iterator too, which
        # empties their queues; the others end here.
        if not loader.persistent_workers:
            stop_workers(loop.dataloader_iterator)
        # The loop asks for the batches that it has had, and drops them: they are empty.
        loop.dataloader_iterator = _Rest(loop.iter, iter(loader))


class _Rest:
    """Batches after some that are empty."""

    def __init__(self, skipped: int, batches: Iterator) -> None:
        self._iterator = batches  # where mmengine's own has it, too
        self._all = chain(repeat([], skipped), batches)

    def __next__(self) -> Any:
        return next(self._all)
