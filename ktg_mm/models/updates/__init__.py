"""Updates: how a training step ends."""

from .base import Update, total_loss
from .sequential import SequentialUpdate
from .simultaneous import SimultaneousUpdate

__all__ = ['SequentialUpdate', 'SimultaneousUpdate', 'Update', 'total_loss']
