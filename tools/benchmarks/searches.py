"""Searches in a world of graphs, many at a time in step: samplers, stopping, and graphs to try first."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from asha import Rungs
from optuna_draws import OptunaDraws

_OWN_DRAWS = 20  # as in ktg_mm.search.space.candidates: so many by the sampler, the rest at random
_MOST_DRAWS = 500
_AT_ONCE = 5  # of which the first is taken that is new, as if they were drawn one after the other


class World(Protocol):
    """What a search is simulated in; ``GraphWorld`` and ``FixedGraphs`` say what its parts are."""

    choices: np.ndarray
    epochs: tuple[int, ...]
    enqueued: np.ndarray
    best: float
    has_parameters: bool

    def random(self, number: int, random: np.random.Generator) -> np.ndarray:
        """Draws so many graphs."""

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
        sampler: ``random``, ``evolution``, a class of Optuna's, or ``none``, which tries what is enqueued alone.
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
        self._over = np.zeros(repeats, bool)
        self.tried = np.zeros(repeats, np.int64)
        self._seen: list[set[int]] = [set() for _ in range(repeats)]
        self._epochs = world.epochs
        optunas = policy.sampler not in ('random', 'evolution', 'none')
        self._optuna = OptunaDraws(policy.sampler, world.choices, repeats, random) if optunas else None
        first = policy.prune or 0
        self._rungs = [Rungs([one for one in self._epochs[:-1] if one >= first], 2) for _ in range(repeats)]

    def run(self) -> None:
        """Spends the budgets; a graph begins if a whole training of it is left."""
        queue = self.world.enqueued if self.policy.enqueue else self.world.enqueued[:0]
        for row in queue:
            active = self._active()
            codes, keys = self.world.canonical(row[None])
            for i in active:
                self._seen[i].add(int(keys[0]))
            self._train(active, np.repeat(codes, len(active), 0), whole=True)
        while self.policy.sampler != 'none':
            active, codes = self._draw(self._active())
            if not len(active):
                break
            self._train(active, codes, whole=self.policy.prune is None)

    def _active(self) -> np.ndarray:
        return np.flatnonzero(~self._over & (self.spent + self._epochs[-1] <= self.budget))

    def _draw(self, active: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """A graph that is new to each search; a search that finds none is over."""
        codes = np.zeros((len(active), len(self.world.choices)), np.int64)
        waiting = np.arange(len(active))
        at_once = 1 if self._optuna else _AT_ONCE
        for attempt in range(0, _MOST_DRAWS, at_once):
            if not len(waiting):
                break
            places = np.repeat(waiting, at_once)
            if self._optuna and attempt < _OWN_DRAWS:
                drawn = self._optuna.draw(active[places])
            elif self.policy.sampler == 'evolution' and attempt < _OWN_DRAWS:
                drawn = self.children(active[places])
            else:
                drawn = self.world.random(len(places), self.random)
            drawn, keys = self.world.canonical(drawn)
            done: set[int] = set()
            for place, key, row in zip(places.tolist(), keys.tolist(), drawn, strict=True):
                seen = self._seen[active[place]]
                if place not in done and key >= 0 and key not in seen:
                    seen.add(key)
                    done.add(place)
                    codes[place] = row
            waiting = np.array([place for place in waiting.tolist() if place not in done], int)
        found = np.setdiff1d(np.arange(len(active)), waiting)
        self._over[active[waiting]] = True
        return active[found], codes[found]

    def children(self, searches: np.ndarray) -> np.ndarray:
        """What ``RegularizedEvolutionSampler`` draws in each of these searches; the tests compare the two."""
        children = self.world.random(len(searches), self.random)
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
            if self._optuna:
                seen = dict(zip(self._epochs[: self._epochs.index(epochs) + 1], curve.tolist(), strict=False))
                self._optuna.tell(i, row, seen, whole=epochs == self._epochs[-1])
            if epochs == self._epochs[-1]:
                place = self.complete[i]
                self.codes[i, place], self.ends[i, place] = row, curve[-1]
                self.complete[i] += 1
