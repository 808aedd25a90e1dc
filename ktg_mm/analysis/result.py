"""What an analysis gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from ktg_mm.files import save_table
from ktg_mm.visualization import save_picture


@dataclass(frozen=True, eq=False)
class Result:
    """A picture, the numbers behind it, and what they come to.

    Args:
        name: Of the files.
        rows: The numbers, at least one row, by column; the columns' names end with their units.
        figure: The picture.
        summary: A few lines for the terminal.
    """

    name: str
    rows: Sequence[Mapping[str, Any]]
    figure: Figure
    summary: str

    def save(self, folder: str | Path) -> list[Path]:
        """Writes ``name.csv`` and ``name.png``, each whole or not at all.

        Args:
            folder: Where to; it is made if it is missing.

        Returns:
            The two files.

        Raises:
            UserError: If one cannot be written.
        """
        return [
            save_table(self.rows, Path(folder) / f'{self.name}.csv'),
            save_picture(self.figure, Path(folder) / f'{self.name}.png'),
        ]
