"""Where the things of a graph picture go; every length is in inches, so that text can be measured."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.textpath import TextPath


@dataclass(frozen=True)
class Box:
    """A rectangle.

    Args:
        x: Centre.
        y: Centre.
        width: Full width.
        height: Full height.

    Example:
        >>> Box(0, 0, 2, 1).overlap(Box(1.5, 0, 2, 1))
        0.5
    """

    x: float
    y: float
    width: float
    height: float

    @property
    def centre(self) -> np.ndarray:
        """The centre as an array (2,)."""
        return np.array([self.x, self.y])

    def overlap(self, other: 'Box') -> float:
        """Returns the area that two boxes share.

        Args:
            other: The other box.
        """
        width = (self.width + other.width) / 2 - abs(self.x - other.x)
        height = (self.height + other.height) / 2 - abs(self.y - other.y)
        return max(0.0, min(width, self.width, other.width)) * max(0.0, min(height, self.height, other.height))

    def inside(self, points: np.ndarray, margin: float = 0.0) -> np.ndarray:
        """Tells which points lie inside.

        Args:
            points: Shape (N, 2).
            margin: How far outside still counts.
        """
        reach = np.array([self.width, self.height]) / 2 + margin
        return (np.abs(points - self.centre) < reach).all(axis=1)

    def border(self, angle: float, margin: float = 0.0) -> np.ndarray:
        """Returns the point of the border in a direction from the centre.

        Args:
            angle: Direction in radians.
            margin: How far outside the border.
        """
        direction = np.array([math.cos(angle), math.sin(angle)])
        reach = np.array([self.width, self.height]) / 2
        return self.centre + direction * ((reach / np.maximum(np.abs(direction), 1e-9)).min() + margin)


@dataclass(frozen=True)
class Curve:
    """A Bézier curve of degree 2 or 3.

    Args:
        control: Control points, shape (3, 2) or (4, 2).

    Example:
        >>> Curve(np.array([[0.0, 0.0], [1.0, 2.0], [2.0, 0.0]])).points(np.array([0.5])).tolist()
        [[1.0, 1.0]]
    """

    control: np.ndarray

    def points(self, t: np.ndarray) -> np.ndarray:
        """Returns the points at the parameters ``t``.

        Args:
            t: Shape (N,), from 0 to 1.
        """
        points = [np.broadcast_to(point, (len(t), 2)) for point in self.control]
        while len(points) > 1:
            points = [(1 - t)[:, None] * a + t[:, None] * b for a, b in pairwise(points)]
        return points[0]

    def part(self, start: float, end: float) -> 'Curve':
        """Returns the piece between two parameters as a curve of its own.

        Args:
            start: Parameter at which the piece begins.
            end: Parameter at which it ends.
        """
        degree = len(self.control) - 1
        pieces = []
        for index in range(degree + 1):
            points = list(self.control)
            for level in range(degree):  # The blossom: 'end' is used 'index' times.
                t = end if level < index else start
                points = [(1 - t) * a + t * b for a, b in pairwise(points)]
            pieces.append(points[0])
        return Curve(np.array(pieces))

    def between(self, source: Box, target: Box, margin: float = 0.04) -> 'Curve':
        """Returns the piece that is outside both boxes.

        Args:
            source: Where the curve begins.
            target: Where it ends.
            margin: Distance kept from the boxes.
        """
        t = np.linspace(0, 1, 401)
        points = self.points(t)
        free = np.flatnonzero(~source.inside(points, margin) & ~target.inside(points, margin))
        return self.part(t[free[0]], t[free[-1]]) if len(free) > 1 else self

    def at_length(self, fraction: float) -> float:
        """Returns the parameter at a fraction of the curve's length.

        Args:
            fraction: From 0 to 1.
        """
        t = np.linspace(0, 1, 201)
        length = np.r_[0, np.cumsum(np.linalg.norm(np.diff(self.points(t), axis=0), axis=1))]
        return float(np.interp(fraction * length[-1], length, t))

    def length(self) -> float:
        """Returns the curve's length."""
        return float(np.linalg.norm(np.diff(self.points(np.linspace(0, 1, 201)), axis=0), axis=1).sum())

    def path(self) -> Path:
        """Returns the curve as a matplotlib path."""
        code = Path.CURVE3 if len(self.control) == 3 else Path.CURVE4
        return Path(self.control, [Path.MOVETO] + [code] * (len(self.control) - 1))


def arc(start: np.ndarray, end: np.ndarray, bend: float) -> Curve:
    """Returns an arc that lies to the left of the straight way by ``bend`` in its middle.

    Args:
        start: First point (2,).
        end: Last point (2,).
        bend: Distance of the arc's middle from the straight line.

    Example:
        >>> arc(np.array([0.0, 0.0]), np.array([2.0, 0.0]), 0.5).points(np.array([0.5])).tolist()
        [[1.0, 0.5]]
    """
    way = end - start
    left = np.array([-way[1], way[0]]) / max(float(np.linalg.norm(way)), 1e-9)
    return Curve(np.array([start, (start + end) / 2 + 2 * bend * left, end]))


def clear_arc(source: Box, target: Box, bends: Iterable[float], others: Iterable[Box]) -> Curve:
    """Returns an arc between two boxes that passes behind no other one, where some bend allows that.

    Args:
        source: Where the arc begins.
        target: Where it ends.
        bends: Bends to try, the best one first.
        others: Boxes to go round.

    Example:
        >>> left, middle, right = Box(0, 0, 1, 1), Box(3, 0, 1, 1), Box(6, 0, 1, 1)
        >>> clear_arc(left, right, [0.0, 1.0], [middle]).points(np.array([0.5])).tolist()
        [[3.0, 1.0]]
    """
    others = list(others)
    curves = [arc(source.centre, target.centre, bend) for bend in bends]
    samples = np.linspace(0, 1, 60)
    hidden = [sum(int(box.inside(c.points(samples), 0.08).sum()) for box in others) for c in curves]
    return curves[int(np.argmin(hidden))].between(source, target)


def loop(box: Box, angle: float) -> Curve:
    """Returns a loop that leaves a box and comes back to it.

    Args:
        box: The node.
        angle: Direction of the loop from the node, in radians.

    Example:
        >>> loop(Box(0, 0, 1, 1), 0.0).control.shape
        (4, 2)
    """
    first, last = box.border(angle - 0.3, 0.04), box.border(angle + 0.3, 0.04)
    out = np.array([math.cos(angle), math.sin(angle)])
    side = np.array([-out[1], out[0]])
    return Curve(np.array([first, first + 0.8 * out - 0.3 * side, last + 0.8 * out + 0.3 * side, last]))


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
    curve: Curve, size: tuple[float, float], taken: Iterable[Box], others: Sequence[np.ndarray], beside: bool
) -> Box:
    """Finds a place for a text on a curve, nearer to its beginning, where it hides least.

    Args:
        curve: The arrow that the text belongs to.
        size: Width and height of the text.
        taken: Boxes that should stay free.
        others: Points (N, 2) of each other arrow.
        beside: Puts the text at the curve's outer side, not on it.

    Example:
        >>> curve = arc(np.array([0.0, 0.0]), np.array([4.0, 0.0]), 0.0)
        >>> box = place_text(curve, (0.5, 0.2), [], [], beside=False)
        >>> round(box.x, 2), box.y
        (1.36, 0.0)
    """
    taken = [Box(box.x, box.y, box.width + 0.14, box.height + 0.1) for box in taken]
    best, least = Box(0, 0, *size), math.inf
    for fraction in (0.34, 0.38, 0.3, 0.42, 0.26, 0.46, 0.5, 0.56, 0.62, 0.68):
        t = curve.at_length(fraction)
        before, here, after = curve.points(np.clip(np.array([t - 0.01, t, t + 0.01]), 0, 1))
        way = (after - before) / max(float(np.linalg.norm(after - before)), 1e-9)
        left = np.array([-way[1], way[0]])
        reach = abs(left[0]) * size[0] / 2 + abs(left[1]) * size[1] / 2
        for shift in (reach + 0.03, 0.6 * reach, 0.0) if beside else (0.0,):
            x, y = here + left * shift
            box = Box(float(x), float(y), *size)
            hidden = sum(box.inside(points, 0.02).mean() for points in others)
            cost = 20 * sum(box.overlap(other) for other in taken) + 4 * hidden
            cost += 0.3 * abs(fraction - 0.34) + 0.1 * (beside and shift <= 0.6 * reach)
            if cost < least - 1e-9:
                best, least = box, cost
    return best


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
