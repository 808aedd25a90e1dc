"""Nodes: what predicts in a graph."""

from .base import Node
from .ensemble import EnsembleNode
from .network import NetworkNode
