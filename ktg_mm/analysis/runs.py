"""The runs that a tool of analysis is about: its command line, and what their nodes predict."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ktg_mm.apis.arguments import add_layer_argument, add_stage_argument, config_parser
from ktg_mm.errors import UserError

from .choices import SPLITS

if TYPE_CHECKING:
    from mmengine.config import Config

    from .predictions import Predictions
    from .result import Result

_LONGEST_NAME = 120  # letters; file systems take 255


def runs_parser(description: str, attention: bool = False) -> argparse.ArgumentParser:
    """A parser of the arguments that all tools of analysis share.

    Args:
        description: What the tool does, one sentence.
        attention: Whether it looks at attention maps, and so takes ``--layer``. Defaults to False.

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
    if attention:
        add_layer_argument(parser)
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
    from ktg_mm.apis import joined_name
    from ktg_mm.apis.attention_layers import named_layer_errors

    from .predict import predict_dataset
    from .predictions import merge

    if args.limit is not None and args.limit < 1:
        raise UserError(f'--limit must be at least 1, got {args.limit}')
    for config, *checkpoints in args.against:
        if not checkpoints:
            raise UserError(f'--against {config}: give the checkpoints of its runs after it')
    configs = [change(cfg) if change else cfg for cfg in configs_of(args)]
    several = [(path, cfg) for cfg, (_, _, paths) in zip(configs, _given(args), strict=True) for path in paths]
    names = run_names([path for path, _ in several])
    with named_layer_errors(getattr(args, 'layer', ())):
        found = [predict_dataset(cfg, path, args.split, attention, args.limit) for path, cfg in several]
    of_configs = [joined_name(config, overlays) for config, overlays, paths in _given(args) for _ in paths]
    return merge(found, names, of_configs) if len(found) > 1 else found[0]


def _given(args: argparse.Namespace) -> list[tuple[str, list[str], list[str]]]:
    """Each config with its overlays and checkpoints."""
    first = (args.config, list(args.overlays or ()), list(args.checkpoint))
    return [first, *((config, [], checkpoints) for config, *checkpoints in args.against)]


def configs_of(args: argparse.Namespace) -> list[Config]:
    """The configs that a command line is about, the first one's before those of ``--against``, with its layers.

    Args:
        args: From :func:`runs_parser`.

    Raises:
        UserError: If one cannot be read, or ``--layer`` names what none has.
    """
    from ktg_mm.apis import load_config
    from ktg_mm.apis.attention_layers import with_layers
    from ktg_mm.apis.stages import one_stage

    others = [one_stage(load_config(config, args.cfg_options)) for config, *_ in args.against]
    return with_layers([config_of(args), *others], getattr(args, 'layer', ()))


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
    predictions = read_runs(args, attention)
    save_and_print(analyse(predictions), args, predictions)


def save_and_print(result: Result, args: argparse.Namespace, predictions: Predictions) -> None:
    """Writes a result's files, prints its summary and where they are, and warns of attention maps that say little.

    Args:
        result: The result.
        args: From :func:`runs_parser`.
        predictions: What it is of.

    Raises:
        UserError: If a file cannot be written.
    """
    from ktg_mm.apis import joined_name
    from ktg_mm.apis.attention_layers import small_maps_warning

    folder = args.out or Path('work_dirs') / joined_name(args.config, args.overlays) / 'analysis'
    files = result.save(folder, files_name(args), _mark(args))
    print(result.summary, *files, sep='\n')
    sizes = {name: maps.shape[1:] for name, maps in predictions.attention.items()}
    if warning := small_maps_warning(sizes, predictions.larger):
        print(f'warning: {warning}', file=sys.stderr)


def files_name(args: argparse.Namespace) -> str:
    """What the files of an analysis are of: configs and runs.

    Args:
        args: From :func:`runs_parser`.

    Example:
        >>> parser = runs_parser('Does something.')
        >>> files_name(parser.parse_args(['a.py', 'work_dirs/a/epoch_9.pth']))
        'a_epoch_9'
        >>> files_name(parser.parse_args('a.py seed0/best.pth seed1/best.pth --against b.py b/last.pth'.split()))
        'a_2_runs_vs_b_last'
    """
    from ktg_mm.apis import joined_name

    parts = []
    for config, overlays, checkpoints in _given(args):
        name, path = joined_name(config, overlays), Path(os.path.abspath(checkpoints[0]))
        run = path.stem if path.parent.name in (name, '') else f'{path.parent.name}_{path.stem}'
        parts.append(f'{name}_{run}' if len(checkpoints) == 1 else f'{name}_{len(checkpoints)}_runs')
    more = [args.stage] if args.stage else []
    more += [args.split] if args.split != 'test' else []
    return '_'.join(['_vs_'.join(parts)[:_LONGEST_NAME], *more])


def _mark(args: argparse.Namespace) -> str:
    """The same for the same runs alone; their paths are not to be read from it."""
    runs = [[[os.path.abspath(path) for path in (config, *more, *paths)] for config, more, paths in _given(args)]]
    return 'runs ' + hashlib.sha256(json.dumps([runs, args.stage, args.split]).encode()).hexdigest()[:16]
