"""What the Runner does around the graph: hooks, optimisers, schedules, checkpoints, the log."""

from . import hooks, optimizers, schedulers
from .file_backend import AtomicLocalBackend
from .graph_tensorboard_vis_backend import GraphTensorboardVisBackend
from .log_processor import GraphLogProcessor
