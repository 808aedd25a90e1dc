"""Nodes: what predicts in a graph."""

from .attention_ensemble import AttentionEnsembleNode
from .base import Node
from .ensemble import EnsembleNode
from .fusion_classifier import FusionClassifierNode
from .fusion_ensemble import FusionEnsembleNode
from .gated_ensemble import GatedEnsembleNode
from .network import NetworkNode
from .residual import ResidualNode
from .weighted_ensemble import WeightedEnsembleNode
