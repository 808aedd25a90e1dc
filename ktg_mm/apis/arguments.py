"""Command-line arguments that the tools share."""

import argparse
import os
from typing import Any, NoReturn

from mmengine.config import DictAction

from ktg_mm.errors import ConfigError, hide_passwords

from .distributed import LAUNCHERS


class _Options(DictAction):
    """mmengine's reader of ``KEY=VALUE``, with an error of one line for what is not."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option_string: Any = None
    ) -> None:
        for value in values:
            if '=' not in value:
                raise ConfigError('--cfg-options', f'must be KEY=VALUE, got {value!r}')
        super().__call__(parser, namespace, values, option_string)


class _Parser(argparse.ArgumentParser):
    """Python's, whose errors are one line without what may be the address of a storage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f'error: {hide_passwords(message)}\n')


def config_parser(description: str) -> argparse.ArgumentParser:
    """A parser of the arguments ``config``, ``--with`` (as ``overlays``) and ``--cfg-options``.

    Args:
        description: What the tool does, one sentence.

    Example:
        >>> args = config_parser('Does something.').parse_args(['a.py', '--with', 'b.py', '--cfg-options', 'c.d=2'])
        >>> args.config, args.overlays, args.cfg_options
        ('a.py', ['b.py'], {'c.d': 2})
    """
    parser = _Parser(description=description)
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--with',
        dest='overlays',
        nargs='+',
        action='extend',
        default=[],
        metavar='FILE',
        help='configs to lay over it in turn; of two that set the same value the last wins. Runs are named CONFIG+FILE',
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=_Options,
        metavar='KEY=VALUE',
        help="settings that replace those of the config, such as train_cfg.max_epochs=2; quote keys with '->'",
    )
    return parser


def add_runner_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds ``--work-dir``, ``--launcher`` and the local rank, which some launchers pass on.

    Args:
        parser: From :func:`config_parser`.
    """
    parser.add_argument('--work-dir', help="folder of logs and checkpoints; default: work_dirs/ and the config's name")
    parser.add_argument('--launcher', choices=LAUNCHERS, default='none', help='how several processes were started')
    parser.add_argument('--local_rank', '--local-rank', type=_set_local_rank, help=argparse.SUPPRESS)


def _set_local_rank(rank: str) -> int:
    os.environ.setdefault('LOCAL_RANK', rank)
    return int(rank)
