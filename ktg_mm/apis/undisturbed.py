"""Leaves a process as it was."""

import logging
import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from mmengine.logging import MessageHub

from ktg_mm.mmengine_private import instances

_HUB = 'undisturbed'


@contextmanager
def undisturbed() -> Iterator[None]:
    """What is done within it leaves the states of all random generators as they were, and logs and warns of nothing.

    The generators are Python's, numpy's, and torch's of the CPU and of the current GPU. What parts tell mmengine's
    message hub goes into one of its own, which is dropped.

    Example:
        >>> state = torch.get_rng_state()
        >>> with undisturbed():
        ...     _ = torch.rand(1), np.random.rand(), random.random()
        >>> torch.equal(torch.get_rng_state(), state)
        True
    """
    python, numpy, disabled = random.getstate(), np.random.get_state(), logging.root.manager.disable
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices), warnings.catch_warnings():
        warnings.simplefilter('ignore')
        logging.disable(logging.CRITICAL)
        MessageHub.get_instance(_HUB)  # from now on the current one
        try:
            yield
        finally:
            instances(MessageHub).pop(_HUB, None)
            logging.disable(disabled)
            random.setstate(python)
            np.random.set_state(numpy)
