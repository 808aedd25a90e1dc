"""How much each parameter of a space matters."""

from __future__ import annotations

import functools
import itertools
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import optuna
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial

from .tables import Graph, Rows, maximizes, number_of_best, rank_key, ranked

FEWEST_RANKED = 10  # of fewer graphs the best five would be more than half
_WORK = 150_000  # graphs times parameters times shuffles; some ten seconds


def importance_table(study: Study, found: Sequence[Graph]) -> Rows:
    """How much each parameter matters for being among the best, the most important first; none of too few graphs.

    By PED-ANOVA (Watanabe et al., IJCAI 2023), in Optuna's form for parameters that not every trial has: it compares
    the values that the best graphs have with those of all graphs that have a rank. So pruned graphs count, too: without
    them there would be only survivors to compare. ``chance`` is the importance that the parameter exceeds in one of
    twenty cases if the ranks are shuffled.
    """
    multiple = len(study.directions) > 1
    order = [graph for graph in found if graph.state == 'complete'] if multiple else ranked(found, maximizes(study))
    if len(order) < FEWEST_RANKED:
        return []
    share = (number_of_best(len(order)) - 0.5) / len(order)  # rounded up
    evaluator = PedAnovaImportanceEvaluator(target_quantile=share)
    values = [graph.values for graph in order]
    stand_in = _study_of(order, values, study.directions) if multiple else _study_of_ranks(order)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # of parameters that few trials have, and of what the target means
        result = get_param_importances(stand_in, evaluator=evaluator, normalize=False)
        chances = _chances(stand_in, evaluator, list(result))
    total = sum(result.values()) or 1.0
    graphs = {name: sum(name in graph.params for graph in order) for name in result}
    return [
        dict(parameter=name, importance=value / total, chance=chances[name] / total, graphs=graphs[name])
        for name, value in result.items()
    ]


def _chances(study: Study, evaluator: PedAnovaImportanceEvaluator, names: Sequence[str]) -> dict[str, float]:
    """The importance of each parameter that shuffled ranks exceed in one of twenty cases.

    Parameters of one kind, such as all gates, have one such value.
    """
    trials = study.get_trials(deepcopy=False)
    kinds = {}
    for name in names:
        having = [trial for trial in trials if name in trial.params]
        kinds[name] = repr(having[0].distributions[name]), len(having)
    found: dict[Any, list[float]] = {kind: [] for kind in kinds.values()}
    generator = np.random.default_rng(0)
    for _ in range(max(20, min(100, _WORK // (len(trials) * len(names))))):
        rank = functools.partial(_rank, generator.permutation(len(trials)))
        shuffled = get_param_importances(study, evaluator=evaluator, target=rank, normalize=False)
        for name, value in shuffled.items():
            found[kinds[name]].append(value)
    return {name: float(np.quantile(found[kind], 0.95)) for name, kind in kinds.items()}


def _rank(ranks: np.ndarray, trial: FrozenTrial) -> float:
    return float(ranks[trial.number])


def _study_of_ranks(order: Sequence[Graph]) -> Study:
    """PED-ANOVA asks who is among the best, so ranks can stand for the scores; equal scores share one."""
    groups = itertools.groupby(order, key=lambda graph: rank_key(graph, True))
    ranks = [[float(rank)] for rank, (_, group) in enumerate(groups) for _ in group]
    return _study_of(order, ranks, [StudyDirection.MINIMIZE])


def _study_of(order: Sequence[Graph], values: Iterable[Sequence[float]], directions: Sequence[StudyDirection]) -> Study:
    study = optuna.create_study(directions=list(directions))
    study.add_trials(
        optuna.trial.create_trial(values=list(scores), params=graph.params, distributions=graph.distributions)
        for graph, scores in zip(order, values, strict=True)
    )
    return study
