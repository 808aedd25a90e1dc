"""The picture of an embedding: a point for each map, a colour and a marker for each node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ktg_mm.visualization.chart import BLACK, BLUE, GREEN, GREY, ORANGE, SKY, SMALL, VERMILION, legend, sheet, title
from ktg_mm.visualization.graph_layout import text_size

_COLOURS = (BLUE, ORANGE, GREEN, VERMILION, SKY, BLACK, '#CC79A7')
_MARKERS = ('o', '^', 's', 'D', 'v', 'P', 'X', '<', '>', 'p')  # more than colours: 70 nodes differ
_LAYERS = 10


def draw_embedding(rows: Sequence[Mapping[str, Any]], name: str, below: str) -> Figure:
    """Draws points.

    Args:
        rows: From :func:`ktg_mm.analysis.embed_attention.embedding_table`.
        name: The title.
        below: The line below it.
    """
    figure, ((axes,),) = sheet(7.2)
    nodes = list(dict.fromkeys(row['node'] for row in rows))
    styles: dict[str, dict[str, Any]] = {
        node: dict(color=_COLOURS[place % len(_COLOURS)], marker=_MARKERS[place % len(_MARKERS)])
        for place, node in enumerate(nodes)
    }
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
    handles = [Line2D([], [], ls='', ms=6, label=node, **style) for node, style in styles.items()]
    legend(figure, handles, columns)
    return figure
