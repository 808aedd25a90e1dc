"""Random numbers that depend on the seed and on how far the run is, and on nothing else."""

import math
import zlib
from collections.abc import Sequence

import torch
from mmengine.dist import get_rank
from torch import Tensor

_GAMMA = 0x9E3779B97F4A7C15
_FACTORS = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
_SHIFTS = (30, 27, 31)
_PROPOSALS = 12  # of which one in twenty at most is refused


@torch.no_grad()
def step_uniform(seed: int, progress: Tensor, shape: Sequence[int], salt: int | str = 0, start: int = 0) -> Tensor:
    """Uniform random numbers in [0, 1) for one step of a run.

    They are a function of the arguments alone: all processes, a resumed run and every device have the same. There is no
    generator with a state, so a step that is captured on a GPU draws others whenever the progress in its memory is
    another. It is SplitMix64 (Steele, Lea and Flood, OOPSLA 2014, figure 13; the constants of Vigna's splitmix64.c),
    started where it takes the seed, the salt and the bits of the progress, and takes some twenty passes over memory.

    Args:
        seed: The run's.
        progress: k / k_end, float64 of shape ().
        shape: Of the result.
        salt: A number or a name that tells several draws of a step from one another. Defaults to 0.
        start: How many numbers of the draw are left out at its beginning, such as those of other processes. Defaults to
            0.

    Returns:
        Multiples of 2^-53, float64 of the shape, on the progress's device.

    Example:
        >>> progress = torch.tensor(0.25, dtype=torch.float64)
        >>> step_uniform(0, progress, (2,)), step_uniform(0, progress, (2,), salt='other')
        (tensor([0.2701, 0.6409], dtype=torch.float64), tensor([0.5117, 0.0815], dtype=torch.float64))
    """
    salt = zlib.crc32(salt.encode()) if isinstance(salt, str) else salt
    key = _mixed_number(_mixed_number(seed) + salt)
    first = _mix(progress.double().view(torch.int64) + _signed(key))
    number = torch.arange(start + 1, start + math.prod(shape) + 1, device=progress.device)
    number.mul_(_signed(_GAMMA)).add_(first)
    return _logical_shift(_mix(number), 11).double().mul_(2.0**-53).view(tuple(shape))


def step_uniform_rows(
    seed: int, progress: Tensor, shape: Sequence[int], salt: int | str = 0, training: bool = True
) -> Tensor:
    """Random numbers for the rows of a batch: this process's of those that :func:`step_uniform` draws for all.

    The batches of all processes, of one size, in the order of their ranks, have what one process with all rows has.
    Where each has labelled rows before unlabelled ones, this holds of the rows of one kind, not of both together: one
    process has all labelled rows before all others.

    Args:
        seed: The run's.
        progress: k / k_end, float64 of shape ().
        shape: Of the result; a row of it is one of this process's batch.
        salt: A number or a name that tells several draws of a step from one another. Defaults to 0.
        training: Whether the batch is a part of all processes'; else it is a whole one. Defaults to True.

    Returns:
        Numbers in [0, 1), float64 of the shape, on the progress's device.

    Example:
        >>> step_uniform_rows(0, torch.tensor(0.25, dtype=torch.float64), (1, 2))
        tensor([[0.2701, 0.6409]], dtype=torch.float64)
    """
    rank = get_rank() if training else 0
    return step_uniform(seed, progress, shape, salt, rank * math.prod(shape))


def step_normal(seed: int, progress: Tensor, shape: Sequence[int], salt: int | str = 0, start: int = 0) -> Tensor:
    """Normal random numbers of mean 0 and variance 1 for one step of a run, drawn as :func:`step_uniform` draws.

    Args:
        seed: The run's.
        progress: k / k_end, float64 of shape ().
        shape: Of the result.
        salt: A number or a name that tells several draws of a step from one another. Defaults to 0.
        start: How many numbers of the draw are left out at its beginning. Defaults to 0.

    Returns:
        Between -8.4 and 8.3, float64 of the shape, on the progress's device.

    Example:
        >>> step_normal(0, torch.tensor(0.25, dtype=torch.float64), (2,))
        tensor([-0.6124,  0.3609], dtype=torch.float64)
    """
    return torch.special.ndtri(step_uniform(seed, progress, shape, salt, start).clamp_(min=2.0**-54))


def step_beta(seed: int, progress: Tensor, alpha: float, shape: Sequence[int] = (), salt: int | str = 0) -> Tensor:
    """Random numbers of the distribution Beta(alpha, alpha) for one step of a run, drawn as :func:`step_uniform` draws.

    They are G / (G + H), G and H of a gamma distribution by Marsaglia and Tsang's method (ACM Transactions on
    Mathematical Software, 2000): of a fixed number of proposals the first that is accepted, as a step that is captured
    on a GPU cannot go on until one is. That all are refused has a probability below 1e-15.

    Args:
        seed: The run's.
        progress: k / k_end, float64 of shape ().
        alpha: Both parameters of the distribution, above 0.
        shape: Of the result. Defaults to one number of shape ().
        salt: A number or a name that tells several draws of a step from one another. Defaults to 0.

    Returns:
        Numbers in [0, 1], float64 of the shape, on the progress's device.

    Example:
        >>> step_beta(0, torch.tensor(0.25, dtype=torch.float64), 0.75, (2,))
        tensor([0.2545, 0.3000], dtype=torch.float64)
    """
    shape = tuple(shape)
    x = step_normal(seed, progress, (2, _PROPOSALS, *shape), f'{salt} normal')
    u = step_uniform(seed, progress, (2, _PROPOSALS, *shape), f'{salt} refused')
    # The method is for parameters of 1 and more; a power of a uniform number leads from alpha + 1 to alpha.
    d = alpha + 1 - 1 / 3
    root = 1 + x / math.sqrt(9 * d)
    log_v = 3 * root.clamp(min=1e-300).log()
    accepted = (root > 0) & (u.log() < 0.5 * x.square() + d * (1 - log_v.exp() + log_v))
    first = accepted & (accepted.cumsum(dim=1) == 1)
    down = torch.log1p(-step_uniform(seed, progress, (2, *shape), f'{salt} power')) / alpha
    # In logarithms, as both are 0 in float64 if alpha is small.
    g, h = (torch.where(first, log_v, 0.0).sum(dim=1) + down).unbind()
    return torch.sigmoid(g - h)


def step_permutation(seed: int, progress: Tensor, shape: Sequence[int], salt: int | str = 0) -> Tensor:
    """Random permutations for one step of a run, drawn as :func:`step_uniform` draws.

    Args:
        seed: The run's.
        progress: k / k_end, float64 of shape ().
        shape: Of the result; each row of it is a permutation.
        salt: A number or a name that tells several draws of a step from one another. Defaults to 0.

    Returns:
        Integers of the shape, on the progress's device.

    Example:
        >>> step_permutation(0, torch.tensor(0.25, dtype=torch.float64), (4,)).sort().values
        tensor([0, 1, 2, 3])
    """
    return step_uniform(seed, progress, shape, salt).argsort(dim=-1)


def _logical_shift(number: Tensor, places: int) -> Tensor:
    """Shifts to the right as if the integers had no sign, in place of the copy that it returns."""
    return number.bitwise_right_shift(places).bitwise_and_(2 ** (64 - places) - 1)


def _mix(number: Tensor) -> Tensor:
    """SplitMix64's output function, on integers of 64 bits that wrap, in place."""
    first, second, last = _SHIFTS
    number.bitwise_xor_(_logical_shift(number, first)).mul_(_signed(_FACTORS[0]))
    number.bitwise_xor_(_logical_shift(number, second)).mul_(_signed(_FACTORS[1]))
    return number.bitwise_xor_(_logical_shift(number, last))


def _mixed_number(number: int) -> int:
    """The same for a number of the host's, with a step before."""
    number = (number + _GAMMA) % 2**64
    for shift, factor in zip(_SHIFTS, (*_FACTORS, 1), strict=True):
        number = (number ^ number >> shift) * factor % 2**64
    return number


def _signed(number: int) -> int:
    """A number of 64 bits as torch's integers have it."""
    return number - 2**64 if number >= 2**63 else number
