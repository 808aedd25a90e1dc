"""The runs that a tool of analysis is about: its command line, and what their nodes predict."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ktg_mm.apis.arguments import add_stage_argument, config_parser
from ktg_mm.errors import UserError

from .choices import SPLITS

if TYPE_CHECKING:
    from mmengine.config import Config

    from .predictions import Predictions
    from .result import Result


def runs_parser(description: str) -> argparse.ArgumentParser:
    """A parser of the arguments that all tools of analysis share.

    Args:
        description: What the tool does, one sentence.

    Example:
        >>> args = runs_parser('Does something.').parse_args(['a.py', 'a.pth', '--against', 'b.py', 'b.pth', 'c.pth'])
        >>> args.checkpoint, args.against, args.split
        (['a.pth'], [['b.py', 'b.pth', 'c.pth']], 'test')
    """
    parser = config_parser(description)
    parser.add_argument('checkpoint', nargs='+', help='checkpoint of a run of the config; several are put together')
    parser.add_argument(
        '--against',
        action='append',
        nargs='+',
        default=[],
        metavar=('CONFIG', 'CHECKPOINT'),
        help="another config, or CONFIG+OVERLAY, and its runs' checkpoints, on the same data; may be repeated; "
        '--cfg-options hold for it, --with and --stage do not',
    )
    add_stage_argument(parser)
    parser.add_argument('--split', choices=SPLITS, default='test', help='which data to predict; default: test')
    parser.add_argument('--limit', type=int, metavar='N', help='predict the first N images; default: all')
    parser.add_argument(
        '--out', metavar='FOLDER', help="where the files come; default: analysis in work_dirs/ and the config's name"
    )
    return parser


def read_runs(
    args: argparse.Namespace, attention: bool = False, change: Callable[[Config], Config] | None = None
) -> Predictions:
    """Predicts with all runs; where there are several, a node's name begins with the run's, as in ``seed0/net1``.

    Args:
        args: From :func:`runs_parser`.
        attention: Whether to keep the attention maps of the networks that have some. Defaults to False.
        change: Makes of each config the one to predict with. Defaults to None: the config itself.

    Raises:
        UserError: If an argument, a config, data or a checkpoint is wrong.
    """
    from ktg_mm.apis import load_config
    from ktg_mm.apis.stages import one_stage

    from .predict import predict_dataset
    from .predictions import merge

    if args.limit is not None and args.limit < 1:
        raise UserError(f'--limit must be at least 1, got {args.limit}')
    for config, *checkpoints in args.against:
        if not checkpoints:
            raise UserError(f'--against {config}: give the checkpoints of its runs after it')
    several = []
    for i, (config, *checkpoints) in enumerate([[args.config, *args.checkpoint], *args.against]):
        cfg = config_of(args) if not i else one_stage(load_config(config, args.cfg_options))
        several += [(path, change(cfg) if change else cfg) for path in checkpoints]
    names = run_names([path for path, _ in several])
    found = [predict_dataset(cfg, path, args.split, attention, args.limit) for path, cfg in several]
    return merge(found, names) if len(found) > 1 else found[0]


def config_of(args: argparse.Namespace) -> Config:
    """The config of the runs that a command line is about; of stages one.

    Args:
        args: From :func:`runs_parser`.

    Raises:
        UserError: If it cannot be read, or has no such stage.
    """
    from ktg_mm.apis import load_config
    from ktg_mm.apis.stages import one_stage

    return one_stage(load_config(args.config, args.cfg_options, args.overlays), args.stage)


def run_names(checkpoints: Sequence[str | Path]) -> list[str]:
    """Short names for runs: what their checkpoints' paths do not have in common.

    Args:
        checkpoints: Their files.

    Raises:
        UserError: If two are the same.

    Example:
        >>> run_names(['work_dirs/a/seed0/epoch_30.pth', 'work_dirs/a/seed1/epoch_30.pth'])
        ['seed0', 'seed1']
    """
    paths = [Path(os.path.abspath(path).removesuffix('.pth')).parts for path in checkpoints]
    for number, path in enumerate(paths):
        if path in paths[:number]:
            raise UserError(f'checkpoint {checkpoints[number]}: is given twice')
    for end in (0, -1):
        while len(paths) > 1 and len({path[end] for path in paths}) == 1 and min(map(len, paths)) > 1:
            paths = [path[1:] if end == 0 else path[:-1] for path in paths]
    return ['/'.join(path) for path in paths]


def run_analysis(parser: argparse.ArgumentParser, analyse: Callable[[Predictions], Result], attention: bool) -> None:
    """Does what the tools of analysis do: reads the command line, predicts, writes the files and prints the summary.

    Args:
        parser: From :func:`runs_parser`.
        analyse: Makes the result of the predictions.
        attention: Whether it needs attention maps.

    Raises:
        UserError: If an argument, a config, data or a checkpoint is wrong, or a file cannot be written.
    """
    args = parser.parse_args()
    save_and_print(analyse(read_runs(args, attention)), args)


def save_and_print(result: Result, args: argparse.Namespace) -> None:
    """Writes a result's files, and prints its summary and where they are.

    Args:
        result: The result.
        args: From :func:`runs_parser`.

    Raises:
        UserError: If a file cannot be written.
    """
    from ktg_mm.apis import joined_name

    files = result.save(args.out or Path('work_dirs') / joined_name(args.config, args.overlays) / 'analysis')
    print(result.summary, *files, sep='\n')
