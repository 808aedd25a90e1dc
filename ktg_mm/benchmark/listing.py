"""What a benchmark will train, and how long that takes."""

from __future__ import annotations

from collections.abc import Mapping

from ktg_mm.text_table import text_table

from .plan import Plan


def listed(plans: Mapping[str, Plan], seeds: int, choose: bool = False) -> str:
    """The rows with their cost, and the hours of all runs on this machine, as Markdown.

    Passes are forward passes for each training image. The hours are those of one process, without validation and test;
    what else the machine has to do comes on top.

    Args:
        plans: From :func:`ktg_mm.benchmark.make_plans`.
        seeds: How many seeds.
        choose: Whether other values are tried.
    """
    rows, hours, number = [], 0.0, 0
    for name, plan in plans.items():
        runs = seeds + (len(plan.row.candidates()) if choose and plan.row.choices else 0)
        number += runs
        hours += runs * plan.seconds / 3600
        rows.append(
            {
                'method': name,
                'group': plan.row.group,
                'budget': str(plan.row.epochs),
                'passes': f'{plan.passes:.1f}',
                'others': f'{plan.others:.1f}',
                'taught by': 'teacher' if plan.row.taught_by else '',
                'lengths': ' + '.join(map(str, plan.lengths)),
                'runs': str(runs),
                'hours': f'{runs * plan.seconds / 3600:.2f}',
            }
        )
    return f'{text_table(rows)}\n\n{number} runs, {hours:.1f} hours of one process on this machine'
