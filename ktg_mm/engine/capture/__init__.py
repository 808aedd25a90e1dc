"""The whole training step as one CUDA graph."""

from .captured_step import CapturedStep
from .cuda_recorder import CudaRecorder
from .read_batch import ReadBatch
from .step_rates import StepRates
from .switch import obstacle, switch_capture
