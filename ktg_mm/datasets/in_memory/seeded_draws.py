"""What numpy's global generator draws after SeedRandom, of many samples at once."""

from collections.abc import Sequence

import numpy as np

from ktg_mm.datasets.samplers import SeededIndex

AT_ONCE = 32  # numbers of 32 bits of each stream; a crop and a flip take five to six, RandAugment some 20
_MOST = 227  # of a state are made of its first half alone
_AHEAD = 397  # how far on in the state of a Mersenne Twister the word lies that is mixed in


class SeededDraws:
    """One stream of random numbers for each sample: those of ``np.random`` after ``SeedRandom`` has seeded it.

    Seeding numpy's generator and asking it for three numbers takes some 20 us a sample. Here each step of the same
    arithmetic is made for all samples together. numpy never changes what ``SeedSequence`` and ``RandomState`` give.

    Args:
        indices: Indices from a sampler that seeds; all have the same seed.
        at_once: How many numbers of 32 bits of each stream are made at first. Defaults to 32.

    Attributes:
        seeds: Those of numpy's generator, 32 bits, shape (N,).

    Example:
        >>> draws = SeededDraws([SeededIndex(7, seed=0, epoch=3)])
        >>> np.random.seed(np.random.SeedSequence((0, 3, 7)).generate_state(3)[1])
        >>> draws.integers(9).tolist() == [np.random.randint(0, 9)], draws.random().tolist() == [np.random.rand()]
        (True, True)
    """

    def __init__(self, indices: Sequence[SeededIndex], at_once: int = AT_ONCE) -> None:
        self.seeds = seeds_of(indices)
        self._words = _first_words(self.seeds, at_once)
        self._next = np.zeros(len(indices), dtype=np.intp)

    def integers(self, size: int) -> np.ndarray:
        """What ``np.random.randint(0, size)`` gives in each stream; integers (N,).

        Args:
            size: At least 1, at most 2**32 - 1.
        """
        value = np.zeros(len(self.seeds), dtype=np.int64)
        if size > 1:  # else numpy draws nothing
            mask = np.uint32((1 << (size - 1).bit_length()) - 1)
            which = np.arange(len(value))
            while len(which):
                value[which] = self._word(which) & mask
                which = which[value[which] >= size]
        return value

    def random(self, which: np.ndarray | None = None) -> np.ndarray:
        """What ``np.random.random_sample()`` gives in each stream; floats (N,).

        Args:
            which: The numbers of the streams to draw from. Defaults to all.
        """
        if which is None:
            which = np.arange(len(self.seeds))
        high, low = self._word(which) >> np.uint32(5), self._word(which) >> np.uint32(6)
        return (high * 67108864.0 + low) / 9007199254740992.0

    @property
    def used(self) -> list[int]:
        """How many numbers of 32 bits each stream has given."""
        return self._next.tolist()

    def _word(self, which: np.ndarray) -> np.ndarray:
        """The next 32 bits of some streams."""
        at = self._next[which]
        if at.max(initial=0) >= len(self._words):
            self._words = self._more(2 * len(self._words))
        self._next[which] += 1
        return self._words[at, which]

    def _more(self, number: int) -> np.ndarray:
        """More numbers of each stream than were made at first."""
        if number <= _MOST:
            return _first_words(self.seeds, number)
        # Hardly ever needed, and so left to numpy's own generator.
        streams = [np.random.RandomState(int(seed)) for seed in self.seeds]
        return np.stack([stream.randint(2**32, size=number, dtype=np.uint32) for stream in streams], 1)


def seeds_of(indices: Sequence[SeededIndex]) -> np.ndarray:
    """The numbers that ``SeedRandom`` seeds numpy with: ``SeedSequence((seed, epoch, index)).generate_state(2)[1]``.

    Args:
        indices: As for :class:`SeededDraws`.

    Returns:
        32 bits each, shape (N,).

    Example:
        >>> expected = np.random.SeedSequence((0, 3, 7)).generate_state(2)[1]
        >>> bool(seeds_of([SeededIndex(7, seed=0, epoch=3)]) == expected)
        True
    """
    seed = indices[0].seed
    words: list[np.ndarray] = []
    while seed or not words:
        words.append(np.full(len(indices), seed & 0xFFFFFFFF, dtype=np.uint32))
        seed >>= 32
    words += [np.array([index.epoch for index in indices], np.uint32), np.array(indices, np.uint32)]
    times = _Constants(0x43B0D7E5, 0x931E8875)
    pool = [times.hash(word) for word in words[:4]]
    pool += [times.hash(np.zeros(len(indices), np.uint32)) for _ in range(4 - len(pool))]
    for source in range(4):
        for to in range(4):
            if source != to:
                pool[to] = _mixed(pool[to], times.hash(pool[source]))
    for word in words[4:]:
        pool = [_mixed(one, times.hash(word)) for one in pool]
    times = _Constants(0x8B51F9DD, 0x58F38DED)
    return [times.hash(word) for word in pool[:2]][1]


class _Constants:
    """The constants of SeedSequence's hash, of which each call takes the next."""

    def __init__(self, first: int, factor: int) -> None:
        self._now, self._factor = first, factor

    def hash(self, value: np.ndarray) -> np.ndarray:
        value = value ^ np.uint32(self._now)
        self._now = self._now * self._factor & 0xFFFFFFFF
        value *= np.uint32(self._now)
        return value ^ value >> np.uint32(16)


def _mixed(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    value: np.ndarray = np.uint32(0xCA01F9DD) * one - np.uint32(0x4973F715) * other
    return value ^ value >> np.uint32(16)


def _first_words(seeds: np.ndarray, number: int) -> np.ndarray:
    """The first numbers of the Mersenne Twisters with these seeds: no more of their states is made than these need."""
    state = np.empty((_AHEAD + number, len(seeds)), dtype=np.uint32)
    state[0] = seeds
    shifted = np.empty_like(seeds)
    for i in range(1, len(state)):
        np.right_shift(state[i - 1], 30, out=shifted)
        np.bitwise_xor(state[i - 1], shifted, out=shifted)
        np.multiply(shifted, np.uint32(1812433253), out=shifted)
        np.add(shifted, np.uint32(i), out=state[i])
    upper, lower = np.uint32(0x80000000), np.uint32(0x7FFFFFFF)
    both = state[:number] & upper | state[1 : number + 1] & lower
    words = state[_AHEAD:] ^ both >> np.uint32(1) ^ (both & np.uint32(1)) * np.uint32(0x9908B0DF)
    words ^= words >> np.uint32(11)
    words ^= words << np.uint32(7) & np.uint32(0x9D2C5680)
    words ^= words << np.uint32(15) & np.uint32(0xEFC60000)
    return words ^ words >> np.uint32(18)
