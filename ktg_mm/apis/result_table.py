"""What a run has come to, a row a node."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.runner import Runner

from ktg_mm.checkpoints import latest_checkpoint
from ktg_mm.text_table import text_table

from .baseline import Baseline
from .config import config_name
from .next_command import next_command
from .run_metrics import last_validation


def run_results(runner: Runner, tested: Mapping[str, Any], baseline: Baseline | None = None) -> str:
    """The last words of a run's log: the table of its test, else of its last validation, its checkpoints, what is next.

    Args:
        runner: One that has trained.
        tested: The metrics of its test, by name; empty if there was none.
        baseline: What to compare with. Defaults to None.
    """
    kind = 'test' if tested else 'last validation'
    table = result_table(tested or last_validation(runner), baseline)
    best = [path for name, path in runner.message_hub.runtime_info.items() if name.startswith('best_ckpt') and path]
    last = latest_checkpoint(runner.work_dir)
    saved = [f'last checkpoint: {last}'] if last else []
    saved += [f'best by validation: {path}' for path in best]
    config = Path(runner.work_dir) / f'{config_name(runner.cfg)}.py'
    if last and runner.cfg.get('test_dataloader') and config.is_file():
        saved.append(f'next: {next_command("test", config, last)}')
    return '\n'.join([*([f'{kind}:', table] if table else []), f'folder: {runner.work_dir}', *saved])


def result_table(metrics: Mapping[str, Any], baseline: Baseline | None = None) -> str:
    """A table of metrics, a row a node and a column a metric; '' if no node has any.

    Args:
        metrics: The values by ``node/metric``; others, and what is no number, are left out.
        baseline: What to compare with: beside each metric is the difference to its. Defaults to None.

    Example:
        >>> metrics = {'net1/accuracy/top1': 90.0, 'net1/ece': 0.0313, 'both/accuracy/top1': 91, 'time': 1.0}
        >>> print(result_table(metrics))
        | node | accuracy/top1 |    ece |
        |------|---------------|--------|
        | net1 |         90.00 | 0.0313 |
        | both |         91.00 |        |
        >>> print(result_table({'a/top1': 90.0, 'b/top1': 91.0}, Baseline('a')))
        | node |  top1 | top1 - a |
        |------|-------|----------|
        | a    | 90.00 |          |
        | b    | 91.00 |    +1.00 |
    """
    values = {name: value for name, value in metrics.items() if '/' in name and isinstance(value, (int, float))}
    pairs = [name.split('/', 1) for name in values]
    nodes, kinds = (list(dict.fromkeys(pair[place] for pair in pairs)) for place in (0, 1))
    rows = [{'node': node} for node in nodes]
    for kind in kinds:
        digits = 2 if max(abs(values[f'{node}/{kind}']) for node in nodes if f'{node}/{kind}' in values) >= 1 else 4
        for row in rows:
            value = values.get(f'{row["node"]}/{kind}')
            row[kind] = '' if value is None else f'{value:.{digits}f}'
            if baseline:
                difference = baseline.difference(values, row['node'], kind)
                row[f'{kind} - {baseline.name}'] = '' if difference is None else f'{difference:+.{digits}f}'
    return text_table(rows) if rows else ''
