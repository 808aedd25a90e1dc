"""What the tools call."""

from .command_line import one_line_errors
from .config import load_config
from .runner import LAUNCHERS, build_runner
from .train import train

__all__ = ['LAUNCHERS', 'build_runner', 'load_config', 'one_line_errors', 'train']
