"""Sampler whose indices carry what a sample's augmentation is seeded with."""

from collections.abc import Iterator, Sized
from typing import Any

from mmengine.dataset import DefaultSampler
from mmpretrain.registry import DATA_SAMPLERS

from ktg_mm.config.check_number import is_whole
from ktg_mm.errors import ConfigError


class SeededIndex(int):
    """A sample's index that also knows the run's seed and the epoch.

    It is an int to everybody else; ``SeedRandom``, the first step of a pipeline, reads the two attributes from
    ``results['sample_idx']``. It survives pickling, so it passes to loader workers and back.

    Args:
        index: Position in the data set, at least 0.
        seed: Seed of the run.
        epoch: Epoch, counted from 0.

    Example:
        >>> index = SeededIndex(7, seed=0, epoch=3)
        >>> index == 7, index.seed, index.epoch
        (True, 0, 3)
    """

    seed: int
    epoch: int

    def __new__(cls, index: int, seed: int, epoch: int) -> 'SeededIndex':
        """Makes the int and attaches the seed and the epoch."""
        self = super().__new__(cls, index)
        self.seed = seed
        self.epoch = epoch
        return self

    def __reduce__(self) -> tuple:
        return SeededIndex, (int(self), self.seed, self.epoch)


@DATA_SAMPLERS.register_module()
class SeededSampler(DefaultSampler):
    """mmengine's default sampler, yielding ``SeededIndex`` instead of plain ints.

    Order, sharding over processes (rank-strided) and length are the default sampler's. Together with ``SeedRandom`` a
    sample's augmentation depends on (seed, epoch, index) alone: not on the number of workers or processes, nor on
    whether the run was resumed. mmengine's epoch loop sets the epoch; a loop over iterations does so at every pass
    over the data.

    Args:
        dataset: Anything with a length.
        shuffle: Whether each epoch has its own order. Defaults to True.
        seed: Seed of order and augmentation, the same in all processes, at least 0. Defaults to None: the runner's
            seed (``randomness.seed``), or one drawn at random and shared by all processes.
        round_up: Whether samples are repeated until all processes have equally many. Defaults to True.

    Raises:
        ConfigError: If the seed is negative or no whole number.

    Example:
        >>> sampler = SeededSampler([10, 20, 30], shuffle=False, seed=5)
        >>> sampler.set_epoch(2)
        >>> [(index, index.seed, index.epoch) for index in sampler]
        [(0, 5, 2), (1, 5, 2), (2, 5, 2)]
    """

    def __init__(self, dataset: Sized, shuffle: bool = True, seed: int | None = None, round_up: bool = True) -> None:
        check_sampler_seed(seed, 'sampler.seed')
        super().__init__(dataset, shuffle, seed, round_up)

    def __iter__(self) -> Iterator[int]:
        """Yields this process's indices of the present epoch."""
        epoch = self.epoch  # taken now: set_epoch may be called while the iterator is still in use
        return (SeededIndex(index, self.seed, epoch) for index in super().__iter__())


def check_sampler_seed(seed: Any, path: str) -> None:
    """Refuses a seed that no stream of random numbers begins with.

    Args:
        seed: Should be a whole number, at least 0, or None.
        path: Config key.

    Raises:
        ConfigError: If it is not.
    """
    if seed is not None and (not is_whole(seed) or seed < 0):
        raise ConfigError(path, f'must be a whole number, at least 0, got {seed!r}')
