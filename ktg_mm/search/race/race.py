"""A race: which runs there are to do, and what they have shown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, variance

from .rounds import EARLY_SEEDS, race_rounds, runs, survivors
from .verdict import Verdict, verdict


@dataclass(frozen=True)
class Job:
    """A run of a race.

    Args:
        graph: Name of the graph.
        seed: Its seed.

    Example:
        >>> print(Job('dml', 3))
        dml, seed 3
    """

    graph: str
    seed: int

    def __str__(self) -> str:
        """What the run is called."""
        return f'{self.graph}, seed {self.seed}'


Scores = Mapping[Job, float]


@dataclass(frozen=True)
class RaceResult:
    """How a race has ended.

    Args:
        found: Name of the graph that was left.
        baseline: Name of the one that it had to beat.
        verdict: What the last round's pairs show; None if fewer than two pairs have a score.
        winner: ``found`` if it is better, else ``baseline``.
    """

    found: str
    baseline: str
    verdict: Verdict | None

    @property
    def winner(self) -> str:
        """The graph to take: without an improvement that was shown the baseline."""
        return self.found if self.verdict is not None and self.verdict.better else self.baseline

    def __str__(self) -> str:
        """One line for people."""
        shown = self.verdict or 'no improvement shown: fewer than two pairs of runs came to a score'
        return f'{self.found} against {self.baseline}: {shown}'


class Race:
    """The best graphs of a search and the baseline on new seeds, by successive halving.

    The best of the baselines is the one whose mean is best, of its score in the search and of the first seeds. It runs
    in every round, and the graph that is left meets it in the last round, on seeds that have chosen nothing.

    Args:
        graphs: Scores in the search of those that are to beat the baseline, by name, the best first.
        baselines: Likewise of the baselines.
        seeds: Seeds of the last round.
        first_seed: The first one that the search has not used; the others follow.
        up: Whether higher scores are better.

    Example:
        >>> race = Race({'trial 7': 91.0}, {'dml': 90.0}, seeds=2, first_seed=1, up=True)
        >>> scores = {job: 90.0 for job in race.jobs({})}
        >>> [str(job) for job in race.jobs(scores)]
        ['trial 7, seed 3', 'dml, seed 3', 'trial 7, seed 4', 'dml, seed 4']
    """

    def __init__(
        self, graphs: Mapping[str, float], baselines: Mapping[str, float], seeds: int, first_seed: int, up: bool
    ) -> None:
        self._graphs, self._baselines, self._up = dict(graphs), dict(baselines), up
        self._rounds = race_rounds(len(graphs), seeds) if graphs else []
        self._first_seed = first_seed

    def early_jobs(self) -> list[Job]:
        """The runs of the baselines, which can be done before the search and say how far seeds spread."""
        return [Job(name, seed) for seed in self._early_seeds() for name in self._baselines]

    def jobs(self, ended: Scores) -> list[Job]:
        """The runs of the round that the race is at; empty once it is over.

        Args:
            ended: The score of each run that has ended, NaN of one that has failed.
        """
        return self._state(ended)[0]

    def result(self, ended: Scores) -> RaceResult | None:
        """How the race has ended; None as long as it has not, or if it has no graphs.

        Args:
            ended: As for :meth:`jobs`.
        """
        jobs, graphs, baseline = self._state(ended)
        if jobs or not graphs:
            return None
        last = self._seeds()[-1] if self._rounds else range(0)
        pairs = [
            {seed: ended[job] for seed in last if math.isfinite(ended[job := Job(name, seed)])}
            for name in (graphs[0], baseline)
        ]
        both = pairs[0].keys() & pairs[1].keys()
        shown = verdict(pairs[0], pairs[1], self._up) if len(both) > 1 else None
        return RaceResult(graphs[0], baseline, shown)

    def _state(self, ended: Scores) -> tuple[list[Job], list[str], str]:
        """The runs of the present round, the graphs that are left, and the baseline."""
        graphs = list(self._graphs)
        jobs = self.early_jobs()
        if len(self._rounds) > 1:
            jobs = [Job(name, seed) for seed in self._early_seeds() for name in (*graphs, *self._baselines)]
        if not self._baselines or any(job not in ended for job in jobs):
            return jobs, graphs, ''
        baseline = survivors({name: self._known(name, ended) for name in self._baselines}, 1, self._up)[0]
        for one, seeds in zip(self._rounds, self._seeds(), strict=True):
            before = {name: _scores_of(name, ended, seeds.start) for name in graphs}  # a round chooses not for itself
            graphs = survivors(before, one.graphs, self._up)
            jobs = [Job(name, seed) for seed in seeds for name in (*graphs, baseline)]
            if any(job not in ended for job in jobs):
                return jobs, graphs, baseline
        return [], graphs, baseline

    def _known(self, name: str, ended: Scores) -> list[float]:
        return [self._baselines[name], *(ended[Job(name, seed)] for seed in self._early_seeds())]

    def _early_seeds(self) -> range:
        return range(self._first_seed, self._first_seed + EARLY_SEEDS)

    def _seeds(self) -> list[range]:
        """The seeds of each round. The first one's are the baselines' early ones, but a lone round has new ones."""
        start, found = self._first_seed + (EARLY_SEEDS if len(self._rounds) == 1 else 0), []
        for one in self._rounds:
            found.append(range(start, start + one.seeds))
            start += one.seeds
        return found


def race_runs(graphs: int, seeds: int, baselines: int) -> int:
    """How many trainings a race takes at most.

    Args:
        graphs: Those that are to beat the baseline.
        seeds: Seeds of the last round.
        baselines: Graphs of which the best is the baseline.

    Example:
        >>> race_runs(4, 5, 1), race_runs(4, 5, 3), race_runs(1, 5, 3)
        (26, 30, 16)
    """
    rounds = race_rounds(graphs, seeds)
    early = EARLY_SEEDS * (baselines - 1 if len(rounds) > 1 else baselines)
    return early + runs(rounds)


def spread_of(ended: Scores) -> float | None:
    """The standard deviation of one graph's seeds, from all graphs of several; None if there is none.

    Args:
        ended: The score of each run.

    Example:
        >>> spread_of({Job('a', 1): 90.0, Job('a', 2): 92.0, Job('b', 1): 70.0, Job('b', 2): 72.0})
        1.4142135623730951
    """
    values: dict[str, list[float]] = {}
    for job, score in ended.items():
        if math.isfinite(score):
            values.setdefault(job.graph, []).append(score)
    several: Sequence[list[float]] = [found for found in values.values() if len(found) > 1]
    weights = [len(found) - 1 for found in several]
    if not several:
        return None
    return math.sqrt(fmean(map(variance, several), weights))


def _scores_of(name: str, ended: Scores, before: int) -> list[float]:
    """A graph's scores with the seeds before one."""
    return [score for job, score in ended.items() if job.graph == name and job.seed < before]
