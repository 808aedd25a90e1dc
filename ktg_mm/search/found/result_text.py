"""What a search has come to, in a few lines."""

from __future__ import annotations

import math

from optuna.study import Study, StudyDirection
from optuna.trial import TrialState

from ktg_mm.search.space.candidates import Candidates
from ktg_mm.search.study.race_study import race_result
from ktg_mm.search.study.retries import last_of_chains
from ktg_mm.search.worker.progress import summary
from ktg_mm.shipped import tool_command
from ktg_mm.visualization.graph_text import edge_text, read_graph, shown_edges

from .export import winner

_SHOWN = 5


def result_text(study: Study, candidates: Candidates) -> str:
    """The best graph with its edges and its score, and how sure it is: how many graphs were trained, the next best.

    Args:
        study: Of a search that has ended.
        candidates: Of its config.

    Returns:
        The lines; '' if no graph has been trained to its end.
    """
    done = [trial for trial in last_of_chains(study) if trial.state == TrialState.COMPLETE]
    if not done:
        return ''
    result = race_result(candidates, study)
    best = winner(result, candidates, study)
    names = [metric.name for metric in candidates.metrics]
    values = best.values or [math.nan] * len(names)  # the baseline of a race, which failed in the search
    scores = ', '.join(f'{name} {value:.4g}' for name, value in zip(names, values, strict=True))
    graph = read_graph(candidates.make(best.params).config['model'])
    lines = [f'  {edge.key}: {edge_text(edge)}' for edge in shown_edges(graph)]
    found = summary(study)
    counts = f'{found["complete"]} trained to the end, {found["pruned"]} pruned, {found["failed"]} failed'
    if len(names) > 1:
        sure = f'{len(study.best_trials)} on the Pareto front, of which this is the first'
    else:
        up = study.directions[0] == StudyDirection.MAXIMIZE
        values = sorted((trial.values[0] for trial in done), reverse=up)[:_SHOWN]
        best_few = ', '.join(f'{value:.4g}' for value in values)
        sure = f'the best: {best_few}; one seed each, so partly luck'
        sure += '' if result else f', compare with {tool_command("retrain")}'
    title = f'race: {result}\ngraph' if result else 'best graph'
    return '\n'.join([f'{title}: trial {best.number}, {scores}', *lines, f'graphs: {counts}; {sure}'])
