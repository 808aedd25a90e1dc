"""What a benchmark came to: each row beside its group's reference, seed by seed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from filelock import FileLock
from scipy.stats import ttest_rel, wilcoxon

from ktg_mm.files import save_table
from ktg_mm.search.found.retrain import read_run, score_of, write_json
from ktg_mm.search.race.interval import mean_interval
from ktg_mm.text_table import text_table
from ktg_mm.visualization import save_picture

from .figure import interval_figure
from .plan import PLAN
from .rows import TEACHER
from .run import METRIC, RUN


@dataclass
class Result:
    """A line of the table.

    Args:
        method: The row.
        group: Its group.
        reference: What it is compared with.
        scores: The target's accuracy in per cent on the test data, by seed.
        mean: Over the seeds.
        deviation: Standard deviation (n - 1); None with one seed.
        interval: The mean's 95 % interval, of Student's t.
        difference: Mean of method - reference over the seeds that both have; None for the reference.
        difference_interval: Its 95 % interval.
        p: Of the paired t-test.
        p_wilcoxon: Of Wilcoxon's signed-rank test; with five seeds it is at least 0.0625.
        p_holm: ``p``, adjusted to the number of methods in the group (Holm, 1979).
        budget: In passes of the target for each training image.
        passes: What was used of it.
        others: Passes of all other networks that the row trains or asks, likewise.
        teacher: Likewise, those that trained the teacher, which other rows share.
        seconds: Of a run, on average over those that were not cut short; None if all were.
        chosen: What was chosen on the validation images.
    """

    method: str
    group: str
    reference: str
    scores: dict[int, float]
    mean: float
    deviation: float | None = None
    interval: tuple[float, float] | None = None
    difference: float | None = None
    difference_interval: tuple[float, float] | None = None
    p: float | None = None
    p_wilcoxon: float | None = None
    p_holm: float | None = None
    budget: float = 0.0
    passes: float = 0.0
    others: float = 0.0
    teacher: float = 0.0
    seconds: float | None = None
    chosen: dict[str, Any] = field(default_factory=dict)


def read_results(folder: Path, references: Mapping[str, str]) -> list[Result]:
    """Reads all finished runs of a folder, whoever made them.

    Args:
        folder: Of the benchmark.
        references: By group, the row that the others are compared with.
    """
    results = {}
    for path in sorted(folder.glob(f'*/{PLAN}')):
        plan, name = json.loads(path.read_text(encoding='utf-8')), path.parent.name
        runs = [read_run(note) or {} for note in path.parent.glob(f'seed_*/{RUN}')]
        done = {run['seed']: (score, run) for run in runs if 'metrics' in run and (score := score_of(run, METRIC))}
        if not done:
            continue
        scores = {seed: done[seed][0] for seed in sorted(done)}
        seconds = [run['seconds'] for _, run in done.values() if 'seconds' in run]
        values = list(scores.values())
        chosen = path.parent / 'chosen.json'
        results[name] = Result(
            method=name,
            group=plan['group'],
            reference=references.get(plan['group'], ''),
            scores=scores,
            mean=mean(values),
            deviation=stdev(values) if len(values) > 1 else None,
            interval=mean_interval(values),
            budget=plan['epochs'],
            passes=plan['passes'],
            others=plan['others'],
            seconds=mean(seconds) if seconds else None,
            chosen=json.loads(chosen.read_text(encoding='utf-8')) if chosen.exists() else {},
        )
        if plan['taught_by']:
            teacher = json.loads((folder / TEACHER / PLAN).read_text(encoding='utf-8'))
            results[name].teacher = teacher['passes'] + teacher['others']
    compare(results)
    order = [*references, 'teachers']
    return sorted(results.values(), key=lambda row: (order.index(row.group), row.method != row.reference, -row.mean))


def compare(results: Mapping[str, Result]) -> None:
    """Compares each row with its reference, seed by seed.

    Args:
        results: By name; they are completed.

    Example:
        >>> alone = Result('independent', 'supervised', 'independent', {0: 85.0, 1: 85.2, 2: 84.9}, 85.03)
        >>> kd = Result('kd', 'supervised', 'independent', {0: 85.5, 1: 85.6, 2: 85.6}, 85.57)
        >>> compare({'independent': alone, 'kd': kd})
        >>> round(kd.difference, 2), [round(end, 2) for end in kd.difference_interval], round(kd.p, 3)
        (0.53, [0.15, 0.91], 0.026)
    """
    for row in results.values():
        reference = results.get(row.reference)
        if reference is None or reference is row:
            continue
        seeds = [seed for seed in row.scores if seed in reference.scores]
        own, others = ([part.scores[seed] for seed in seeds] for part in (row, reference))
        pairs = [one - other for one, other in zip(own, others, strict=True)]
        row.difference = mean(pairs) if pairs else None
        row.difference_interval = mean_interval(pairs)
        if len(set(pairs)) > 1:  # else there is no spread to test by
            row.p = float(ttest_rel(own, others).pvalue)
            row.p_wilcoxon = float(wilcoxon(pairs).pvalue)
    for group in {row.group for row in results.values()}:
        tested = [row for row in results.values() if row.group == group and row.p is not None]
        for row, p in zip(tested, holm([row.p for row in tested if row.p is not None]), strict=True):
            row.p_holm = p


def holm(values: Sequence[float]) -> list[float]:
    """p-values adjusted to their number by Holm's method.

    Args:
        values: The p-values.

    Example:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(values)), key=values.__getitem__)
    adjusted, highest = [0.0] * len(values), 0.0
    for place, number in enumerate(order):
        highest = max(highest, min(1.0, (len(values) - place) * values[number]))
        adjusted[number] = highest
    return adjusted


def save_results(folder: Path, results: Sequence[Result]) -> list[Path]:
    """Writes ``results.json``, ``results.csv`` and ``results.png`` into the folder, each whole or not at all.

    Args:
        folder: Of the benchmark.
        results: At least one line.

    Returns:
        The files.
    """
    with FileLock(folder / '.lock'):
        write_json(folder / 'results.json', dict(metric=METRIC, methods=[asdict(row) for row in results]))
        table = save_table([_plain(row) for row in results], folder / 'results.csv')
        return [folder / 'results.json', table, save_picture(interval_figure(results), folder / 'results.png')]


def _plain(row: Result) -> dict[str, Any]:
    cells: dict[str, Any] = {}
    for name, value in asdict(row).items():
        if 'interval' in name:
            cells[f'{name}_low'], cells[f'{name}_high'] = value or ('', '')
        elif isinstance(value, dict):
            cells[name] = ' '.join(f'{key}={entry}' for key, entry in value.items())
        else:
            cells[name] = '' if value is None else value
    return cells


def results_table(results: Sequence[Result]) -> str:
    """The table as Markdown.

    Args:
        results: At least one line.

    Example:
        >>> print(results_table([Result('kd', 'supervised', 'independent', {0: 85.5}, 85.5, passes=32.0, teacher=32.0)]))
        | method | seeds |  mean | deviation | 95 % | - independent | 95 % of it | p (Holm) | passes | others | teacher | minutes |
        |--------|-------|-------|-----------|------|---------------|------------|----------|--------|--------|---------|---------|
        | kd     |     1 | 85.50 |           |      |               |            |          |     32 |      0 |      32 |         |
    """  # noqa: E501
    tables = []
    for group in dict.fromkeys(row.group for row in results):
        rows = [row for row in results if row.group == group]
        tables.append(text_table([_shown(row) for row in rows]))
    return '\n\n'.join(tables)


def _shown(row: Result) -> dict[str, str]:
    cells = {
        'method': row.method,
        'seeds': str(len(row.scores)),
        'mean': f'{row.mean:.2f}',
        'deviation': '' if row.deviation is None else f'{row.deviation:.2f}',
        '95 %': '' if row.interval is None else '{:.2f} to {:.2f}'.format(*row.interval),
        f'- {row.reference}': '' if row.difference is None else f'{row.difference:+.2f}',
        '95 % of it': '' if row.difference_interval is None else '{:+.2f} to {:+.2f}'.format(*row.difference_interval),
        'p (Holm)': '' if row.p_holm is None else f'{row.p_holm:.3f}',
        'passes': f'{row.passes:.0f}',
        'others': f'{row.others:.0f}',
        'teacher': f'{row.teacher:.0f}',
        'minutes': '' if row.seconds is None else f'{row.seconds / 60:.1f}',
    }
    compared = {f'- {row.reference}', '95 % of it', 'p (Holm)'}
    return {name: cell for name, cell in cells.items() if row.reference or name not in compared}
