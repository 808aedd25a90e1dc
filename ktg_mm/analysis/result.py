"""What an analysis gives."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from PIL import Image

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

    def save(self, folder: str | Path, runs: str = '', mark: str | None = None) -> list[Path]:
        """Writes ``name.csv`` and ``name.png``, each whole or not at all.

        Args:
            folder: Where to; it is made if it is missing.
            runs: What the analysis is of; it is put behind the files' name. Defaults to empty.
            mark: Tells the runs apart from all others. It is in the picture; files with another mark stay, and a number
                is put behind the new ones' name. Defaults to None: what is there is replaced.

        Returns:
            The two files.

        Raises:
            UserError: If one cannot be written.
        """
        name = f'{self.name}_{runs}' if runs else self.name
        path = Path(folder) / name
        number = 1
        while mark is not None and _is_of_others(path, mark):
            number += 1
            path = Path(folder) / f'{name}_{number}'
        return [
            save_table(self.rows, Path(f'{path}.csv')),
            save_picture(self.figure, Path(f'{path}.png'), mark),
        ]


def _is_of_others(path: Path, mark: str) -> bool:
    """Whether files of this name, without an ending, hold something else than what has a mark."""
    if not os.path.lexists(f'{path}.png'):
        return os.path.lexists(f'{path}.csv')
    try:
        with Image.open(f'{path}.png') as image:
            return image.info.get('Comment') != mark
    except (OSError, ValueError, Image.DecompressionBombError):
        return True
