"""Says how long a search takes on many GPUs, without any: ``python tools/benchmarks/cluster.py``.

A simulation of its events: workers start, draw graphs, train them from rung to rung, report there and are stopped or go
on by the rule of the search; the storage answers one question at a time. A graph's score at a rung is drawn: a normal
number, which at the next rung is ``--correlation`` times itself and noise. How long an epoch takes differs from graph
to graph, evenly up to ``--spread`` of it. A worker without a graph to begin waits until all have ended, as they do.

What a piece of work costs is measured on a CPU: ``storage.py`` says what a read of the study and the writes around it
take, of a worker's time and of the server's, and ``startup.py`` what passes before the first iteration and between two
trials. What an epoch takes is for you to say; 52 s are 625 steps of 83 ms.

Printed are medians over seeds, and where the GPUs' hours went: training, start (imports), storage (waiting for it, and
what passes between two trials) and idle (nothing left to begin).
"""

import argparse
import heapq
import itertools
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np
from asha import Rungs
from report import Report, add_json

from ktg_mm.apis import one_line_errors
from ktg_mm.apis.arguments import Parser, whole_number
from ktg_mm.errors import UserError


@dataclass(frozen=True)
class Plan:
    """A search, and what its parts cost, in seconds.

    Args:
        graphs: How many are tried.
        epochs: Of one that is trained to the end.
        factor: One in so many goes on at a rung; 0 trains all to the end.
        epoch: That a graph's epoch takes in the mean.
        spread: By which share of it graphs differ at most, 0 to 1.
        validation: That a validation takes, one at each rung and at the end.
        correlation: Of a graph's scores at two rungs that follow one another.
        start: From a worker's start to its first trial.
        between: From a trial's end to the next one's first iteration, without the storage.
        read: Of a worker for a read of the study and the writes around it, and more for each trial that is running and
            for each that has ended.
        served: Of the server for it, and more for each trial that is running.
        reads: For each trial, besides one for each report.
        poll: From one read of a worker that waits to the next.
    """

    graphs: int = 1500
    epochs: int = 200
    factor: int = 2
    epoch: float = 52.0
    spread: float = 0.4
    validation: float = 4.0
    correlation: float = 0.9
    start: float = 5.7
    between: float = 0.3
    read: tuple[float, float, float] = (0.008, 0.0004, 0.000005)
    served: tuple[float, float] = (0.0025, 0.00005)
    reads: int = 8
    poll: float = 15.0

    @property
    def rungs(self) -> list[int]:
        """The epochs at which graphs are compared."""
        if not self.factor:
            return []
        return [self.factor**k for k in range(math.ceil(math.log(self.epochs, self.factor)))]


@dataclass(frozen=True)
class Outcome:
    """What a search took.

    Args:
        hours: From its start to the last trial's end.
        spent: GPU hours by what they went into.
        epochs: That were trained.
        complete: Graphs that were trained to the end.
        longest: Hours of the longest trial.
    """

    hours: float
    spent: dict[str, float]
    epochs: int
    complete: int
    longest: float


@dataclass(frozen=True)
class _Trial:
    """A graph under way: who trains it since when, and the rung that it has come to, -1 before the first."""

    worker: int
    graph: int
    stage: int = -1
    since: float = 0.0


class _Search:
    """One search, as its workers go through it."""

    def __init__(self, plan: Plan, gpus: int, seed: int) -> None:
        self.plan, self.gpus = plan, gpus
        draw = np.random.default_rng(seed)
        self._stages = [*plan.rungs, plan.epochs]
        self._rungs = Rungs(plan.rungs, plan.factor)
        self._scores = draw.standard_normal((plan.graphs, len(self._stages)))
        for k in range(1, len(self._stages)):
            noise = math.sqrt(1 - plan.correlation**2) * self._scores[:, k]
            self._scores[:, k] = plan.correlation * self._scores[:, k - 1] + noise
        self._epoch = plan.epoch * draw.uniform(1 - plan.spread, 1 + plan.spread, plan.graphs)
        self._free = 0.0  # when the server has answered all that it was asked so far
        self._begun = self._running = self._ended = 0
        # When a question comes to the server, and of which trial it is; the number keeps those of one moment in order.
        self._events: list[tuple[float, int, _Trial, int]] = []
        self._order = itertools.count()
        self.spent: dict[str, float] = defaultdict(float)

    def run(self) -> Outcome:
        """Goes through it."""
        plan = self.plan
        self.spent['start'] = self.gpus * plan.start
        for worker in range(self.gpus):
            self._take(plan.start, worker)
        complete = epochs = 0
        last = longest = 0.0
        while self._events:
            now, _, trial, reads = heapq.heappop(self._events)
            now = self._served(now)
            if reads > 1:
                self._ask(now, trial, reads - 1)
                continue
            done = self._stages[trial.stage] if trial.stage >= 0 else 0
            if done == plan.epochs or (done and self._rungs.stops(done, self._scores[trial.graph, trial.stage])):
                self._running, self._ended = self._running - 1, self._ended + 1
                last, longest = max(last, now), max(longest, now - trial.since)
                epochs, complete = epochs + done, complete + (done == plan.epochs)
                self._take(now, trial.worker)
                continue
            following = replace(trial, stage=trial.stage + 1)
            seconds = (self._stages[following.stage] - done) * self._epoch[trial.graph] + plan.validation
            self.spent['training'] += seconds
            self._ask(now + seconds, following, 1)
        self.spent['idle'] = self.gpus * last - sum(self.spent.values())
        spent = {name: float(seconds) / 3600 for name, seconds in self.spent.items()}
        return Outcome(float(last) / 3600, spent, epochs, complete, float(longest) / 3600)

    def _take(self, now: float, worker: int) -> None:
        """A worker takes the next graph, if there is one."""
        if self._begun < self.plan.graphs:
            trial = _Trial(worker, self._begun, since=now)
            self._begun, self._running = self._begun + 1, self._running + 1
            self.spent['storage'] += self.plan.between
            self._ask(now + self.plan.between, trial, self.plan.reads)

    def _ask(self, now: float, trial: _Trial, reads: int) -> None:
        """A worker does its part of a read, and asks the server."""
        base, for_running, for_ended = self.plan.read
        seconds = base + for_running * self._running + for_ended * self._ended
        self.spent['storage'] += seconds
        heapq.heappush(self._events, (now + seconds, next(self._order), trial, reads))

    def _served(self, now: float) -> float:
        """When the server has answered a question that has come now, and all that came before."""
        served = self.plan.served[0] + self.plan.served[1] * self._running
        waiting = self.gpus - self._running if self._begun == self.plan.graphs else 0
        left = max(0.05, 1 - waiting * served / self.plan.poll)  # what those that wait leave of the server
        self._free = max(now, self._free) + served / left
        self.spent['storage'] += self._free - now
        return self._free


def simulate(plan: Plan, gpus: int, seed: int = 0) -> Outcome:
    """Goes through a search.

    Args:
        plan: The search.
        gpus: Workers, one a GPU, all of which start at once.
        seed: Of the scores, and of how long graphs take.

    Example:
        >>> simulate(Plan(graphs=10, factor=0, epochs=10, epoch=36, spread=0, validation=0), gpus=1).epochs
        100
    """
    return _Search(plan, gpus, seed).run()


def bottleneck(outcomes: Sequence[Outcome], gpus: int) -> str:
    """What most of the time goes into that is no training."""
    lost = {name: sum(one.spent[name] for one in outcomes) for name in outcomes[0].spent if name != 'training'}
    name = max(lost, key=lambda one: lost[one])
    return f'{name} {100 * lost[name] / sum(gpus * one.hours for one in outcomes):.0f} %'


@one_line_errors
def main() -> None:
    """Prints a table."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sizes = [1, 10, 50, 100, 200, 500, 1000]
    parser.add_argument('--gpus', type=whole_number(1), nargs='+', default=sizes, help='default: 1 10 50 ... 1000')
    parser.add_argument('--graphs', type=whole_number(1), default=1500, help='graphs to try; default: 1500')
    parser.add_argument('--epochs', type=whole_number(1), default=200, help='of a whole training; default: 200')
    parser.add_argument('--factor', type=whole_number(0), default=2, help='one in so many goes on; 0: all; default: 2')
    parser.add_argument('--epoch-seconds', type=float, default=52.0, help='default: 52')
    parser.add_argument('--validation-seconds', type=float, default=4.0, help='default: 4')
    parser.add_argument('--spread', type=float, default=0.4, help='by which graphs differ in it, 0 to 1; default: 0.4')
    parser.add_argument('--correlation', type=float, default=0.9, help='of scores at two rungs; default: 0.9')
    parser.add_argument('--seeds', type=whole_number(1), default=20, help='searches of which medians are; default: 20')
    add_json(parser)
    args = parser.parse_args()
    if args.factor == 1:
        raise UserError('argument --factor: must be 0 or at least 2, got 1')
    for name in ('spread', 'correlation'):
        if not 0 <= (given := getattr(args, name)) <= 1:
            raise UserError(f'--{name}: must be 0 to 1, got {given}')
    if args.epoch_seconds <= 0:
        raise UserError(f'--epoch-seconds: must be above 0, got {args.epoch_seconds}')
    plan = replace(
        Plan(graphs=args.graphs, epochs=args.epochs, factor=args.factor, spread=args.spread),
        epoch=args.epoch_seconds,
        validation=args.validation_seconds,
        correlation=args.correlation,
    )
    alone = median(simulate(plan, 1, seed).hours for seed in range(args.seeds))
    with Report(args, 'GPUs') as report:
        for gpus in args.gpus:
            found = [simulate(plan, gpus, seed) for seed in range(args.seeds)]
            hours = [outcome.hours for outcome in found]
            report.add(
                f'{gpus}',
                hours=round(median(hours), 2),
                range=[round(min(hours), 2), round(max(hours), 2)],
                GPU_hours_held=round(gpus * median(hours), 1),
                of_them_training=round(median(outcome.spent['training'] for outcome in found), 1),
                epochs=round(median(outcome.epochs for outcome in found)),
                efficiency=round(alone / median(hours) / gpus, 2),
                longest_trial=round(median(outcome.longest for outcome in found), 2),
                most_lost=bottleneck(found, gpus),
            )


if __name__ == '__main__':
    main()
