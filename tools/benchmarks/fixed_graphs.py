"""A world of the graphs of a file of ``record_curves.py`` alone, to simulate searches in."""

import json
from pathlib import Path

import numpy as np
from asha import read_curves


class FixedGraphs:
    """The graphs of a search that stopped nothing, each trained once.

    A graph that is asked for is the one of the file that differs in the fewest parameters. Nothing is known of other
    seeds, so that a score is taken for the truth. Files of old have no parameters; there graphs can only be drawn at
    random.

    Args:
        path: The file.

    Attributes:
        choices: How many choices each parameter has.
        epochs: After which there are scores.
        enqueued: None, as nobody says which graphs people know.
        best: The best score.
        has_parameters: Whether the file has them.

    Raises:
        UserError: If it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._curves, epochs = read_curves(path)
        self.epochs = tuple(epochs)
        self.best = float(self._curves[:, -1].max())
        drawn = [curve.get('parameters') for curve in json.loads(path.read_text(encoding='utf-8'))['curves']]
        self.has_parameters = all(isinstance(one, dict) for one in drawn)
        if self.has_parameters:
            names = sorted({name for one in drawn for name in one})
            columns = [[str(one.get(name)) for one in drawn] for name in names]
            values = [sorted(set(column)) for column in columns]
            self._codes = np.array(
                [[known.index(one) for one in column] for known, column in zip(values, columns, strict=True)]
            ).T
            self.choices = np.array([len(known) for known in values])
        else:
            self._codes = np.arange(len(drawn))[:, None]
            self.choices = np.array([len(drawn)])
        self.enqueued = self._codes[:0]

    def random(self, number: int, random: np.random.Generator) -> np.ndarray:
        """Draws graphs."""
        return self._codes[random.integers(0, len(self._codes), number)]

    def canonical(self, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The nearest graphs of the file, and their numbers."""
        keys = (codes[:, None] != self._codes[None]).sum(2).argmin(1)
        return self._codes[keys], keys

    def means(self, codes: np.ndarray) -> np.ndarray:
        """Their scores."""
        return self._curves[self.canonical(codes)[1]]

    def scores(self, means: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """The same, as there is one seed."""
        return means
