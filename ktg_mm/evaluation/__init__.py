"""Metrics."""

from .calibration_error import CalibrationError
from .diversity_metric import DiversityMetric
from .node_metric import NodeMetric
from .perplexity import Perplexity
