"""Gates: how much of an edge's loss passes, sample by sample."""

from .base import Gate
from .correct import CorrectGate
from .cutoff import CutoffGate
from .dash import DashGate
from .flex_match import FlexMatchGate
from .free_match import FreeMatchGate
from .linear import LinearGate
from .negative_linear import NegativeLinearGate
from .ramp_up import RampUpGate
from .relative_threshold import RelativeThresholdGate
from .sine import SineGate
from .soft_match import SoftMatchGate
from .stability import StabilityGate
from .threshold import ThresholdGate
from .through import ThroughGate
