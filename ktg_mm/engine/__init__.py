"""What the Runner does around the graph: hooks, optimisers, schedules, checkpoints, the log."""

from .file_backend import AtomicLocalBackend
from .hooks import *  # noqa: F403
from .log_processor import GraphLogProcessor
from .optimizers import *  # noqa: F403
from .schedulers import *  # noqa: F403

__all__ = ['AtomicLocalBackend', 'GraphLogProcessor']
