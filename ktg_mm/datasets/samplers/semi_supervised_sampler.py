"""Sampler of batches with labelled and unlabelled samples."""

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
from mmengine.dist import get_dist_info, sync_random_seed
from mmpretrain.registry import DATA_SAMPLERS
from torch.utils.data import Sampler

from ktg_mm.config.check_number import is_whole
from ktg_mm.errors import ConfigError

from .seeded_sampler import SeededIndex, check_sampler_seed

_KEY = 'train_dataloader.sampler'


@DATA_SAMPLERS.register_module()
class SemiSupervisedSampler(Sampler):
    """Draws batches of labelled samples, then unlabelled ones, out of two streams that all processes share.

    It yields flat indices, as the loader's ``batch_size`` (which must be ``labeled + unlabeled``) cuts them. With W
    processes, rank r takes in the run's global batch g:

    - the labelled positions (g W + r) ``labeled``, ... of an endless sequence of permutations of the labelled samples;
    - the unlabelled positions (b W + r) ``unlabeled``, ... of a permutation of the unlabelled ones, where b = g mod B.
      A pass, and an epoch, has B = num_unlabeled // (``unlabeled`` W) batches; what is left over is dropped. With
      ``unlabeled=0``, B is max(1, num_labeled // (``labeled`` W)).

    Both depend on the seed and g alone, so a run resumed at any batch goes on as it would have. Each index is a
    ``SeededIndex`` with the number of its stream's pass in place of the epoch; no pair of index and pass comes
    twice in a run, so each draw has an augmentation of its own.

    Args:
        dataset: A ``SemiSupervised``, or anything with ``num_labeled`` and ``num_unlabeled`` whose labelled samples
            come first.
        labeled: Labelled samples in a process's batch. Fewer labels than that come repeatedly.
        unlabeled: Unlabelled samples in a process's batch.
        infinite: Whether an iterator never ends: for loops that count iterations. Defaults to False: it ends after an
            epoch.
        seed: Seed of order and augmentation, the same in all processes, at least 0. Defaults to None: the runner's
            seed (``randomness.seed``), or one drawn at random and shared by all processes.

    Raises:
        ConfigError: If an argument is wrong, both numbers are 0, or there are no labels or too few unlabelled samples.

    Example:
        >>> from ktg_mm.datasets import SemiSupervised
        >>> digits = SemiSupervised(dict(type='Digits'), num_labels=40)
        >>> sampler = SemiSupervisedSampler(digits, labeled=2, unlabeled=3, seed=0)
        >>> len(sampler) // sampler.batch_size  # 1217 unlabelled samples
        405
        >>> [index < 40 for index in sampler][:10]
        [True, True, False, False, False, True, True, False, False, False]
    """

    def __init__(
        self, dataset: Any, labeled: int, unlabeled: int, infinite: bool = False, seed: int | None = None
    ) -> None:
        for name, number in (('labeled', labeled), ('unlabeled', unlabeled)):
            if not is_whole(number) or number < 0:
                raise ConfigError(f'{_KEY}.{name}', f'must be a whole number, at least 0, got {number!r}')
        if not isinstance(infinite, bool):
            raise ConfigError(f'{_KEY}.infinite', f'must be True or False, got {infinite!r}')
        check_sampler_seed(seed, f'{_KEY}.seed')
        if not labeled + unlabeled:
            raise ConfigError(_KEY, 'labeled and unlabeled are both 0; one of them must be above 0')
        if not hasattr(dataset, 'num_labeled') or not hasattr(dataset, 'num_unlabeled'):
            raise ConfigError(
                _KEY, f"SemiSupervisedSampler needs dict(type='SemiSupervised'), not {type(dataset).__name__}"
            )
        self.rank, self.world_size = get_dist_info()
        self.dataset = dataset
        self.num_labeled, self.num_unlabeled = dataset.num_labeled, dataset.num_unlabeled
        if labeled and not self.num_labeled:
            raise ConfigError(f'{_KEY}.labeled', f'is {labeled}, but the data set has no labelled samples')
        if self.num_unlabeled < unlabeled * self.world_size:
            raise ConfigError(
                f'{_KEY}.unlabeled',
                f'is {unlabeled} in each of {self.world_size} process(es), but the data set has '
                f'{self.num_unlabeled} unlabelled samples',
            )
        self.labeled, self.unlabeled, self.infinite = labeled, unlabeled, infinite
        self.seed = sync_random_seed() if seed is None else seed
        self.batches = (
            self.num_unlabeled // (unlabeled * self.world_size)
            if unlabeled
            else max(1, self.num_labeled // (labeled * self.world_size))
        )
        self._first = 0

    @property
    def batch_size(self) -> int:
        """Samples in a process's batch."""
        return self.labeled + self.unlabeled

    def __len__(self) -> int:
        """Number of this process's indices in an epoch."""
        return self.batches * self.batch_size

    def set_epoch(self, epoch: int) -> None:
        """The next iterator begins with the first batch of this epoch.

        Args:
            epoch: Epoch, counted from 0.
        """
        self.start_at(epoch * self.batches)

    def start_at(self, batch: int) -> None:
        """The next iterator begins with this batch.

        Args:
            batch: Global number of the batch, counted from 0 over the whole run.
        """
        self._first = batch

    def __iter__(self) -> Iterator[int]:
        """Yields this process's indices: an epoch's, or without end."""
        return self._indices(self._first)  # taken now: set_epoch may be called while the iterator is still in use

    def _indices(self, batch: int) -> Iterator[int]:
        last = None if self.infinite else batch + self.batches
        while batch != last:
            first = (batch * self.world_size + self.rank) * self.labeled
            for position in range(first, first + self.labeled):
                number, within = divmod(position, self.num_labeled)
                order = _permutation(self.num_labeled, self.seed, number, stream=0)
                yield SeededIndex(order[within], self.seed, number)
            number, within = divmod(batch, self.batches)
            first = (within * self.world_size + self.rank) * self.unlabeled
            for position in range(first, first + self.unlabeled):
                order = _permutation(self.num_unlabeled, self.seed, number, stream=1)
                yield SeededIndex(self.num_labeled + order[position], self.seed, number)
            batch += 1


@functools.lru_cache(maxsize=4)
def _permutation(size: int, seed: int, number: int, stream: int) -> list[int]:
    """One of an endless sequence of permutations, of which the newest are kept."""
    # RandomState's shuffling never changes, while that of numpy's Generator and of torch may.
    bits = np.random.MT19937(np.random.SeedSequence((seed, number, stream)))
    return np.random.RandomState(bits).permutation(size).tolist()
