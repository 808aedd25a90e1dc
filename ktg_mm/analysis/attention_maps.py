"""What the networks of a graph look at, image by image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import entr

from ktg_mm.errors import UserError
from ktg_mm.text_table import text_table

from .attention_figure import draw_attention_maps
from .predictions import Predictions
from .result import Result


def analyse_attention_maps(
    predictions: Predictions,
    pixels: Sequence[np.ndarray],
    indices: Sequence[int],
    name: str,
    wrong: str | None = None,
) -> Result:
    """Shows where each network looks in a few images.

    Args:
        predictions: For N images, with attention maps.
        pixels: The images, from :func:`ktg_mm.analysis.chosen_images.seen_pixels`.
        indices: Their places in their data set, shape (N,).
        name: What they are of, for the picture's title.
        wrong: The node by whose mistakes the images were chosen. Defaults to None: they were not.

    Returns:
        The result ``attention_maps``, a row for each image and network.

    Raises:
        UserError: If no network has an attention map.
    """
    notes = note_left_out(predictions)
    summary = text_table([_summary(predictions, node) for node in predictions.attention])
    name = f'{name} that {wrong} gets wrong' if wrong else name
    also = wrong if wrong not in predictions.attention else None
    figure = draw_attention_maps(pixels, predictions, indices, name, also)
    return Result('attention_maps', attention_table(predictions, indices), figure, '\n'.join([summary, *notes]))


def _summary(predictions: Predictions, node: str) -> dict[str, str]:
    maps = predictions.attention[node]
    return {
        'node': node,
        'right': f'{predictions.correct(node).sum()} of {len(maps)}',
        'cells': f'{maps.shape[1]}x{maps.shape[2]}',
        'mean entropy (nats)': f'{map_entropy(maps).mean():.2f} of at most {np.log(maps[0].size):.2f}',
    }


def note_left_out(predictions: Predictions) -> list[str]:
    """A line that names the nodes without attention maps; none, if all have some.

    Args:
        predictions: With the attention maps that there are.

    Raises:
        UserError: If no node has any.
    """
    if not predictions.attention:
        raise UserError(
            f'no network has an attention map, as {", ".join(predictions.networks)} give no feature map; '
            'name a layer of a network as attention_layer of its node, or by --layer'
        )
    without = [name for name in predictions.names if name not in predictions.attention]
    return [f'left out, as they have no attention map: {", ".join(without)}'] if without else []


def attention_table(predictions: Predictions, indices: Sequence[int]) -> list[dict[str, Any]]:
    """What each network says of each image, and where it looks.

    Args:
        predictions: With attention maps.
        indices: Places of the images in their data set, shape (N,).

    Returns:
        A row for each image and network: the map's ``peak_row`` and ``peak_column`` in cells from 0, its size
        ``rows`` and ``columns``, and its entropy.

    Example:
        >>> predictions = Predictions(('a',), np.zeros((1, 1, 2), np.float32), np.array([1]), (5,),
        ...                           attention=dict(a=np.array([[[1.0, 0.0], [3.0, 0.0]]])))
        >>> (row,) = attention_table(predictions, [7])
        >>> row['image'], row['peak_row'], row['peak_column'], round(row['entropy_nats'], 3)
        (7, 1, 0, 0.562)
    """
    rows = []
    probabilities = {name: predictions.probabilities(name) for name in predictions.attention}
    entropies = {name: map_entropy(maps) for name, maps in predictions.attention.items()}
    for place, index in enumerate(indices):
        for name, maps in predictions.attention.items():
            predicted = int(predictions.predicted(name)[place])
            peak_row, peak_column = np.unravel_index(maps[place].argmax(), maps[place].shape)
            rows.append(
                dict(
                    image=int(index),
                    label=int(predictions.labels[place]),
                    node=name,
                    predicted=predicted,
                    probability=float(probabilities[name][place, predicted]),
                    peak_row=int(peak_row),
                    peak_column=int(peak_column),
                    rows=maps.shape[1],
                    columns=maps.shape[2],
                    entropy_nats=float(entropies[name][place]),
                )
            )
    return rows


def map_entropy(maps: np.ndarray) -> np.ndarray:
    """Entropy of attention maps taken as distributions over their cells.

    Args:
        maps: Shape (N, H, W), at least 0.

    Returns:
        In nats, shape (N,): 0 if all attention is on one cell, log(H W) if it is everywhere the same; NaN for a map
        that is 0 everywhere.

    Example:
        >>> np.exp(map_entropy(np.array([[[1.0, 1.0]], [[2.0, 0.0]]])))
        array([2., 1.])
    """
    cells = maps.reshape(len(maps), -1).astype(np.float64)
    with np.errstate(invalid='ignore'):
        return entr(cells / cells.sum(axis=1, keepdims=True)).sum(axis=1)
