"""Images that a node gets wrong."""

from __future__ import annotations

import argparse
from typing import NamedTuple

import numpy as np

from ktg_mm.errors import UserError, did_you_mean

from .chosen_images import choose_evenly
from .predictions import Predictions
from .runs import configs_of, read_runs


class WrongImages(NamedTuple):
    """Images that a node gets wrong.

    Args:
        node: The node, as the predictions name it.
        indices: Places of the images in their data set, from class to class.
        note: How many it gets wrong, and how many of them these are; one line.
    """

    node: str
    indices: list[int]
    note: str


def find_wrong_images(args: argparse.Namespace, number: int) -> WrongImages:
    """Predicts with all runs, and chooses images that a node gets wrong, as many of one class as of another.

    Args:
        args: From :func:`ktg_mm.analysis.runs.runs_parser`, with a ``seed`` and ``wrong``, the name of the node; empty
            for the target of the first config's graph. Without its run's name, it is the node of the first run.
        number: How many; all, if there are not as many.

    Raises:
        UserError: If there is no such node, it gets no image wrong, or the rest of the command line is wrong.
    """
    models = [cfg.get('model') or {} for cfg in configs_of(args)]
    node = args.wrong or models[0].get('target') or ''
    nodes = [str(name) for model in models for name in model.get('nodes') or ()]
    if node.rpartition('/')[2] not in nodes:
        raise UserError(f'--wrong: no node is named {node!r}; {did_you_mean(node, set(nodes))}')
    return wrong_images(read_runs(args), node, number, args.seed)


def wrong_images(predictions: Predictions, node: str, number: int, seed: int = 0) -> WrongImages:
    """Chooses images that a node gets wrong, as many of one class as of another, as far as that goes.

    Args:
        predictions: Of a data set's images, from its first on.
        node: The node; without its run's name that of the first run which has it.
        number: How many; all, if there are not as many.
        seed: Seed of the choice. Defaults to 0.

    Raises:
        UserError: If there is no such node, or it gets no image wrong.

    Example:
        >>> logits = np.array([[[2, 0], [0, 1], [1, 0]]], np.float32)
        >>> wrong_images(Predictions(('a',), logits, np.array([0, 0, 1]), (1,)), 'a', 5)[1:]
        ([1, 2], 'a gets 2 of 3 images wrong, fewer than the 5 asked for: all are drawn')
    """
    names = [name for name in predictions.names if name == node or name.endswith(f'/{node}')]
    if not names:
        raise UserError(f'--wrong: no node is named {node!r}; {did_you_mean(node, predictions.names)}')
    wrong = np.flatnonzero(~predictions.correct(names[0]))
    images = len(predictions.labels)
    if not len(wrong):
        raise UserError(f'--wrong: {names[0]} gets none of the {images} images wrong; name another node')
    chosen = wrong[choose_evenly(predictions.labels[wrong], number, seed)]
    which = f'{number} of them are drawn' if len(wrong) > number else 'all are drawn'
    few = f', fewer than the {number} asked for' if len(wrong) < number else ''
    note = f'{names[0]} gets {len(wrong)} of {images} images wrong{few}: {which}'
    return WrongImages(names[0], chosen.tolist(), note)
