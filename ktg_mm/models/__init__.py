"""The graph and its parts."""

from . import backbones, gates, losses, nodes, updates
from .graph import KnowledgeTransferGraph
from .graph_data_preprocessor import GraphDataPreprocessor
from .wrapper import GraphDistributedDataParallel
