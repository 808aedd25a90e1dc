"""What simulated searches hand out, with and without a race: gain, luck, and how often it is worse."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from searches import Policy, Searches, World

from ktg_mm.search.race.rounds import Round, race_rounds, runs, survivors
from ktg_mm.search.race.verdict import verdict


@dataclass
class Outcome:
    """What each of many searches came to.

    Args:
        true: Mean score, over all seeds, of the graph that is handed out.
        seen: Its score as the search knows it: of one seed, or the mean of the race's last round.
        baseline: Mean score over all seeds of the baseline, the enqueued graph that had the best score, if any.
        shown: Whether a race has shown that another graph is better than the baseline.
        winner: Mean score over all seeds of that other graph, shown or not.
        tried: Mean score over all seeds of the best graph that was trained to the end, which nobody is told.
        graphs: How many graphs were tried.
    """

    true: list[float] = field(default_factory=list)
    seen: list[float] = field(default_factory=list)
    baseline: list[float] = field(default_factory=list)
    shown: list[bool] = field(default_factory=list)
    winner: list[float] = field(default_factory=list)
    tried: list[float] = field(default_factory=list)
    graphs: list[int] = field(default_factory=list)

    def add(self, handed: np.ndarray, seen: float) -> None:
        """Adds what a search hands out: the graph's mean curve, and the score that the search has seen of it."""
        self.true.append(float(handed[-1]))
        self.seen.append(seen)


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

    Raises:
        ValueError: If the race leaves too little to search with.
    """
    random = np.random.default_rng(seed)
    rounds = race_rounds(*policy.race) if policy.race else []
    if rounds and not policy.enqueue:
        rounds = rounds[:-1]
    trainings = runs(rounds) if policy.enqueue else sum(one.graphs * one.seeds for one in rounds)
    left = budget - trainings * world.epochs[-1]
    least = policy.enqueue * len(world.enqueued) + max([1, *(one.graphs for one in rounds)])
    if left < least * world.epochs[-1]:
        raise ValueError(f'a budget of {budget} epochs leaves no {least} graphs to its race of {trainings} trainings')
    searches = Searches(world, policy, left, repeats, random)
    searches.run()
    outcome = Outcome(graphs=searches.tried.tolist())
    for i in range(repeats):
        ends = searches.ends[i, : searches.complete[i]]
        means = world.means(searches.codes[i, : searches.complete[i]])
        baseline = int(np.argmax(ends[: len(world.enqueued)])) if policy.enqueue else None
        outcome.tried.append(float(means[:, -1].max()))
        if baseline is not None:
            outcome.baseline.append(float(means[baseline, -1]))
        if rounds:
            _race(outcome, world, rounds, ends, means, baseline, random)
        else:
            best = int(np.argmax(ends))
            outcome.add(means[best], float(ends[best]))
    return outcome


def _race(
    outcome: Outcome,
    world: World,
    rounds: Sequence[Round],
    ends: np.ndarray,
    means: np.ndarray,
    baseline: int | None,
    random: np.random.Generator,
) -> None:
    """Runs the race of a search, and adds what it hands out."""

    def runs_of(graph: int, seeds: int) -> list[float]:
        return world.scores(np.repeat(means[[graph]], seeds, 0), random)[:, -1].tolist()

    order = [int(one) for one in np.argsort(-ends, kind='stable') if one != baseline]
    found: dict[str, list[float]] = {str(one): [] for one in order[: rounds[0].graphs]}
    for one in rounds if baseline is None else rounds[:-1]:
        for name in survivors(found, one.graphs, up=True):
            found[name] += runs_of(int(name), one.seeds)
    winner = int(survivors(found, 1, up=True)[0])
    if baseline is None:
        outcome.add(means[winner], float(np.mean(found[str(winner)])))
        return
    last = rounds[-1].seeds
    result = verdict(dict(enumerate(runs_of(winner, last))), dict(enumerate(runs_of(baseline, last))), up=True)
    handed, seen = (winner, result.found) if result.better else (baseline, result.baseline)
    outcome.add(means[handed], seen)
    outcome.shown.append(result.better)
    outcome.winner.append(float(means[winner, -1]))


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
    result: dict[str, Any] = dict(gain=gain, gain_95=gain_95, worse=worse, worse_95=worse_95)
    if outcome.baseline:
        below, below_95 = share(np.array(outcome.true) < np.array(outcome.baseline) - 1e-9)
        result |= dict(worse_than_baseline=below, worse_than_baseline_95=below_95)
    result |= dict(optimism=optimism, optimism_95=optimism_95)
    if outcome.winner:
        winner, winner_95 = mean(value - best for value in outcome.winner)
        result |= dict(shown=share(outcome.shown)[0], winners_gain=winner, winners_gain_95=winner_95)
    tried = round(float(np.mean(outcome.tried)) - best, 3)
    return dict(**result, best_tried=tried, graphs=round(float(np.mean(outcome.graphs))))


def _rounded(values: np.ndarray) -> tuple[float, list[float]]:
    from ktg_mm.search.race.interval import mean_interval

    low, high = mean_interval(values.tolist()) or (values[0], values[0])
    return round(float(values.mean()), 3), [round(float(low), 3), round(float(high), 3)]
