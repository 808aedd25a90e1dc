"""Where the things of a graph picture go; every length is in inches, so that text can be measured."""

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib.bezier import BezierSegment
from matplotlib.font_manager import FontProperties
from matplotlib.patches import ConnectionStyle
from matplotlib.path import Path
from matplotlib.textpath import TextPath
from matplotlib.transforms import Bbox


class Box(Bbox):
    """A rectangle, given by its centre.

    Args:
        x: Centre.
        y: Centre.
        width: Full width.
        height: Full height.

    Example:
        >>> Box(0, 0, 2, 1).overlap(Box(1.5, 0, 2, 1))
        0.5
    """

    def __init__(self, x: float, y: float, width: float, height: float) -> None:
        super().__init__([[x - width / 2, y - height / 2], [x + width / 2, y + height / 2]])
        self.x, self.y, self.centre = float(x), float(y), np.array([x, y])

    def overlap(self, other: Bbox) -> float:
        """Returns the area that two boxes share.

        Args:
            other: The other box.
        """
        shared = Bbox.intersection(self, other)
        return 0.0 if shared is None else float(shared.width * shared.height)

    def border(self, angle: float, margin: float = 0.0) -> np.ndarray:
        """Returns the point of the border in a direction from the centre.

        Args:
            angle: Direction in radians.
            margin: How far outside the border.
        """
        direction = np.array([math.cos(angle), math.sin(angle)])
        reach = np.array(self.size) / 2
        return self.centre + direction * ((reach / np.maximum(np.abs(direction), 1e-9)).min() + margin)


def arc(source: Box, target: Box, bend: float, margin: float = 0.04) -> Path:
    """Returns an arc from one box to another that lies to the left of the straight way by ``bend`` in its middle.

    Args:
        source: Where the arc begins.
        target: Where it ends.
        bend: Distance of the middle of the whole arc, from centre to centre, from the straight line.
        margin: Distance kept from the boxes.

    Example:
        >>> sampled(arc(Box(0, 0, 1, 1), Box(3, 0, 1, 1), 0.5, margin=0.5), 3).round(2).tolist()
        [[1.0, 0.44], [1.5, 0.5], [2.0, 0.44]]
    """
    length = max(math.dist(source.centre, target.centre), 1e-9)
    ends = [_Inside(box.padded(margin)) for box in (source, target)]
    style = ConnectionStyle.Arc3(-2 * bend / length)
    return style((source.x, source.y), (target.x, target.y), 0, 0, *ends)  # type: ignore[arg-type]


class _Inside:
    """A rectangle for a ``ConnectionStyle``, which asks where a curve leaves it: a patch takes ten times as long."""

    def __init__(self, box: Bbox) -> None:
        self.left, self.bottom, self.right, self.top = map(float, box.extents)

    def contains(self, point: Any) -> tuple[bool]:
        """Whether a point with ``x`` and ``y`` lies within, as a ``Patch`` answers."""
        return (bool(self.left < point.x < self.right and self.bottom < point.y < self.top),)


def sampled(path: Path, number: int = 60) -> np.ndarray:
    """Returns points of a path that is one Bézier curve, at evenly spaced parameters.

    Args:
        path: The path.
        number: Number of points N.

    Returns:
        Shape (N, 2).

    Example:
        >>> sampled(Path([[0, 0], [1, 2], [2, 0]], [Path.MOVETO, Path.CURVE3, Path.CURVE3]), 3).tolist()
        [[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]]
    """
    return BezierSegment(path.vertices)(np.linspace(0, 1, number))


def clear_arc(source: Box, target: Box, bends: Iterable[float], others: Iterable[Box]) -> Path:
    """Returns an arc between two boxes that passes behind no other one, where some bend allows that.

    Args:
        source: Where the arc begins.
        target: Where it ends.
        bends: Bends to try, the best one first.
        others: Boxes to go round.

    Example:
        >>> left, middle, right = Box(0, 0, 1, 1), Box(3, 0, 1, 1), Box(6, 0, 1, 1)
        >>> sampled(clear_arc(left, right, [0.0, 1.0], [middle]), 3)[1].round(2).tolist()
        [3.0, 1.0]
    """
    around = [box.padded(0.08) for box in others]
    found: list[tuple[int, Path]] = []
    for bend in bends:
        path = arc(source, target, bend)
        points = sampled(path)
        found.append((sum(box.count_contains(points) for box in around), path))
        if not found[-1][0]:
            break
    return min(found, key=lambda one: one[0])[1]


def loop(box: Box, angle: float) -> Path:
    """Returns a loop that leaves a box and comes back to it.

    Args:
        box: The node.
        angle: Direction of the loop from the node, in radians.

    Example:
        >>> loop(Box(0, 0, 1, 1), 0.0).vertices.shape
        (4, 2)
    """
    first, last = box.border(angle - 0.3, 0.04), box.border(angle + 0.3, 0.04)
    out = np.array([math.cos(angle), math.sin(angle)])
    side = np.array([-out[1], out[0]])
    control = [first, first + 0.8 * out - 0.3 * side, last + 0.8 * out + 0.3 * side, last]
    return Path(control, [Path.MOVETO, *[Path.CURVE4] * 3])


def ring(count: int, width: float, gap: float) -> list[tuple[float, float, float]]:
    """Places nodes on a ring with two of them, not one, at the bottom; one or two stand in a row.

    Args:
        count: Number of nodes.
        width: Width of the widest node.
        gap: Least free width between neighbours.

    Returns:
        For each node x, y and the angle that points away from the others.

    Example:
        >>> ring(2, 1.0, 2.0)
        [(-1.5, 0.0, 1.5707963267948966), (1.5, 0.0, 1.5707963267948966)]
    """
    if count <= 2:
        step = width + gap
        return [((index - (count - 1) / 2) * step, 0.0, math.pi / 2) for index in range(count)]
    radius = (width + gap) / 2 / math.sin(math.pi / count)
    first = math.pi / 2 + (0 if count % 2 else math.pi / count)
    angles = [first - 2 * math.pi * index / count for index in range(count)]
    return [(radius * math.cos(a), radius * math.sin(a), a) for a in angles]


def place_text(
    path: Path, size: tuple[float, float], taken: Iterable[Box], others: Sequence[np.ndarray], beside: bool
) -> Box:
    """Finds a place for a text on an arrow, nearer to its beginning, where it hides least.

    Args:
        path: The arrow that the text belongs to.
        size: Width and height of the text.
        taken: Boxes that should stay free.
        others: Points (N, 2) of each other arrow.
        beside: Puts the text at the arrow's outer side, not on it.

    Example:
        >>> box = place_text(Path([[0.0, 0.0], [4.0, 0.0]]), (0.5, 0.2), [], [], beside=False)
        >>> round(box.x, 2), box.y
        (1.36, 0.0)
    """
    curve, t = BezierSegment(path.vertices), np.linspace(0, 1, 201)
    length = np.r_[0, np.cumsum(np.linalg.norm(np.diff(curve(t), axis=0), axis=1))]
    fractions = np.array([0.34, 0.38, 0.3, 0.42, 0.26, 0.46, 0.5, 0.56, 0.62, 0.68])
    middles = np.interp(fractions * length[-1], length, t)
    before, here, after = (curve(np.clip(middles + step, 0, 1)) for step in (-0.01, 0.0, 0.01))
    way = (after - before) / np.maximum(np.linalg.norm(after - before, axis=1, keepdims=True), 1e-9)
    left = np.stack([-way[:, 1], way[:, 0]], axis=1)
    reach = np.abs(left) @ np.array(size) / 2
    shifts = np.stack([reach + 0.03, 0.6 * reach, 0 * reach] if beside else [0 * reach], axis=1)
    centres = (here[:, None] + left[:, None] * shifts[..., None]).reshape(-1, 2)
    cost = (0.3 * np.abs(fractions - 0.34)[:, None] + 0.1 * (beside & (shifts <= 0.6 * reach[:, None]))).ravel()
    low, high = centres - np.array(size) / 2, centres + np.array(size) / 2
    for box in (box.padded(0.07, 0.05) for box in taken):
        shared = np.minimum(high, box.p1) - np.maximum(low, box.p0)
        cost += 20 * np.clip(shared, 0, None).prod(axis=1)
    for points in others:
        hidden = (low[:, None] - 0.02 < points) & (points < high[:, None] + 0.02)
        cost += 4 * hidden.all(axis=2).mean(axis=1)
    best = 0
    for index, one in enumerate(cost):
        if one < cost[best] - 1e-9:  # of two that cost the same the first, whatever the rounding
            best = index
    x, y = centres[best]
    return Box(x, y, *size)


@lru_cache(maxsize=4096)
def text_size(text: str, size: float, bold: bool = False) -> tuple[float, float]:
    """Returns width and height of a text with one or more lines.

    Args:
        text: The text.
        size: Font size in points.
        bold: Whether it is printed bold.

    Example:
        >>> text_size('KL', 9)[0] < text_size('KLKL', 9)[0]
        True
    """
    font = FontProperties(size=size, weight='bold' if bold else 'normal')
    # A dollar sign would start a formula.
    lines = [line.replace('$', 'S') for line in text.split('\n')]
    widths = [TextPath((0, 0), line, prop=font).get_extents().width if line.strip() else 0.0 for line in lines]
    return float(max(widths)) / 72, len(lines) * size * 1.2 / 72
