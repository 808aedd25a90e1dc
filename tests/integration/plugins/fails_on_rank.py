"""A hook whose user's mistake shows in one process alone, and one that a signal ends."""

import os
import signal

from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmpretrain.registry import HOOKS

from ktg_mm.errors import UserError


@HOOKS.register_module()
class FailsOnRank(Hook):
    """Fails in the second process, while the first waits for it."""

    def __init__(self, killed=False):
        self.killed = killed

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if get_rank() == 1 and batch_idx == 1:
            if self.killed:
                os.kill(os.getpid(), signal.SIGKILL)
            raise UserError('the second process has met it')
