"""What the tools call, and what is called from Python."""

from typing import TYPE_CHECKING

from ktg_mm.lazy import lazy_names

# Of layers that know this one.
_ELSEWHERE = dict.fromkeys(('draw_graph', 'save_picture'), 'ktg_mm.visualization') | {
    'search': 'ktg_mm.search.found.search'
}

if TYPE_CHECKING:
    from .arguments import LAUNCHERS, add_runner_arguments, config_parser
    from .command_line import one_line_errors
    from .config import config_files, config_name, joined_name, load_config
    from .distributed import end_distributed, init_distributed
    from .exporting import export_node
    from .graphs import build_graph, graph_config
    from .prediction import predict
    from .runner import build_runner
    from .shipped_configs import get_config, list_configs
    from .train_graph import train
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__, __file__, _ELSEWHERE)
