"""Tables for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Console
from rich.table import Table


def text_table(rows: Sequence[Mapping[str, str]]) -> str:
    """A table as Markdown, its first column flush left and the others flush right.

    Args:
        rows: At least one row, by column; all have the same columns.

    Example:
        >>> print(text_table([dict(node='net1', accuracy='90.00'), dict(node='ensemble', accuracy='91.00')]))
        | node     | accuracy |
        |----------|----------|
        | net1     |    90.00 |
        | ensemble |    91.00 |
    """
    table = Table(box=box.MARKDOWN)
    for number, column in enumerate(rows[0]):
        table.add_column(column, justify='right' if number else 'left', no_wrap=True)
    for row in rows:
        table.add_row(*row.values())
    console = Console(width=10_000, color_system=None, markup=False)
    with console.capture() as captured:
        console.print(table)
    return captured.get().strip()
