"""Compares methods with a found graph, seed by seed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import mean, stdev

from ktg_mm.search.race.interval import mean_interval
from ktg_mm.text_table import text_table

from .method_names import FOUND


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Args:
        method: Name of the method.
        scores: The target's score by seed.
        mean: Mean over the seeds.
        deviation: Standard deviation (n - 1); None with one seed.
        difference: Mean of found - method over the seeds that both have; None if there are none, and for found itself.
        interval: Its 95 % interval, of Student's t over the seeds; None with fewer than two.
    """

    method: str
    scores: dict[int, float]
    mean: float
    deviation: float | None
    difference: float | None = None
    interval: tuple[float, float] | None = None


def compare(scores: Mapping[str, Mapping[int, float]]) -> list[Row]:
    """Compares methods with the found graph, seed by seed.

    Args:
        scores: Scores by seed, by method.

    Example:
        >>> row = compare({'found': {0: 91.0, 1: 92.0, 2: 93.0}, 'dml': {0: 90.0, 1: 91.0, 2: 91.0}})[1]
        >>> round(row.mean, 2), round(row.difference, 2), [round(end, 2) for end in row.interval]
        (90.67, 1.33, [-0.1, 2.77])
    """
    rows = []
    for name, found in scores.items():
        values = list(found.values())
        reference = scores.get(FOUND, {}) if name != FOUND else {}
        pairs = [reference[seed] - score for seed, score in found.items() if seed in reference]
        rows.append(
            Row(
                method=name,
                scores=dict(found),
                mean=mean(values),
                deviation=stdev(values) if len(values) > 1 else None,
                difference=mean(pairs) if pairs else None,
                interval=mean_interval(pairs),
            )
        )
    return rows


def print_table(rows: Iterable[Row]) -> None:
    """Prints the table, as Markdown.

    Example:
        >>> print_table(compare({'found': {0: 91.0, 1: 92.0}, 'dml': {0: 90.0}}))
        | method | seeds |  mean | deviation | found - method | 95 % interval |
        |--------|-------|-------|-----------|----------------|---------------|
        | found  |     2 | 91.50 |      0.71 |                |               |
        | dml    |     1 | 90.00 |           |          +1.00 |               |
    """
    cells = [
        {
            'method': row.method,
            'seeds': str(len(row.scores)),
            'mean': f'{row.mean:.2f}',
            'deviation': '' if row.deviation is None else f'{row.deviation:.2f}',
            'found - method': '' if row.difference is None else f'{row.difference:+.2f}',
            '95 % interval': '' if row.interval is None else '{:+.2f} to {:+.2f}'.format(*row.interval),
        }
        for row in rows
    ]
    print(text_table(cells))
