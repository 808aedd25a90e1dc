"""What the nodes of one or several graphs say of the same images."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.special import log_softmax

from ktg_mm.apis.attention_layers import Layer
from ktg_mm.errors import UserError, did_you_mean


@dataclass(frozen=True, eq=False)
class Predictions:
    """Logits of K nodes for N images of C classes, and what is known about the nodes.

    Args:
        names: The K nodes, networks and ensembles, each after those that it reads.
        logits: Float32 of shape (K, N, C).
        labels: True classes, integers of shape (N,).
        parameters: Number of parameters of each node; 0 for an ensemble.
        members: The names of each ensemble's members, by its name. Defaults to none: all nodes are networks.
        attention: Attention maps of shape (N, H, W) by node, of the nodes that have some. Defaults to none.
        classes: Names of the C classes; empty if the data set has none. Defaults to empty.
        larger: Layers with larger attention maps, of the nodes whose maps have too few cells. Defaults to none.
        configs: Name of each node's config; empty if all are of one. Defaults to empty.

    Raises:
        ValueError: If the shapes do not fit.

    Example:
        >>> logits = np.array([[[2, 0], [0, 1]], [[0, 1], [0, 3]]], dtype=np.float32)
        >>> predictions = Predictions(('a', 'b'), logits, labels=np.array([0, 1]), parameters=(10, 20))
        >>> predictions.accuracy('a'), predictions.accuracy('b')
        (100.0, 50.0)
    """

    names: tuple[str, ...]
    logits: np.ndarray
    labels: np.ndarray
    parameters: tuple[int, ...]
    members: dict[str, tuple[str, ...]] = field(default_factory=dict)
    attention: dict[str, np.ndarray] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    larger: dict[str, Layer] = field(default_factory=dict)
    configs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.logits.ndim != 3 or self.logits.shape[:2] != (len(self.names), len(self.labels)):
            expected = f'({len(self.names)}, {len(self.labels)}, C)'
            raise ValueError(f'logits have the shape {self.logits.shape}, but names and labels make it {expected}')
        if len(self.parameters) != len(self.names):
            raise ValueError(f'{len(self.names)} names, but {len(self.parameters)} numbers of parameters')

    @property
    def networks(self) -> tuple[str, ...]:
        """The nodes that are no ensembles."""
        return tuple(name for name in self.names if name not in self.members)

    def index(self, name: str) -> int:
        """The place of a node.

        Raises:
            UserError: If there is no such node.
        """
        if name not in self.names:
            raise UserError(f'no node is named {name!r}; {did_you_mean(name, self.names)}')
        return self.names.index(name)

    def config_of(self, name: str) -> str:
        """Name of a node's config; empty if all are of one."""
        return self.configs[self.index(name)] if self.configs else ''

    def logits_of(self, name: str) -> np.ndarray:
        """A node's logits, shape (N, C)."""
        return self.logits[self.index(name)]

    def log_probabilities(self, name: str) -> np.ndarray:
        """Logarithms of a node's probabilities, float64 of shape (N, C), in nats."""
        return log_softmax(self.logits_of(name).astype(np.float64), axis=1)

    def probabilities(self, name: str) -> np.ndarray:
        """A node's probabilities, float64 of shape (N, C)."""
        return np.exp(self.log_probabilities(name))

    def predicted(self, name: str) -> np.ndarray:
        """The classes that a node predicts, shape (N,)."""
        return self.logits_of(name).argmax(axis=1)

    def correct(self, name: str) -> np.ndarray:
        """Where a node is right, bool of shape (N,)."""
        return self.predicted(name) == self.labels

    def accuracy(self, name: str) -> float:
        """A node's accuracy in percent."""
        return 100 * int(self.correct(name).sum()) / len(self.labels)

    def parameters_of(self, name: str) -> int:
        """Number of a node's parameters; those of all networks that an ensemble reads."""
        return sum(self.parameters[self.index(network)] for network in self._networks_under(name))

    def _networks_under(self, name: str) -> set[str]:
        if name not in self.members:
            return {name}
        return set().union(*(self._networks_under(member) for member in self.members[name]))


def merge(several: Sequence[Predictions], run_names: Iterable[str], configs: Sequence[str] = ()) -> Predictions:
    """Puts the predictions of several runs on the same images together; nodes are then named ``run/node``.

    Args:
        several: At least one.
        run_names: A name for each, all different.
        configs: Name of each one's config. Defaults to empty: all are of one.

    Raises:
        UserError: If the runs have predicted different images, by their labels and classes.
        ValueError: If the names are not different, or there are not as many.

    Example:
        >>> one = Predictions(('a',), np.zeros((1, 2, 3), np.float32), np.array([0, 1]), (5,))
        >>> merge([one, one], ['seed0', 'seed1']).names
        ('seed0/a', 'seed1/a')
    """
    runs = dict(zip(run_names, several, strict=True))
    if len(runs) < len(several):
        raise ValueError('two runs have the same name')
    (first, reference), *others = runs.items()
    for name, run in others:
        if run.classes != reference.classes or run.logits.shape[2] != reference.logits.shape[2]:
            raise UserError(f'run {name}: its classes are not those of run {first}; their nodes cannot be compared')
        if not np.array_equal(run.labels, reference.labels):
            raise UserError(
                f'run {name}: its {len(run.labels)} images are not the {len(reference.labels)} of run {first}, '
                'as their labels differ'
            )
    return Predictions(
        names=tuple(f'{run}/{name}' for run, one in runs.items() for name in one.names),
        logits=np.concatenate([one.logits for one in several]),
        labels=reference.labels,
        parameters=tuple(number for one in several for number in one.parameters),
        members={
            f'{run}/{name}': tuple(f'{run}/{member}' for member in members)
            for run, one in runs.items()
            for name, members in one.members.items()
        },
        attention={f'{run}/{name}': maps for run, one in runs.items() for name, maps in one.attention.items()},
        classes=reference.classes,
        larger={f'{run}/{name}': layer for run, one in runs.items() for name, layer in one.larger.items()},
        configs=tuple(config for config, one in zip(configs, several, strict=True) for _ in one.names)
        if len(set(configs)) > 1
        else (),
    )
