"""Seeds that a config gives."""

from typing import Any

from ktg_mm.errors import ConfigError

from .check_number import is_whole


def check_seed(seed: Any, path: str) -> None:
    """Refuses a seed that numpy does not take.

    Args:
        seed: Should be a whole number from 0 to 2**32 - 1.
        path: Config key.

    Raises:
        ConfigError: If it is not.

    Example:
        >>> check_seed(-1, 'search.sampler.seed')
        Traceback (most recent call last):
        ktg_mm.errors.ConfigError: search.sampler.seed: must be a whole number from 0 to 4294967295, got -1
    """
    if not is_whole(seed) or not 0 <= seed < 2**32:
        raise ConfigError(path, f'must be a whole number from 0 to {2**32 - 1}, got {seed!r}')
