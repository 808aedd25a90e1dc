"""What the nodes of several runs predict for a few images."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from ktg_mm.apis import load_config
from ktg_mm.errors import UserError

from .chosen_images import draw_sample, with_images
from .predict import predict_dataset
from .predictions import Predictions, merge
from .result import Result
from .runs import run_names


def sample_images(args: argparse.Namespace, number: int) -> list[int]:
    """Draws images of the data that a command line names, as many of one class as of another.

    Args:
        args: From :func:`ktg_mm.analysis.runs.runs_parser`, with a ``seed``.
        number: How many; all, if there are not as many.

    Returns:
        Their places in the data set.

    Raises:
        UserError: If an argument, the config or the data are wrong.
    """
    if args.seed < 0:
        raise UserError(f'--seed must be at least 0, got {args.seed}')
    if args.limit is not None and args.limit < 1:
        raise UserError(f'--limit must be at least 1, got {args.limit}')
    return draw_sample(load_config(args.config, args.cfg_options), args.split, number, args.seed, args.limit).tolist()


def read_chosen_runs(args: argparse.Namespace, indices: Sequence[int]) -> Predictions:
    """As :func:`ktg_mm.analysis.runs.read_runs`, of a few images, with attention maps.

    Args:
        args: From :func:`ktg_mm.analysis.runs.runs_parser`.
        indices: Places of the images in the data set.

    Raises:
        UserError: If an argument, a config, data or a checkpoint is wrong.
    """
    several = []
    for config, *checkpoints in [[args.config, *args.checkpoint], *args.against]:
        if not checkpoints:
            raise UserError(f'--against {config}: give the checkpoints of its runs after it')
        cfg = with_images(load_config(config, args.cfg_options), args.split, indices)
        several += [(path, cfg) for path in checkpoints]
    names = run_names([path for path, _ in several])
    found = [predict_dataset(cfg, path, args.split, attention=True) for path, cfg in several]
    return merge(found, names) if len(found) > 1 else found[0]


def save_and_print(result: Result, args: argparse.Namespace) -> None:
    """Writes a result's files and prints its summary.

    Args:
        result: The result.
        args: From :func:`ktg_mm.analysis.runs.runs_parser`.

    Raises:
        UserError: If a file cannot be written.
    """
    files = result.save(args.out or Path('work_dirs') / Path(args.config).stem / 'analysis')
    print(result.summary, *files, sep='\n')
