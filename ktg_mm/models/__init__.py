"""The graph and its parts."""

from . import backbones, gates, language, losses, nodes, updates
from .ensemble_backbone import EnsembleBackbone
from .graph import KnowledgeTransferGraph
from .graph_data_preprocessor import GraphDataPreprocessor
from .token_preprocessor import TokenPreprocessor
from .wrapper import GraphDistributedDataParallel
