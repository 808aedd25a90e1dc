"""What the tools call."""

from .arguments import add_runner_arguments, config_parser
from .command_line import one_line_errors
from .config import config_files, config_name, joined_name, load_config
from .distributed import LAUNCHERS, end_distributed, init_distributed
from .predict import predict
from .runner import build_runner
from .shipped_configs import get_config, list_configs
from .train import train
