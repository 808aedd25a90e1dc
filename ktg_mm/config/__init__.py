"""A graph's config as a value, and the checks of configs: what is known before anything is built."""

from .baselines import deep_mutual_learning, independent
from .canonical import graph_key
from .check_number import check_number
from .edge_config import LABEL, EdgeConfig, parse_edge_key
from .graph_config import GraphConfig
from .named_nodes import without_absent
from .pretrained import is_pretrained, without_weights
from .type_check import check_type, class_of
