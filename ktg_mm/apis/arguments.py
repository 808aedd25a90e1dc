"""Command-line arguments that the tools share."""

import argparse
import contextlib
import os
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from ktg_mm.errors import ConfigError, UserError

LAUNCHERS = ('none', 'pytorch', 'slurm', 'mpi')


class Parser(argparse.ArgumentParser):
    """argparse's parser, whose errors are one line, as those of a config are; an empty argument is one.

    Raises:
        UserError: When it parses, if an argument is missing, unknown or wrong.

    Example:
        >>> parser = Parser(description='Does something.')
        >>> _ = parser.add_argument('--seed', type=whole_number(0))
        >>> parser.parse_args(['--seed', '3']).seed
        3
    """

    def error(self, message: str) -> NoReturn:
        """Raises the message as a user's mistake."""
        raise UserError(message)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parses as argparse does, after a look for empty words, such as variables of the shell that were not set."""
        words = list(sys.argv[1:] if args is None else args)
        for before, word in zip(['', *words], words, strict=False):
            option, equals, value = word.partition('=')
            if not word.strip() or (option.startswith('--') and equals and not value):
                name = option.strip() or (before if before.startswith('--') else '')
                self.error(f'argument {name}: must not be empty' if name else 'an argument is empty')
        return super().parse_known_args(words, namespace)


def whole_number(lowest: int, highest: int | None = None) -> Callable[[str], int]:
    """A ``type`` of an argument.

    Args:
        lowest: The lowest number.
        highest: The highest number. Defaults to None: there is none.

    Example:
        >>> whole_number(1)('12')
        12
    """

    def read(text: str) -> int:
        with contextlib.suppress(ValueError):
            if lowest <= (number := int(text)) and (highest is None or number <= highest):
                return number
        wanted = f'at least {lowest}' if highest is None else f'from {lowest} to {highest}'
        raise argparse.ArgumentTypeError(f'must be a whole number, {wanted}, got {text!r}')

    return read


def share(highest: int | None = None) -> Callable[[str], float]:
    """A ``type`` of an argument that counts cores or GPUs: 0, a part of one, or several whole ones.

    Args:
        highest: The highest number. Defaults to None: there is none.

    Example:
        >>> share(1)('0.25'), share()('2')
        (0.25, 2.0)
    """

    def read(text: str) -> float:
        with contextlib.suppress(ValueError):
            number = float(text)
            if (0 <= number < 1 or (number >= 1 and number.is_integer())) and (highest is None or number <= highest):
                return number
        wanted = '0, a fraction of one or a whole number' if highest is None else f'a number from 0 to {highest}'
        raise argparse.ArgumentTypeError(f'must be {wanted}, got {text!r}')

    return read


seed = whole_number(0, 2**32 - 1)  # as numpy's generators take them


class Options(argparse.Action):
    """mmengine's reader of ``KEY=VALUE``, with an error of one line for what is not."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option_string: Any = None
    ) -> None:
        """Reads the options."""
        given = set(getattr(namespace, self.dest) or ())
        for option in values:
            key, equals, value = option.partition('=')
            if not equals or not key.strip('.') or key != key.strip():
                raise ConfigError('--cfg-options', f'must be KEY=VALUE, got {option!r}')
            if not value:
                raise ConfigError(f'--cfg-options {key}', f"""must be KEY=VALUE; for an empty text: '{key}=""'""")
            if key in given:
                raise ConfigError(f'--cfg-options {key}', 'is given twice; say what it is to be once')
            given.add(key)
            from mmengine.config import DictAction  # which takes seconds

            try:
                DictAction(self.option_strings, self.dest, '+')(parser, namespace, [option], option_string)
            except (AssertionError, RecursionError) as error:
                raise ConfigError(f'--cfg-options {key}', f'cannot be read: {error}') from error


def config_parser(description: str) -> Parser:
    """A parser of the arguments ``config``, ``--with`` (as ``overlays``) and ``--cfg-options``.

    Args:
        description: What the tool does, one sentence.

    Example:
        >>> args = config_parser('Does something.').parse_args(['a.py', '--with', 'b.py', '--cfg-options', 'c.d=2'])
        >>> args.config, args.overlays, args.cfg_options
        ('a.py', ['b.py'], {'c.d': 2})
    """
    parser = Parser(description=description)
    parser.add_argument('config', help='config file')
    add_config_changes(parser)
    return parser


def add_config_changes(parser: argparse.ArgumentParser) -> None:
    """Adds what changes a config: ``--with`` (as ``overlays``, a list) and ``--cfg-options`` (a dict, or None).

    Args:
        parser: To add them to.
    """
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
        action=Options,
        metavar='KEY=VALUE',
        help="settings that replace those of the config, such as train_cfg.max_epochs=2; quote keys with '->'",
    )


def add_stage_argument(parser: argparse.ArgumentParser, default: str = 'the last one') -> None:
    """Adds ``--stage``.

    Args:
        parser: From :func:`config_parser`.
        default: What is looked at without it.

    Example:
        >>> add_stage_argument(parser := config_parser('Does something.'))
        >>> parser.parse_args(['a.py', '--stage', 'gen0']).stage
        'gen0'
    """
    parser.add_argument(
        '--stage', metavar='NAME', help=f'the stage to look at, of a config of stages; default: {default}'
    )


def add_baseline_argument(parser: argparse.ArgumentParser) -> None:
    """Adds ``--baseline``.

    Args:
        parser: From :func:`config_parser`.
    """
    parser.add_argument(
        '--baseline',
        metavar='NODE|FOLDER',
        help='what the table at the end compares with: another node of the graph, or the folder of a run that has '
        'trained to its end, whose nodes are compared by their names',
    )


def add_runner_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds ``--work-dir``, ``--launcher`` and the local rank, which some launchers pass on.

    Args:
        parser: From :func:`config_parser`.
    """
    parser.add_argument('--work-dir', help="folder of logs and checkpoints; default: work_dirs/ and the config's name")
    parser.add_argument('--launcher', choices=LAUNCHERS, default='none', help='how several processes were started')
    parser.add_argument('--local_rank', '--local-rank', type=_set_local_rank, help=argparse.SUPPRESS)


def _set_local_rank(text: str) -> int:
    rank = whole_number(0)(text)
    os.environ.setdefault('LOCAL_RANK', text)
    return rank


def add_layer_argument(parser: argparse.ArgumentParser) -> None:
    """Adds ``--layer`` to a parser.

    Args:
        parser: It is changed.
    """
    parser.add_argument(
        '--layer',
        nargs='+',
        default=[],
        metavar='[NODE=]LAYER',
        help='module of the networks that the attention maps are taken from, such as backbone.layer2; for one '
        "node NODE=LAYER; default: the config's attention_layer, else an attention branch, else the last feature map",
    )
