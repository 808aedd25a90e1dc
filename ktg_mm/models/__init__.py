"""The graph and its parts."""

from .backbones import *  # noqa: F403
from .edges import EMAEdge, TransferEdge
from .gates import *  # noqa: F403
from .graph import KnowledgeTransferGraph
from .graph_data_preprocessor import GraphDataPreprocessor
from .losses import *  # noqa: F403
from .nodes import *  # noqa: F403
from .updates import *  # noqa: F403
from .wrapper import GraphDistributedDataParallel

__all__ = [
    'EMAEdge',
    'GraphDataPreprocessor',
    'GraphDistributedDataParallel',
    'KnowledgeTransferGraph',
    'TransferEdge',
]
