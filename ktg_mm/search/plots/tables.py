"""The numbers behind the plots of a search: one table a plot, as rows by column."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from ktg_mm.search.study.retries import last_of_chains, root_of, was_begun

Rows = list[dict[str, Any]]

_STATES = {
    TrialState.COMPLETE: 'complete',
    TrialState.PRUNED: 'pruned',
    TrialState.FAIL: 'failed',
    TrialState.RUNNING: 'running',
    TrialState.WAITING: 'running',  # a continuation that no worker has taken yet
}


@dataclass(frozen=True)
class Graph:
    """One graph of a search: a trial, together with those that it continues.

    Args:
        trial: The last trial's number, which other tools and the progress call it by.
        state: ``complete``, ``pruned``, ``failed`` or ``running``.
        reports: Scores by epoch.
        values: Final scores; empty if it is not complete.
        params: What was drawn.
        distributions: What that was drawn from.
        start: When the first trial began.
        end: When the last trial ended.
    """

    trial: int
    state: str
    reports: dict[int, float]
    values: tuple[float, ...]
    params: dict[str, Any]
    distributions: dict[str, BaseDistribution]
    start: datetime | None
    end: datetime | None

    @property
    def epoch(self) -> int:
        """Epoch of the last report, 0 without one."""
        return max(self.reports, default=0)

    @property
    def score(self) -> float | None:
        """The final score if there is one of them, else the last report."""
        if len(self.values) > 1:
            return None
        return self.values[0] if self.values else self.reports.get(self.epoch)


def graphs(study: Study) -> list[Graph]:
    """The graphs that a study has begun to train, each once however often it was cut short, by trial number."""
    chains: dict[int, list[FrozenTrial]] = {}
    for trial in filter(was_begun, study.get_trials(deepcopy=False)):
        chains.setdefault(root_of(trial), []).append(trial)
    ends: dict[int, FrozenTrial] = {}
    for trial in sorted(last_of_chains(study), key=lambda trial: trial.number):
        ends.setdefault(root_of(trial), trial)  # a second one that waits will not be begun
    found = []
    for last in sorted(ends.values(), key=lambda trial: trial.number):
        chain = [trial for trial in chains[root_of(last)] if trial.number <= last.number]
        # One that waits to be continued has only its number yet.
        drawn = next((trial for trial in reversed(chain) if trial.params), None)
        if drawn is None:
            continue
        starts = [trial.datetime_start for trial in chain if trial.datetime_start]
        complete = last.state == TrialState.COMPLETE
        found.append(
            Graph(
                trial=last.number,
                state=_STATES[last.state],
                reports={step: value for trial in chain for step, value in sorted(trial.intermediate_values.items())},
                values=tuple(last.values) if complete else (),
                params=dict(drawn.params),
                distributions=dict(drawn.distributions),
                start=min(starts, default=None),
                end=last.datetime_complete,
            )
        )
    return found


def ranked(found: Iterable[Graph], maximize: bool = True) -> list[Graph]:
    """Graphs from the best to the worst, as Optuna's TPE sampler ranks trials.

    Complete ones come first, by final score; then the pruned ones, by the epoch that they reached and their score
    there. Graphs that failed or are still trained have no rank.
    """
    having = [graph for graph in found if graph.state in ('complete', 'pruned') and graph.score is not None]
    return sorted(having, key=lambda graph: rank_key(graph, maximize))


def rank_key(graph: Graph, maximize: bool) -> tuple[Any, ...]:
    """What graphs are ranked by, the best first."""
    assert graph.score is not None
    complete = graph.state == 'complete'
    return not complete, 0 if complete else -graph.epoch, -graph.score if maximize else graph.score


def number_of_best(total: int) -> int:
    """A tenth, but at least five, as Optuna advises for PED-ANOVA, and at most half.

    Example:
        >>> number_of_best(120), number_of_best(20), number_of_best(6)
        (12, 5, 3)
    """
    return max(math.ceil(0.1 * total), min(5, math.ceil(total / 2)))


def maximizes(study: Study) -> bool:
    """Whether a higher first score is better."""
    return study.directions[0] == StudyDirection.MAXIMIZE


def best_graphs(study: Study, found: Sequence[Graph]) -> list[Graph]:
    """The best tenth by :func:`ranked`; the Pareto front if the study has several metrics."""
    if len(study.directions) > 1:
        front = {trial.number for trial in study.best_trials}
        return [graph for graph in found if graph.trial in front]
    order = ranked(found, maximizes(study))
    return order[: number_of_best(len(order))]


def rung_table(found: Sequence[Graph]) -> Rows:
    """How many graphs reached each rung and what became of them there; epoch 0 is the beginning.

    ``reached`` counts the graphs evaluated at the epoch and is the sum of the other columns.
    """
    rows = []
    for epoch in [0, *sorted({epoch for graph in found for epoch in graph.reports})]:
        here = [graph for graph in found if epoch == 0 or epoch in graph.reports]
        ended = [graph.state for graph in here if graph.epoch == epoch]
        row = dict(epoch=epoch, reached=len(here), continued=len(here) - len(ended))
        rows.append(row | {state: ended.count(state) for state in ('pruned', 'complete', 'failed', 'running')})
    return rows


def curve_table(found: Sequence[Graph]) -> Rows:
    """The learning curves."""
    return [
        dict(trial=graph.trial, state=graph.state, epoch=epoch, score=score)
        for graph in found
        for epoch, score in sorted(graph.reports.items())
    ]


def score_table(found: Sequence[Graph], maximize: bool = True) -> Rows:
    """Each graph's score (its last report if it was not trained to the end) and the best final score so far."""
    rows, best = [], None
    for graph in found:
        best = _better(best, graph, maximize)
        rows.append(dict(trial=graph.trial, state=graph.state, epoch=graph.epoch, score=graph.score, best_so_far=best))
    return rows


def _better(best: float | None, graph: Graph, maximize: bool) -> float | None:
    if graph.state != 'complete' or graph.score is None:
        return best
    return graph.score if best is None else (max if maximize else min)(best, graph.score)


def time_table(study: Study, found: Sequence[Graph]) -> Rows:
    """What happened when: each beginning and end of a trial, with the trials running from then on.

    A trial that was cut short and continued by another ends as ``cut short``; it counts as running until its loss was
    noticed.
    """
    by_trial = {graph.trial: graph for graph in found}
    events: list[tuple[datetime, int, FrozenTrial]] = []
    for trial in filter(was_begun, study.get_trials(deepcopy=False)):
        if trial.datetime_start:
            events.append((trial.datetime_start, 1, trial))
            events += [(trial.datetime_complete, -1, trial)] if trial.datetime_complete else []
    # At one moment, ends come before beginnings: a worker has one trial at a time.
    events.sort(key=lambda event: (event[0], event[1], event[2].number))
    rows: Rows = []
    best, running = None, 0
    for time, change, trial in events:
        running += change
        graph = by_trial.get(trial.number)
        row: dict[str, Any] = dict(
            seconds=(time - events[0][0]).total_seconds(), event='begin' if change > 0 else 'end'
        )
        row |= dict(trial=trial.number, state=None, epoch=None, score=None)
        if change < 0 and graph is not None:
            best = _better(best, graph, maximizes(study))
            row |= dict(state=graph.state, epoch=graph.epoch, score=graph.score)
        elif change < 0:
            row['state'] = 'cut short'
        rows.append(row | dict(best_so_far=best, running=running))
    return rows


def choice_table(found: Sequence[Graph], best: Sequence[Graph]) -> Rows:
    """How often each choice was drawn, among all graphs and among the best.

    The shares are of the graphs that have the parameter, so those of a parameter add up to 100 %.
    """
    rows = []
    for name, choices in _categorical(found).items():
        counts = [
            [[graph.params.get(name) for graph in group].count(choice) for choice in choices] for group in (found, best)
        ]
        for i, choice in enumerate(choices):
            drawn, among_best = (column[i] for column in counts)
            shares = [100 * column[i] / sum(column) if sum(column) else None for column in counts]
            row = dict(parameter=name, choice=choice, drawn=drawn, drawn_percent=shares[0])
            rows.append(row | dict(best=among_best, best_percent=shares[1]))
    return rows


def _categorical(found: Sequence[Graph]) -> dict[str, list[Any]]:
    choices: dict[str, list[Any]] = {}
    for graph in found:
        for name, distribution in graph.distributions.items():
            if isinstance(distribution, CategoricalDistribution):
                known = choices.setdefault(name, [])
                known += [choice for choice in distribution.choices if choice not in known]
    return choices


def pareto_table(study: Study, found: Sequence[Graph], metrics: Sequence[str]) -> Rows:
    """The complete graphs' scores, and which of them no other beats in every metric."""
    front = {trial.number for trial in study.best_trials}
    return [
        dict(zip(metrics, graph.values, strict=True), trial=graph.trial, front=int(graph.trial in front))
        for graph in found
        if graph.state == 'complete'
    ]
