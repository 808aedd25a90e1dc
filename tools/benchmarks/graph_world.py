"""A world of graphs to simulate searches in: the score of any graph of a space, and the luck of its seeds.

``fit_graph_world.py`` makes it from the table of trained graphs.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from graph_codes import CHOICES, EPOCHS, EXCHANGED, canonical

from ktg_mm.errors import UserError
from ktg_mm.files import whole_file

HEALTHY = 74.5  # per cent; graphs below have learnt badly, and others rules hold for them
_NEAR = 2  # a bad graph's seeds spread as those of a graph that is so many places from it


@dataclass
class Network:
    """A small network of scikit-learn's, as its weights.

    Args:
        weights: Of each layer, (inputs, outputs).
        biases: Of each layer.
    """

    weights: Sequence[np.ndarray]
    biases: Sequence[np.ndarray]

    def __call__(self, codes: np.ndarray) -> np.ndarray:
        """Outputs of rows of choices, the mean over both orders of net1 and net2."""
        return (self._forward(codes) + self._forward(codes[:, EXCHANGED])) / 2

    def _forward(self, codes: np.ndarray) -> np.ndarray:
        values = one_hot(codes)
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            values = np.maximum(values @ weight + bias, 0)
        return values @ self.weights[-1] + self.biases[-1]


def one_hot(codes: np.ndarray) -> np.ndarray:
    """Rows of choices with a column for each."""
    columns = np.zeros((len(codes), CHOICES.sum()), np.float32)
    columns[np.arange(len(codes))[:, None], codes + np.cumsum(CHOICES) - CHOICES] = 1
    return columns


class GraphWorld:
    """Mean validation accuracy of each graph after 1, 2, 4, 8, 16 and 32 epochs, and scores of seeds around it.

    Whether a graph learns well is told by one network, its curve by others; what they do not explain is a number that
    belongs to the graph. Graphs that were trained often keep their measured means. Seeds' luck is drawn from
    those of graphs which are about as good, whole curves, so that a lucky start goes with a lucky end as it does.

    Args:
        content: Arrays by name, as ``fit_graph_world.py`` writes them.

    Attributes:
        has_parameters: True.
        choices: How many choices each parameter has.
        epochs: After which there are scores; the last are those of a whole training.
        enqueued: Rows of the graphs that people would try first.
        names: Their names.
        best: Mean score of the best of them.
    """

    has_parameters = True

    def __init__(self, content: Mapping[str, np.ndarray]) -> None:
        self.content = dict(content)
        self.choices, self.epochs = CHOICES, EPOCHS
        self.names = [str(name) for name in content['names']]
        self.enqueued = content['enqueued'].astype(np.int64)
        self._networks = {name: self._read(name) for name in ('learns', 'good', 'bad')}
        _, keys, _ = canonical(content['measured'].astype(np.int64))
        self._measured = dict(zip(keys.tolist(), content['measured_means'].astype(float), strict=True))
        ends = [0, *np.cumsum(content['luck_counts']).tolist()]
        luck = content['luck'].astype(float)
        means = content['luck_means']
        self._luck = [luck[ends[i] : ends[i + 1]] for i in np.argsort(means, kind='stable')]
        self._luck_means = np.sort(means)
        self._known: dict[int, np.ndarray] = {}
        self.best = float(self.means(self.enqueued)[:, -1].max())

    def _read(self, name: str) -> list[Network]:
        found: list[Network] = []
        while f'{name}_{len(found)}_weight_0' in self.content:
            layers = range(sum(key.startswith(f'{name}_{len(found)}_weight_') for key in self.content))
            both = (
                [self.content[f'{name}_{len(found)}_{kind}_{i}'].astype(np.float32) for i in layers]
                for kind in ('weight', 'bias')
            )
            found.append(Network(*both))
        return found

    @classmethod
    def load(cls, path: Path) -> 'GraphWorld':
        """Reads a file of ``fit_graph_world.py``.

        Raises:
            UserError: If it is none.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                return cls(dict(file))
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise UserError(f'{path}: is no file of tools/benchmarks/fit_graph_world.py: {error}') from error

    def save(self, path: Path) -> None:
        """Writes such a file.

        Raises:
            UserError: If it cannot be written.
        """
        with whole_file(path) as part, part.open('wb') as file:
            arrays: dict[str, Any] = self.content
            np.savez_compressed(file, **arrays)

    def random(self, number: int, random: np.random.Generator) -> np.ndarray:
        """Draws graphs, each choice by itself."""
        return random.integers(0, CHOICES, (number, len(CHOICES)))

    def canonical(self, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The rows that stand for the graphs of others, and the graphs' numbers, -1 where the target cannot learn."""
        codes, keys, _ = canonical(codes)
        return codes, keys

    def means(self, codes: np.ndarray) -> np.ndarray:
        """Mean accuracy in per cent over all seeds of each graph after each of the epochs."""
        _, keys, cut = canonical(codes)
        unknown, places = np.unique(keys, return_index=True)
        fresh = [i for key, i in zip(unknown.tolist(), places.tolist(), strict=True) if key not in self._known]
        if fresh:
            for key, curve in zip(keys[fresh].tolist(), self.predicted(cut[fresh]), strict=True):
                self._known[key] = self._measured.get(key, curve)
        return np.stack([self._known[key] for key in keys.tolist()]) if len(keys) else np.zeros((0, len(EPOCHS)))

    def predicted(self, cut: np.ndarray) -> np.ndarray:
        """What is told of graphs that nobody has trained often; ``cut`` is the last that ``canonical`` returns."""
        learns = _mean(self._networks['learns'], cut)[:, 0] > 0  # a logit
        good = _mean(self._networks['good'], cut) * self.content['good_scale'] + self.content['good_shift']
        good = good + _own(cut)[:, None] * self.content['unexplained']
        bad = 100 - np.exp(_mean(self._networks['bad'], cut) * self.content['bad_scale'] + self.content['bad_shift'])
        bad[:, -1] = np.minimum(bad[:, -1], HEALTHY)
        return np.where(learns[:, None], good, bad)

    def scores(self, means: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """What a training with a new seed comes to.

        Args:
            means: Rows of :meth:`means`.
            random: Draws the seeds.
        """
        first = int(np.searchsorted(self._luck_means, HEALTHY))
        near = np.searchsorted(self._luck_means, means[:, -1]) + random.integers(-_NEAR, _NEAR + 1, len(means))
        near = np.clip(near, 0, first - 1)
        graphs = np.where(means[:, -1] > HEALTHY, random.integers(first, len(self._luck), len(means)), near)
        shares = random.random(len(means))
        luck = [self._luck[i][int(share * len(self._luck[i]))] for i, share in zip(graphs, shares, strict=True)]
        return means + np.array(luck).reshape(means.shape)


def _mean(networks: Sequence[Network], codes: np.ndarray) -> np.ndarray:
    return np.mean([network(codes) for network in networks], axis=0)


def _own(cut: np.ndarray) -> np.ndarray:
    """A standard normal number that belongs to each graph."""
    from scipy.stats import norm

    digests = [hashlib.blake2b(row.astype(np.int8).tobytes(), digest_size=8).digest() for row in cut]
    numbers = np.frombuffer(b''.join(digests), '<u8')
    return norm.ppf((numbers.astype(float) + 0.5) / 2.0**64)
