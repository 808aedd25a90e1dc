"""Checks one dict of a config: its keys, their types and their ranges."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ktg_mm.config.signatures import arguments_of
from ktg_mm.config.value_check import check_values
from ktg_mm.errors import ConfigError, did_you_mean

from .ranges import check_ranges


def check_entries(
    cfg: Any,
    path: str,
    known: Collection[str] | None = None,
    function: Any = None,
    needed: Collection[str] = (),
) -> None:
    """Checks a dict that is no part, but the arguments of a function, or entries that somebody reads one by one.

    Args:
        cfg: What the config says.
        path: Its config key; the last name is its entry in the table of ranges.
        known: The entries that it may have. Defaults to the function's arguments.
        function: Who is given them; they must fit its annotations. Defaults to None.
        needed: Entries that must be there.

    Raises:
        ConfigError: At the first entry that is wrong.

    Example:
        >>> check_entries(dict(enabled=True), 'auto_scale_lr', ['enable', 'base_batch_size'])
        Traceback (most recent call last):
        ktg_mm.errors.ConfigError: auto_scale_lr: unknown entry 'enabled'; did you mean 'enable'?
    """
    known = arguments_of(function)[0] if known is None else known
    if not isinstance(cfg, Mapping):
        raise ConfigError(path, f'must be a dict, got {cfg!r}')
    for entry in cfg:
        if entry not in known:
            raise ConfigError(path, f'unknown entry {entry!r}; {did_you_mean(entry, known)}')
    for entry in needed:
        if entry not in cfg:
            raise ConfigError(f'{path}.{entry}', 'is missing')
    check_ranges(cfg, (path.rpartition('.')[2].partition('[')[0],), path)
    if function is not None:
        check_values(function, cfg, path)
