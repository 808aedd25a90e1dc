"""The attention maps of all networks as points in a plane, and how far the networks lie apart."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from sklearn.manifold import TSNE
from sklearn.metrics import silhouette_score
from sklearn.neighbors import NearestNeighbors

from ktg_mm.errors import UserError
from ktg_mm.visualization.chart import GREY, PALETTE, SMALL, colours_of, legend, sheet, title
from ktg_mm.visualization.graph_layout import text_size

from .attention_maps import note_left_out
from .choices import METHODS
from .predictions import Predictions
from .result import Result

_MARKERS = ('o', '^', 's', 'D', 'v', 'P', 'X', '<', '>', 'p')  # more than colours: 70 nodes differ
_LAYERS = 10


@dataclass(frozen=True)
class Separation:
    """How far the attention maps of the nodes lie apart, measured on the maps, not in the picture.

    Args:
        silhouette: Mean silhouette of the maps by node (Rousseeuw, 1987), -1 to 1: 1 if each node's maps are close
            together and far from the others', 0 if the nodes lie over one another.
        same_node: Percentage of the maps whose nearest other map is of the same node.
        chance: What ``same_node`` is on average if the maps do not depend on the node, in percent.
    """

    silhouette: float
    same_node: float
    chance: float

    def __str__(self) -> str:
        return (
            f'separation of the nodes: silhouette {self.silhouette:.3f}, '
            f'nearest map of the same node {self.same_node:.1f} % (chance: {self.chance:.1f} %)'
        )


def analyse_embedding(
    predictions: Predictions, indices: Sequence[int], name: str, method: str = 'tsne', seed: int = 0
) -> Result:
    """Places the attention maps of all networks in a plane, and measures how far the networks lie apart.

    Args:
        predictions: For N images, with attention maps.
        indices: Places of the images in their data set, shape (N,).
        name: What they are of, for the picture's title.
        method: One of :data:`METHODS`. Defaults to ``'tsne'``.
        seed: Seed of the embedding. Defaults to 0.

    Returns:
        The result ``attention_<method>``, a row for each network and image.

    Raises:
        UserError: If the maps differ in size or there are none, or umap-learn is wanted and missing.
    """
    check_method(method)
    notes = note_left_out(predictions)
    points = normalized_maps(predictions)
    rows = _table(predictions, indices, embed(points, method, seed))
    separation = str(separation_of(points, len(predictions.attention)) or 'separation of the nodes: needs two of them')
    about = f'{len(points)} maps, {len(indices)} each of {", ".join(predictions.attention)}'
    configs = {node: predictions.config_of(node) for node in predictions.attention}
    figure = draw_embedding(rows, f'Attention maps, {METHODS[method]}: {name}', separation, configs)
    return Result(f'attention_{method}', rows, figure, '\n'.join([about, separation, *notes]))


def check_method(method: str) -> None:
    """Refuses an embedding whose package is not installed, before anything is computed.

    Args:
        method: One of :data:`METHODS`.

    Raises:
        UserError: If it is.
    """
    if method == 'umap' and importlib.util.find_spec('umap') is None:
        raise UserError('--method umap: needs umap-learn, which is not installed; pip install umap-learn')


def normalized_maps(predictions: Predictions) -> np.ndarray:
    """The attention maps as vectors of length 1, so that their form counts and their strength does not.

    Args:
        predictions: With attention maps.

    Returns:
        Shape (nodes N, H W), from node to node; a map that is 0 everywhere stays so.

    Raises:
        UserError: If the maps have different sizes, hold one cell each, or are not finite.

    Example:
        >>> predictions = Predictions(('a',), np.zeros((1, 1, 2), np.float32), np.array([1]), (5,),
        ...                           attention=dict(a=np.array([[[3.0, 4.0]]])))
        >>> normalized_maps(predictions)
        array([[0.6, 0.8]])
    """
    sizes = {name: maps.shape[1:] for name, maps in predictions.attention.items()}
    if len(set(sizes.values())) > 1:
        listed = ', '.join(f'{name} {height}x{width}' for name, (height, width) in sizes.items())
        raise UserError(
            f'the attention maps have different sizes: {listed}; '
            'attention_layer of a node, or --layer, takes them from another layer of its network'
        )
    vectors = np.concatenate([maps.reshape(len(maps), -1) for maps in predictions.attention.values()]).astype(float)
    if vectors.shape[1] == 1:
        raise UserError('the attention maps have one cell each, and so are all the same; there is nothing to embed')
    if not np.isfinite(vectors).all():
        raise UserError('the attention maps are not finite; the networks have diverged')
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)


def embed(points: np.ndarray, method: str = 'tsne', seed: int = 0) -> np.ndarray:
    """Places points in a plane, so that those which were close to one another are so again.

    t-SNE (van der Maaten and Hinton, JMLR 2008) is scikit-learn's, begun from the first two principal components;
    UMAP (McInnes et al., 2018) is umap-learn's. Both have their packages' settings, but for few points.

    Args:
        points: Shape (M, features).
        method: One of :data:`METHODS`. Defaults to ``'tsne'``.
        seed: Seed. Defaults to 0.

    Returns:
        Shape (M, 2); the unit means nothing.

    Raises:
        UserError: If all points are the same.

    Example:
        >>> embed(np.random.default_rng(0).random((9, 4))).shape
        (9, 2)
    """
    if np.ptp(points, axis=0).max() == 0:
        raise UserError('the attention maps are all the same; there is nothing to embed')
    if method == 'umap':
        from umap import UMAP

        return UMAP(n_neighbors=min(15, len(points) - 1), random_state=seed, n_jobs=1).fit_transform(points)
    return TSNE(perplexity=min(30.0, (len(points) - 1) / 3), random_state=seed).fit_transform(points)


def separation_of(points: np.ndarray, nodes: int) -> Separation | None:
    """Measures how far nodes lie apart; None of a single node, or of a single point each.

    Args:
        points: The nodes' points, from node to node, N each; shape (nodes N, features).
        nodes: Number of nodes.

    Example:
        >>> separation_of(np.array([[0.0], [1.0], [10.0], [11.0]]), nodes=2).same_node
        100.0
    """
    number = len(points) // nodes
    if nodes < 2 or number < 2:
        return None
    node = np.repeat(np.arange(nodes), number)
    nearest = NearestNeighbors(n_neighbors=1).fit(points).kneighbors(return_distance=False)[:, 0]
    return Separation(
        silhouette=float(silhouette_score(points, node)),
        same_node=100 * float((node[nearest] == node).mean()),
        chance=100 * (number - 1) / (len(points) - 1),
    )


def _table(predictions: Predictions, indices: Sequence[int], places: np.ndarray) -> list[dict[str, Any]]:
    """The points (nodes N, 2) as rows, from node to node."""
    images = [(int(index), int(label)) for index, label in zip(indices, predictions.labels, strict=True)]
    whose = [(name, *image) for name in predictions.attention for image in images]
    return [
        dict(node=name, image=index, label=label, x=float(x), y=float(y))
        for (name, index, label), (x, y) in zip(whose, places, strict=True)
    ]


def draw_embedding(
    rows: Sequence[Mapping[str, Any]], name: str, below: str, configs: Mapping[str, str] | None = None
) -> Figure:
    """Draws a point for each map, a colour and a marker for each node; of several configs a colour for each config.

    Args:
        rows: Of each point ``node``, ``x`` and ``y``.
        name: The title.
        below: The line below it.
        configs: Name of each node's config. Defaults to None: all are of one.
    """
    figure, ((axes,),) = sheet(7.2)
    nodes = list(dict.fromkeys(row['node'] for row in rows))
    styles: dict[str, dict[str, Any]] = {
        node: dict(color=PALETTE[place % len(PALETTE)], marker=_MARKERS[place % len(_MARKERS)])
        for place, node in enumerate(nodes)
    }
    colours = colours_of((configs or {}).values())
    if configs and len(colours) > 1:
        for node, style in styles.items():
            style['color'] = colours[configs[node]]
    # The nodes' points are drawn in turns, or the last node would hide the others.
    for layer in np.array_split(np.random.default_rng(0).permutation(len(rows)), _LAYERS):
        for node, style in styles.items():
            mine = [rows[place] for place in layer if rows[place]['node'] == node]
            x, y = [row['x'] for row in mine], [row['y'] for row in mine]
            size = float(np.clip(150 / np.sqrt(len(rows)), 3, 6))
            axes.plot(x, y, ls='', ms=size, mew=0.3, mec='white', alpha=0.8, **style)
    axes.set(xticks=[], yticks=[])
    axes.set_aspect('equal', adjustable='datalim')
    axes.spines[:].set(visible=True, color=GREY)
    axes.set_xlabel('a point is the map of one network for one image; the axes have no unit', fontsize=SMALL)
    title(figure, name, below)
    columns = int(np.clip(6.5 / (0.4 + max(text_size(node, SMALL)[0] for node in nodes)), 1, 8))
    handles: list[Artist] = [Line2D([], [], ls='', ms=6, label=node, **style) for node, style in styles.items()]
    if configs and len(colours) > 1:
        handles += [Patch(color=colour, label=f'all of {config}') for config, colour in colours.items()]
    legend(figure, handles, columns)
    return figure
