"""Searches in a world of graphs, many at a time in step: samplers, stopping, graphs to try first, and a race."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from asha import Rungs

from ktg_mm.search.race.rounds import race_rounds, runs, survivors
from ktg_mm.search.race.verdict import verdict

_OWN_DRAWS = 20  # as in ktg_mm.search.space.candidates: so many by the sampler, the rest at random
_MOST_DRAWS = 500


class World(Protocol):
    """What a search is simulated in; ``GraphWorld`` and ``FixedGraphs`` say what its parts are."""

    choices: np.ndarray
    epochs: tuple[int, ...]
    enqueued: np.ndarray

    def canonical(self, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rows that stand for graphs, and the graphs' numbers."""

    def means(self, codes: np.ndarray) -> np.ndarray:
        """Mean scores of graphs."""

    def scores(self, means: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Scores of a training of each."""


@dataclass(frozen=True)
class Policy:
    """How to search.

    Args:
        sampler: ``random``, ``evolution`` or ``none``, which tries what is enqueued alone.
        prune: Epochs to the first rung of the stopping rule; None trains every graph to the end.
        enqueue: Whether the graphs that people know are tried first, to the end.
        race: Graphs in a race at the end, and seeds of its last round; None hands out the best of one seed. It is paid
            from the same budget.
        population: ``population_size`` of regularised evolution.
        tournament: Its ``tournament_size``.
        first: Its ``first``.
    """

    sampler: str = 'random'
    prune: int | None = None
    enqueue: bool = False
    race: tuple[int, int] | None = None
    population: int = 50
    tournament: int = 10
    first: int = 10


@dataclass
class Outcome:
    """What each of many searches came to.

    Args:
        true: Mean score, over all seeds, of the graph that is handed out.
        seen: Its score as the search knows it: of one seed, or the mean of the race's last round.
        shown: Whether the race has shown that it is better than the baseline.
        winner: Mean score over all seeds of the graph that is left of the race, shown or not.
        graphs: How many graphs were tried.
        spent: Epochs.
    """

    true: list[float] = field(default_factory=list)
    seen: list[float] = field(default_factory=list)
    shown: list[bool] = field(default_factory=list)
    winner: list[float] = field(default_factory=list)
    graphs: list[int] = field(default_factory=list)
    spent: list[float] = field(default_factory=list)


class Searches:
    """Searches that go on in step, a graph each at a time; each has one worker and a budget.

    Args:
        world: Where they search.
        policy: How.
        budget: Epochs of each.
        repeats: How many there are.
        random: Draws everything.
    """

    def __init__(self, world: World, policy: Policy, budget: float, repeats: int, random: np.random.Generator) -> None:
        self.world, self.policy, self.budget, self.random = world, policy, budget, random
        size = int(budget // world.epochs[-1]) + 1
        self.codes = np.zeros((repeats, size, len(world.choices)), np.int64)  # of complete trials, in their order
        self.ends = np.full((repeats, size), -np.inf)  # their scores
        self.complete = np.zeros(repeats, np.int64)
        self.spent = np.zeros(repeats)
        self.tried = np.zeros(repeats, np.int64)
        self._seen: list[set[int]] = [set() for _ in range(repeats)]
        self._epochs = world.epochs
        first = policy.prune or 0
        self._rungs = [Rungs([one for one in self._epochs[:-1] if one >= first], 2) for _ in range(repeats)]

    def run(self) -> None:
        """Spends the budgets; a graph begins if a whole training of it is left."""
        queue = self.world.enqueued if self.policy.enqueue else self.world.enqueued[:0]
        for row in queue:
            active = np.flatnonzero(self.spent + self._epochs[-1] <= self.budget)
            codes, keys = self.world.canonical(row[None])
            for i in active:
                self._seen[i].add(int(keys[0]))
            self._train(active, np.repeat(codes, len(active), 0), whole=True)
        while self.policy.sampler != 'none':
            active = np.flatnonzero(self.spent + self._epochs[-1] <= self.budget)
            active, codes = self._draw(active)
            if not len(active):
                break
            self._train(active, codes, whole=self.policy.prune is None)

    def _draw(self, active: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """A graph that is new to each search; a search that finds none is over."""
        codes = np.zeros((len(active), len(self.world.choices)), np.int64)
        waiting = np.arange(len(active))
        for attempt in range(_MOST_DRAWS):
            if not len(waiting):
                break
            if self.policy.sampler == 'evolution' and attempt < _OWN_DRAWS:
                drawn = self.children(active[waiting])
            else:
                drawn = self._at_random(len(waiting))
            drawn, keys = self.world.canonical(drawn)
            new = np.zeros(len(waiting), bool)
            for place, (i, key) in enumerate(zip(active[waiting].tolist(), keys.tolist(), strict=True)):
                if key >= 0 and key not in self._seen[i]:
                    self._seen[i].add(key)
                    new[place] = True
            codes[waiting[new]] = drawn[new]
            waiting = waiting[~new]
        found = np.setdiff1d(np.arange(len(active)), waiting)
        self.spent[active[waiting]] = np.inf
        return active[found], codes[found]

    def _at_random(self, number: int) -> np.ndarray:
        return self.random.integers(0, self.world.choices, (number, len(self.world.choices)))

    def children(self, searches: np.ndarray) -> np.ndarray:
        """What ``RegularizedEvolutionSampler`` draws in each of these searches; the tests compare the two."""
        children = self._at_random(len(searches))
        grown = self.complete[searches] >= self.policy.first
        rows = searches[grown]
        if not len(rows):
            return children
        living = np.minimum(self.complete[rows], self.policy.population)
        oldest = self.complete[rows] - living
        lots = self.random.random((len(rows), int(living.max())))
        lots[np.arange(lots.shape[1]) >= living[:, None]] = np.inf
        drawn = np.argsort(lots, axis=1)[:, : self.policy.tournament]
        ends = self.ends[rows[:, None], np.minimum(oldest[:, None] + drawn, self.ends.shape[1] - 1)]
        ends[np.arange(drawn.shape[1]) >= living[:, None]] = -np.inf
        parents = oldest + drawn[np.arange(len(rows)), ends.argmax(1)]
        born = self.codes[rows, parents]
        free = np.flatnonzero(self.world.choices > 1)
        changed = self.random.choice(free, len(rows))
        steps = self.random.integers(1, self.world.choices[changed])
        place = np.arange(len(rows)), changed
        born[place] = (born[place] + steps) % self.world.choices[changed]
        children[grown] = born
        return children

    def _train(self, active: np.ndarray, codes: np.ndarray, whole: bool) -> None:
        curves = self.world.scores(self.world.means(codes), self.random)
        for i, row, curve in zip(active.tolist(), codes, curves, strict=True):
            epochs = self._epochs[-1]
            if self.policy.prune is not None:
                for epoch, score in zip(self._epochs[:-1], curve, strict=False):
                    # Graphs that are trained to the end in any case are compared with, too.
                    if epoch >= self.policy.prune and self._rungs[i].stops(epoch, score) and not whole:
                        epochs = epoch
                        break
            self.spent[i] += epochs
            self.tried[i] += 1
            if epochs == self._epochs[-1]:
                place = self.complete[i]
                self.codes[i, place], self.ends[i, place] = row, curve[-1]
                self.complete[i] += 1


def simulate(world: World, policy: Policy, budget: int, repeats: int, seed: int) -> Outcome:
    """Searches many times, and hands out a graph each time.

    With a race that is the graph which is left of it, where the race has shown that it is better than the baseline, and
    else the baseline: the enqueued graph of the best score. Without enqueued graphs there is no baseline, and no last
    round of the race.

    Args:
        world: Where to search.
        policy: How.
        budget: Epochs of a search, its race included.
        repeats: How many searches.
        seed: Of all random draws.
    """
    random = np.random.default_rng(seed)
    rounds = race_rounds(*policy.race) if policy.race else []
    if rounds and not policy.enqueue:
        rounds = rounds[:-1]
    cost = sum(one.graphs * one.seeds for one in rounds) if not policy.enqueue else runs(rounds)
    searches = Searches(world, policy, budget - cost * world.epochs[-1], repeats, random)
    searches.run()
    outcome = Outcome(graphs=searches.tried.tolist())
    for i in range(repeats):
        codes, ends = searches.codes[i, : searches.complete[i]], searches.ends[i, : searches.complete[i]]
        order = np.argsort(-ends, kind='stable')
        means = world.means(codes)
        if not rounds:
            best = int(order[0])
            _add(outcome, means[best, -1], ends[best], False, means[best, -1])
            continue
        baseline = int(np.argmax(ends[: len(world.enqueued)])) if policy.enqueue else -1
        entered = [int(one) for one in order if one != baseline][: rounds[0].graphs]
        found: dict[str, list[float]] = {str(one): [] for one in entered}
        for one in rounds[: len(rounds) - policy.enqueue]:
            for name in survivors(found, one.graphs, up=True):
                found[name] += world.scores(np.repeat(means[[int(name)]], one.seeds, 0), random)[:, -1].tolist()
        left = int(survivors(found, 1, up=True)[0])
        if not policy.enqueue:
            _add(outcome, means[left, -1], float(np.mean(found[str(left)])), False, means[left, -1])
            continue
        pairs = [
            dict(enumerate(world.scores(np.repeat(means[[one]], rounds[-1].seeds, 0), random)[:, -1].tolist()))
            for one in (left, baseline)
        ]
        result = verdict(*pairs, up=True)
        handed = left if result.better else baseline
        _add(
            outcome,
            means[handed, -1],
            float(np.mean([*pairs[handed != left].values()])),
            result.better,
            means[left, -1],
        )
    return outcome


def _add(outcome: Outcome, true: float, seen: float, shown: bool, winner: float) -> None:
    for into, value in ((outcome.true, true), (outcome.seen, seen), (outcome.winner, winner)):
        into.append(float(value))
    outcome.shown.append(bool(shown))


def summary(outcome: Outcome, best: float) -> dict[str, Any]:
    """Means over the searches with 95 % intervals.

    Args:
        outcome: Of :func:`simulate`.
        best: Mean score over all seeds of the best enqueued graph.
    """
    from scipy.stats import binomtest

    def mean(values: Iterable[float]) -> tuple[float, list[float]]:
        return _rounded(np.array(list(values)))

    def share(values: Iterable[bool]) -> tuple[float, list[float]]:
        hits = [bool(value) for value in values]
        interval = binomtest(sum(hits), len(hits)).proportion_ci()
        return round(sum(hits) / len(hits), 3), [round(float(end), 3) for end in interval]

    gain, gain_95 = mean(value - best for value in outcome.true)
    worse, worse_95 = share(value < best - 1e-9 for value in outcome.true)
    optimism, optimism_95 = mean(seen - true for seen, true in zip(outcome.seen, outcome.true, strict=True))
    winner, winner_95 = mean(value - best for value in outcome.winner)
    return dict(
        gain=gain,
        gain_95=gain_95,
        worse=worse,
        worse_95=worse_95,
        optimism=optimism,
        optimism_95=optimism_95,
        shown=share(outcome.shown)[0],
        winners_gain=winner,
        winners_gain_95=winner_95,
        graphs=round(float(np.mean(outcome.graphs))),
    )


def _rounded(values: np.ndarray) -> tuple[float, list[float]]:
    from ktg_mm.search.race.interval import mean_interval

    low, high = mean_interval(values.tolist()) or (values[0], values[0])
    return round(float(values.mean()), 3), [round(float(low), 3), round(float(high), 3)]
