"""Draws the graph of a config: who teaches whom, what, and when."""

import math
import pathlib
from collections import defaultdict
from collections.abc import Mapping
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.path import Path

from ktg_mm.config import LABEL, EdgeConfig, GraphConfig
from ktg_mm.errors import UserError
from ktg_mm.files import whole_file

from .canvas import GREY, INK, Canvas
from .graph_layout import Box, arc, clear_arc, loop, place_text, ring, sampled, text_size
from .graph_legend import MEMBER, SHARED, TAUGHT_MEMBER, TAUGHT_SOURCE, Line, draw_legend, draw_mark, wrap
from .graph_text import edge_text, gate_name, node_lines, read_graph, shown_edges, taught_members
from .shown_figure import write_figure

# Okabe and Ito's colours, which the colour-blind can tell apart; the dashes do the same for a print in grey.
GATE_STYLES: dict[str, tuple[str, Any]] = {
    'Through': ('#0072B2', '-'),
    'Linear': ('#E69F00', (0, (5, 1.5))),
    'NegativeLinear': ('#D55E00', (0, (8, 1.5, 1, 1.5, 1, 1.5))),
    'Correct': ('#009E73', (0, (6, 1.5, 1.2, 1.5))),
    'Sine': ('#CC79A7', (0, (2.5, 1.2))),
    'EMA': ('#000000', (0, (1, 1.2))),
}
OTHER_STYLES: list[tuple[str, Any]] = [('#56B4E9', (0, (9, 2))), ('#8C7B00', (0, (4, 1, 1, 1))), (GREY, (0, (3, 3)))]
BENDS = sorted((bend / 10 for bend in range(-12, 13)), key=abs)
"""How far a line to a member, or to an owner of modules, may swerve round other nodes, straight first."""
MAX_WRITTEN = 8
"""With more edges between networks than this, their texts move from the arrows to the legend."""


def draw_graph(model_cfg: Mapping[str, Any], title: str = '') -> Figure:
    """Draws the graph of a model.

    Args:
        model_cfg: The ``model`` of a config, with ``nodes``, ``edges`` and ``target``.
        title: What is written above the picture.

    Returns:
        The picture, as large as its content needs; a notebook shows it.

    Raises:
        ConfigError: If there are no nodes, or an edge or the target names none of them.

    Example:
        >>> nodes = dict(a=dict(type='NetworkNode'), b=dict(type='NetworkNode'))
        >>> figure = draw_graph(dict(nodes=nodes, edges={'a->b': dict(loss=dict(type='KLDivergence'))}))
        >>> 'KL · Through' in [text.get_text() for text in figure.axes[0].texts]
        True
    """
    graph = read_graph(model_cfg)
    edges = shown_edges(graph)
    styles = _styles(edges)
    mutual = [edge for edge in edges if edge.source not in (LABEL, edge.target)]
    numbers = _numbers(mutual)
    written = len(mutual) <= MAX_WRITTEN
    boxes, outward = _place_nodes(graph, mutual if written else [])
    canvas = Canvas()
    undirected = _undirected(graph)
    for name in graph.nodes:
        _draw_node(canvas, *node_lines(graph, name), boxes[name])
    outside = _draw_outside(canvas, edges, boxes, outward, styles)
    for line, other, name in undirected:
        rest = [box for one, box in boxes.items() if one not in (name, other)]
        rest += [] if line is MEMBER else outside  # a faint line may pass behind a label
        line.draw(canvas, clear_arc(boxes[other], boxes[name], BENDS, rest))
    curves = _curves(mutual, boxes, outside, 0.24 if written else 0.15)
    tails = [sampled(curve, 2)[0] for edge, curve in zip(mutual, curves, strict=True) if not edge.detach]
    taken = [*boxes.values(), *outside, *(Box(x, y, 0.26, 0.26) for x, y in tails)]
    points = [sampled(curve) for curve in curves]
    for index, (edge, curve) in enumerate(zip(mutual, curves, strict=True)):
        colour, style = styles[gate_name(edge)]
        canvas.line(curve, colour, style, 1.5, tail=not edge.detach)
        if written or len(numbers) > 1:
            text = wrap(edge_text(edge)) if written else str(numbers[edge_text(edge)])
            size = text_size(text, 8)
            size = (size[0] + 0.1, size[1] + 0.05) if written else (0.19, 0.19)
            others = points[:index] + points[index + 1 :]
            place = place_text(curve, size, taken, others, beside=written)
            taken.append(place)
            draw_mark(canvas, text, place, colour, written)
    drawn = {line for line, _, _ in undirected}
    extra = [line for line in (MEMBER, TAUGHT_MEMBER, SHARED) if line in drawn]
    extra += [TAUGHT_SOURCE] if any(not edge.detach for edge in mutual) else []
    draw_legend(canvas, edges, {} if written else numbers, styles, extra)
    if title:
        limits = canvas.limits
        canvas.text(title, limits.intervalx.mean(), limits.y1 + 0.3, size=12, bold=True)
    return canvas.finish(margin=0.2)


def save_picture(figure: Figure, path: str | pathlib.Path, comment: str | None = None) -> pathlib.Path:
    """Saves a picture as SVG, with its text as text, or as PNG.

    Args:
        figure: The picture.
        path: The file; its ending says which of the two.
        comment: A text to keep in a PNG file. Defaults to None.

    Returns:
        The path.

    Raises:
        UserError: If the ending is another one or the file cannot be written.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_picture(draw_graph(dict(nodes=dict(a=dict(type='NetworkNode')))), f'{folder}/a.svg').name
        'a.svg'
    """
    path = pathlib.Path(path)
    ending = path.suffix.lower()
    if ending not in ('.svg', '.png'):
        raise UserError(f"{path}: a picture's name ends with .svg or .png, not with {ending!r}")
    with whole_file(path) as part:
        write_figure(figure, part, ending[1:], comment)
    return path


def _styles(edges: list[EdgeConfig]) -> dict[str, tuple[str, Any]]:
    """Colour and dashes of each gate that there is, in the legend's order."""
    gates = list(dict.fromkeys(map(gate_name, edges)))
    known = {gate: style for gate, style in GATE_STYLES.items() if gate in gates}
    others = [gate for gate in gates if gate not in known]
    return known | dict(zip(others, cycle(OTHER_STYLES), strict=False))


def _numbers(mutual: list[EdgeConfig]) -> dict[str, int]:
    """Numbers the different texts, those of one gate in a row."""
    order = list(_styles(mutual))
    texts = sorted({(order.index(gate_name(edge)), edge_text(edge)) for edge in mutual})
    return {text: number for number, (_, text) in enumerate(texts, start=1)}


def _undirected(graph: GraphConfig) -> list[tuple[Line, str, str]]:
    """What is no edge: how it is drawn, and the two nodes, the one that is read or owns modules first."""
    taught = taught_members(graph)
    owners = {name: graph.owner(name) for name in graph.nodes}
    shared = [(SHARED, owner, name) for name, owner in owners.items() if owner is not None and owner in graph.nodes]
    return shared + [
        (TAUGHT_MEMBER if (name, member) in taught else MEMBER, member, name)
        for name in graph.nodes
        for member in graph.members(name)
        if member in graph.nodes
    ]


def _place_nodes(graph: GraphConfig, written: list[EdgeConfig]) -> tuple[dict[str, Box], dict[str, float]]:
    """Puts networks on a ring and ensembles in a row below; returns boxes and the way outward."""
    sizes = {}
    for name in graph.nodes:
        lines, roles = node_lines(graph, name)
        lines = [*lines, *([', '.join(roles)] if roles else [])]
        widths = [text_size(lines[0], 10, bold=True)[0], *(text_size(line, 8)[0] for line in lines[1:])]
        sizes[name] = (max(0.9, max(widths) + 0.3), 0.22 + 0.155 * len(lines))
    circle = [name for name in graph.nodes if not graph.members(name)]
    # One size for all on the ring: their labels then stand in line.
    same = tuple(max((sizes[name][axis] for name in circle), default=0.0) for axis in (0, 1))
    sizes.update({name: (same[0], same[1]) for name in circle})
    gap = max([1.1, *(text_size(wrap(edge_text(edge)), 8)[0] + 0.9 for edge in written)])
    spots = ring(len(circle), same[0], gap)
    boxes = {name: Box(x, y, *sizes[name]) for name, (x, y, _) in zip(circle, spots, strict=True)}
    outward = {name: angle for name, (_, _, angle) in zip(circle, spots, strict=True)}
    below = [name for name in graph.nodes if name not in boxes]
    bottom = min((box.y for box in boxes.values()), default=0.0)
    drop = 1.9 if any(edge.source in below or edge.target in below for edge in written) else 1.5
    step = max((sizes[name][0] for name in below), default=0.0) + 0.6
    for index, name in enumerate(below):
        boxes[name] = Box((index - (len(below) - 1) / 2) * step, bottom - drop, *sizes[name])
        outward[name] = -math.pi / 2
    return boxes, outward


def _curves(mutual: list[EdgeConfig], boxes: Mapping[str, Box], outside: list[Box], bend: float) -> list[Path]:
    """Bends each edge to its left, so that an edge and its answer part; a second one bends further."""
    seen: dict[tuple[str, str], int] = defaultdict(int)
    curves = []
    for edge in mutual:
        source, target = boxes[edge.source], boxes[edge.target]
        height = bend + 0.45 * seen[edge.source, edge.target]
        rest = [box for name, box in boxes.items() if name not in (edge.source, edge.target)]
        bends = [height, height + 0.4, height + 0.8, -height - 0.3, -height - 0.7, -height - 1.1]
        curves.append(clear_arc(source, target, bends, rest + outside))
        seen[edge.source, edge.target] += 1
    return curves


def _draw_node(canvas: Canvas, lines: list[str], roles: list[str], box: Box) -> None:
    frozen = 'frozen' in roles
    canvas.box(box, '#E8EEF2' if frozen else '#FFFFFF', INK, 3.0 if 'target' in roles else 1.1, dashed=frozen)
    top = box.y + (len(lines) + bool(roles) - 1) / 2 * 0.155
    for index, line in enumerate(lines):
        canvas.text(line, box.x, top - 0.155 * index, size=8 if index else 10, bold=not index)
    if roles:
        canvas.text(', '.join(roles), box.x, top - 0.155 * len(lines), colour=GREY)


def _draw_outside(
    canvas: Canvas,
    edges: list[EdgeConfig],
    boxes: Mapping[str, Box],
    outward: Mapping[str, float],
    styles: Mapping[str, tuple[str, Any]],
) -> list[Box]:
    """Draws label edges as stubs and self edges as loops on the outer side; returns what they cover."""
    covered: list[Box] = []
    for name, box in boxes.items():
        outside = [edge for edge in edges if edge.target == name and edge.source in (LABEL, name)]
        in_a_row = all(angle == math.pi / 2 for angle in outward.values())
        for edge, angle in zip(outside, _directions(len(outside), outward[name], in_a_row), strict=True):
            up = math.sin(angle) > 0.5
            colour, style = styles[gate_name(edge)]
            if edge.from_label:
                reach = float(np.linalg.norm(Box(0, 0, 0.5, 0.3).border(angle)))
                x, y = box.border(angle, 0.48 + reach)
                diamond = Box(x, y, 0.66, 0.4)
                canvas.line(arc(diamond, box, 0, 0.03), colour, style, 1.5)
                canvas.diamond(diamond, '#E4E4E4', GREY)
                canvas.text('label', x, y, size=7)
                reach = 0.2
            else:
                curve = loop(box, angle)
                canvas.line(curve, colour, style, 1.5)
                (x, y), reach = sampled(curve, 3)[1], 0.0
            text = wrap(edge_text(edge))
            width, height = text_size(text, 8)
            if not edge.from_label and abs(math.cos(angle)) > 0.7:  # above or below, it would hide the loop
                shift = ((width / 2 + 0.1) * math.copysign(1, math.cos(angle)), 0.0)
            else:
                shift = (0.0, (reach + height / 2 + 0.05) * (1 if up else -1))
            place = Box(x + shift[0], y + shift[1], width + 0.1, height + 0.05)
            for other in covered:  # two that stand side by side part
                if place.overlap(other):
                    aside = (place.width + other.width) / 2 * (1 if other.x <= place.x else -1)
                    place = Box(other.x + aside, place.y, place.width, place.height)
            canvas.text(text, place.x, place.y)
            covered += [place, Box(x, y, 0.66, 0.4)]
    return covered


def _directions(count: int, outward: float, in_a_row: bool) -> list[float]:
    """Where label edges and loops go: outward; more than two part into above and below, if there is nothing below."""
    if in_a_row and count > 2:
        above = (count + 1) // 2
        return _directions(above, outward, False) + _directions(count - above, -outward, False)
    return [outward + (index - (count - 1) / 2) * math.radians(75) for index in range(count)]
