"""Makes what is random in an iteration a function of the seed and the iteration alone."""

import random

import numpy as np
import torch
from mmengine.device import get_device
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS


@HOOKS.register_module()
class SeedHook(Hook):
    """Seeds Python's, numpy's and torch's generators before each iteration from (seed, iteration, rank).

    A resumed run thus draws what the uninterrupted one would have drawn (dropout, mixup), without any generator's
    state in the checkpoint. The data's randomness is SeedRandom's, which depends on the sample instead.

    Example:
        >>> SeedHook().priority
        'VERY_HIGH'
    """

    priority = 'VERY_HIGH'

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None) -> None:
        """Seeds the generators for the iteration that begins."""
        entropy = np.random.SeedSequence((runner.seed or 0, runner.iter, get_rank()))
        seed = int(entropy.generate_state(1)[0])
        random.seed(seed)
        np.random.seed(seed)
        # torch.manual_seed would tell devices that nobody uses, too, and keep the stack as text for each: 0.6 ms.
        torch.default_generator.manual_seed(seed)
        if (device := get_device()) == 'cuda':
            torch.cuda.manual_seed_all(seed)
        elif device != 'cpu':
            torch.manual_seed(seed)
