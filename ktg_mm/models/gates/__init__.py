"""Gates: how much of an edge's loss passes, sample by sample."""

from .base import Gate
from .correct import CorrectGate
from .cutoff import CutoffGate
from .linear import LinearGate
from .negative_linear import NegativeLinearGate
from .sine import SineGate
from .through import ThroughGate

__all__ = [
    'CorrectGate',
    'CutoffGate',
    'Gate',
    'LinearGate',
    'NegativeLinearGate',
    'SineGate',
    'ThroughGate',
]
