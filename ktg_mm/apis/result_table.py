"""What a run has come to, a row a node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.runner import Runner

from ktg_mm.checkpoints import latest_checkpoint
from ktg_mm.text_table import text_table


def run_results(runner: Runner, tested: Mapping[str, Any]) -> str:
    """The last words of a run's log: the table of its test, else of its last validation, and its checkpoints.

    Args:
        runner: One that has trained.
        tested: The metrics of its test, by name; empty if there was none.
    """
    hub, kind = runner.message_hub, 'test'
    if not tested:
        kind, tested = 'last validation', last_validation(runner)
    table = result_table(tested)
    best = [path for name, path in hub.runtime_info.items() if name.startswith('best_ckpt') and path]
    last = latest_checkpoint(runner.work_dir)
    saved = [f'last checkpoint: {last}'] if last else []
    saved += [f'best by validation: {path}' for path in best]
    return '\n'.join([*([f'{kind}:', table] if table else []), f'folder: {runner.work_dir}', *saved])


def last_validation(runner: Runner) -> dict[str, Any]:
    """The metrics of a run's last validation, by name; empty if there was none.

    Args:
        runner: One that has trained.
    """
    scalars = runner.message_hub.log_scalars
    return {name.removeprefix('val/'): values.current() for name, values in scalars.items() if name.startswith('val/')}


def result_table(metrics: Mapping[str, Any]) -> str:
    """A table of metrics, a row a node and a column a metric; '' if no node has any.

    Args:
        metrics: The values by ``node/metric``; others, and what is no number, are left out.

    Example:
        >>> print(result_table({'net1/accuracy/top1': 90.0, 'net1/ece': 0.0313, 'both/accuracy/top1': 91, 'time': 1.0}))
        | node | accuracy/top1 |    ece |
        |------|---------------|--------|
        | net1 |         90.00 | 0.0313 |
        | both |         91.00 |        |
    """
    rows: dict[str, dict[str, float]] = {}
    for name, value in metrics.items():
        node, _, metric = name.partition('/')
        if metric and isinstance(value, (int, float)):
            rows.setdefault(node, {})[metric] = value
    digits = {
        metric: 2 if max(abs(row[metric]) for row in rows.values() if metric in row) >= 1 else 4
        for metric in dict.fromkeys(metric for row in rows.values() for metric in row)
    }
    cells = [
        {'node': node} | {metric: f'{row[metric]:.{digits[metric]}f}' if metric in row else '' for metric in digits}
        for node, row in rows.items()
    ]
    return text_table(cells) if cells else ''
