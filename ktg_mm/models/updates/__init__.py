"""Updates: how a training step ends."""

from .base import Update, total_loss
from .pcgrad import PCGradUpdate
from .sequential import SequentialUpdate
from .simultaneous import SimultaneousUpdate
from .successive import SuccessiveUpdate
