"""Measures what stopping saves, on recorded curves: ``python tools/benchmarks/asha.py tests/data/digits_curves.json``.

In each of many random orders the graphs arrive one after the other, at one worker. Plain random search trains each to
the end; ASHA stops it at a rung if its rank there is above ``max(1, floor(n / factor))``. Counted are the epochs until
a graph of the top 5 % (by the last score; ties with the worst of them belong to it) has been trained to the end. From
then on, and not before, the best complete graph is of the top 5 %.

Printed as JSON: the epochs of both, the ratio of their medians and the median ratio of an order, with 95 % intervals
that speak of the orders, not of other graphs. An order in which ASHA never gets there counts as infinitely many epochs.
``whole_search`` asks in another way: the epochs of a search through all graphs, as a share of what training them all to
the end takes, and the share of orders in which it ends with a graph of the top.
``perfect_rungs`` is the same with the last score at every rung. ``least_possible`` is what the rule needs at least, on
any curves: the first graph, which nothing can stop, and the one that is found to the end, all others to the first rung.
"""

import bisect
import json
import math
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ktg_mm.apis import one_line_errors
from ktg_mm.apis.arguments import Parser
from ktg_mm.errors import UserError

_HUGE = 1e15  # epochs; stands for infinity where quantiles are interpolated


class Rungs:
    """Stopping ASHA with sorted lists, higher scores being better; the tests hold it against the search's pruner.

    Args:
        epochs: The epochs to compare at.
        factor: One in so many goes on.
    """

    def __init__(self, epochs: Sequence[int], factor: int) -> None:
        self.factor = factor
        self._worse: dict[int, list[float]] = {epoch: [] for epoch in epochs}  # negative, so that the best come first

    def stops(self, epoch: int, score: float) -> bool:
        """Takes a score and returns whether its graph is to stop; NaN stops and is not counted."""
        if math.isnan(score):
            return True
        values = self._worse[epoch]
        bisect.insort(values, -score)
        return -score > values[max(1, len(values) // self.factor) - 1]


def asha_epochs(scores: np.ndarray, order: Iterable[int], epochs: Sequence[int], factor: int) -> np.ndarray:
    """How long each graph is trained.

    Args:
        scores: Of each graph (rows) after each of the epochs; the last are of complete graphs.
        order: In which the graphs arrive.
        epochs: The epochs of the columns, rising.
        factor: One in so many goes on.

    Returns:
        Epochs of each graph in that order.

    Example:
        >>> asha_epochs(np.array([[5.0, 8], [4, 9], [6, 7]]), [0, 1, 2], [1, 2], 2)
        array([2, 1, 2])
    """
    rungs = Rungs(epochs[:-1], factor)
    trained = []
    for graph in order:
        row = scores[graph]
        stop = (epoch for epoch, score in zip(epochs[:-1], row, strict=False) if rungs.stops(epoch, score))
        trained.append(next(stop, epochs[-1]))
    return np.array(trained)


def until_top(trained: np.ndarray, top: np.ndarray, last: int) -> float:
    """Epochs spent until a graph of the top has been trained to the end; infinite if none ever is."""
    hits = np.flatnonzero((trained == last) & top)
    return float(trained[: hits[0] + 1].sum()) if len(hits) else math.inf


def spent(
    scores: np.ndarray, top: np.ndarray, epochs: Sequence[int], factor: int, orders: int
) -> dict[str, np.ndarray]:
    """Epochs until one of the top is found, in each of many random orders, seeded 0, 1, ...

    Args:
        scores: As for :func:`asha_epochs`.
        top: Whether each graph is one to be found.
        epochs: As for :func:`asha_epochs`.
        factor: One in so many goes on.
        orders: Number of orders.

    Returns:
        Of plain random search (``plain``) and of ASHA: ``measured``, ``perfect_rungs`` and ``least_possible``; and the
        epochs of ASHA through all graphs (``whole``).
    """
    last = epochs[-1]
    perfect = np.repeat(scores[:, -1:], len(epochs), axis=1)
    found = {name: np.empty(orders) for name in ('plain', 'measured', 'perfect_rungs', 'least_possible', 'whole')}
    for seed in range(orders):
        order = np.random.default_rng(seed).permutation(len(scores))
        first = np.flatnonzero(top[order])[0]
        found['plain'][seed] = (first + 1) * last
        found['least_possible'][seed] = last + (first > 0) * (last + (first - 1) * epochs[0])
        for name, curves in (('measured', scores), ('perfect_rungs', perfect)):
            trained = asha_epochs(curves, order, epochs, factor)
            found[name][seed] = until_top(trained, top[order], last)
            if name == 'measured':
                found['whole'][seed] = trained.sum()
    return found


def compare(asha: np.ndarray, plain: np.ndarray) -> dict[str, Any]:
    """The medians of both, and their ratio in two ways.

    Args:
        asha: Epochs of ASHA in each order.
        plain: Epochs of plain random search in the same orders.
    """
    from scipy.stats import bootstrap, quantile_test  # which takes a second

    ratio = asha / plain

    def of_medians(asha: np.ndarray, plain: np.ndarray, axis: int) -> np.ndarray:
        return np.median(asha, axis=axis) / np.median(plain, axis=axis)

    resampled = bootstrap(
        (np.minimum(asha, _HUGE), plain),
        of_medians,
        paired=True,
        n_resamples=2000,
        method='percentile',
        rng=np.random.default_rng(0),
    )
    interval = quantile_test(ratio, p=0.5).confidence_interval(0.95)
    return dict(
        epochs_median=_plain(np.median(asha)),
        ratio_of_medians=_plain(np.median(asha) / np.median(plain)),
        ratio_of_medians_95=[_plain(bound) for bound in resampled.confidence_interval],
        median_ratio=_plain(np.median(ratio)),
        median_ratio_95=[_plain(bound) for bound in interval],
        share_never=float(np.mean(np.isinf(asha))),
    )


def _plain(value: float) -> float | None:
    """A number for JSON, which knows no infinity."""
    return round(float(value), 4) if value < _HUGE / 1e6 else None


def read_curves(path: Path) -> tuple[np.ndarray, list[int]]:
    """Reads a file of ``record_curves.py``.

    Args:
        path: The file.

    Returns:
        The scores, a row for each graph and higher ones better, and the epochs of the columns.

    Raises:
        UserError: If it cannot be read, or the curves have different epochs.
    """
    try:
        content = json.loads(path.read_text())
        curves = [{int(epoch): value for epoch, value in curve['values'].items()} for curve in content['curves']]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f'{path}: is no file of tools/benchmarks/record_curves.py: {error!r}') from error
    if not curves or len({tuple(curve) for curve in curves}) > 1:
        raise UserError(f'{path}: all curves must have scores at the same epochs')
    sign = -1 if content.get('direction') == 'minimize' else 1
    return sign * np.array([list(curve.values()) for curve in curves]), list(curves[0])


def measure(path: Path, orders: int = 1000, factor: int = 2, first: int = 1, top: float = 0.05) -> dict[str, Any]:
    """Compares on a file of curves.

    Args:
        path: From ``record_curves.py``.
        orders: Number of random orders.
        factor: ``reduction_factor`` of the pruner.
        first: ``min_resource`` of the pruner.
        top: Share of the graphs that are to be found one of.

    Raises:
        UserError: If the file has no scores at these rungs.
    """
    scores, recorded = read_curves(path)
    epochs = [first]
    while epochs[-1] * factor < recorded[-1]:
        epochs.append(epochs[-1] * factor)
    if epochs[-1] != recorded[-1]:
        epochs.append(recorded[-1])
    if missing := sorted(set(epochs) - set(recorded)):
        raise UserError(f'{path}: has no scores at epoch {missing[0]}; it has: {", ".join(map(str, recorded))}')
    from scipy.stats import spearmanr

    scores = scores[:, [recorded.index(epoch) for epoch in epochs]]
    last = scores[:, -1]
    threshold = np.sort(last)[-math.ceil(top * len(last))]
    wanted = last >= threshold
    epochs_spent = spent(scores, wanted, epochs, factor, orders)
    plain, whole = epochs_spent.pop('plain'), epochs_spent.pop('whole')
    return dict(
        graphs=len(scores),
        epochs=epochs[-1],
        rungs=epochs[:-1],
        factor=factor,
        orders=orders,
        top=top,
        top_graphs=int(wanted.sum()),
        last_score={f'{share} %': _plain(np.percentile(last, share)) for share in (0, 5, 50, 95, 100)},
        rank_correlation_with_last={
            epoch: _plain(spearmanr(column, last).statistic) for epoch, column in zip(epochs, scores.T, strict=True)
        },
        plain_epochs_median=_plain(np.median(plain)),
        **{name: compare(asha, plain) for name, asha in epochs_spent.items()},
        whole_search=dict(
            epochs_median=_plain(np.median(whole)),
            ratio_median=_plain(np.median(whole) / (len(scores) * epochs[-1])),
            ratio_95=[_plain(np.percentile(whole, q) / (len(scores) * epochs[-1])) for q in (2.5, 97.5)],
            share_ends_in_top=float(np.mean(np.isfinite(epochs_spent['measured']))),
        ),
    )


@one_line_errors
def main() -> None:
    """Prints the comparison."""
    parser = Parser(description='Measures how many epochs stopping saves, on recorded curves.')
    parser.add_argument('curves', type=Path, help='file of tools/benchmarks/record_curves.py')
    parser.add_argument('--orders', type=int, default=1000, help='random orders; default: 1000')
    parser.add_argument('--factor', type=int, default=2, help='one graph in so many goes on; default: 2')
    parser.add_argument('--min-resource', type=int, default=1, help='epochs to the first rung; default: 1')
    parser.add_argument('--top', type=float, default=0.05, help='share of graphs to find one of; default: 0.05')
    args = parser.parse_args()
    if args.orders < 1 or args.factor < 2 or args.min_resource < 1 or not 0 < args.top <= 1:
        raise UserError('--orders and --min-resource must be at least 1, --factor at least 2, --top above 0, at most 1')
    json.dump(measure(args.curves, args.orders, args.factor, args.min_resource, args.top), sys.stdout, indent=1)
    print()


if __name__ == '__main__':
    main()
