"""What the tools call, and what is called from Python."""

from importlib import import_module
from typing import Any

from .arguments import add_runner_arguments, config_parser
from .command_line import one_line_errors
from .config import config_files, config_name, joined_name, load_config
from .distributed import LAUNCHERS, end_distributed, init_distributed
from .export_node import export_node
from .graphs import build_graph, graph_config
from .predict import predict
from .runner import build_runner
from .shipped_configs import get_config, list_configs
from .train_graph import train

# Of layers that know this one, looked up when they are asked for.
_ELSEWHERE = dict.fromkeys(('draw_graph', 'save_picture'), 'ktg_mm.visualization') | {
    'search': 'ktg_mm.search.found.search'
}


def __getattr__(name: str) -> Any:
    if name not in _ELSEWHERE:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(import_module(_ELSEWHERE[name]), name)
