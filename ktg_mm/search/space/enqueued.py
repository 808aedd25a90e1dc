"""The graphs that a search tries first, and the one of them that it has to beat."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ktg_mm.apis.config import config_files, joined_name, load_config
from ktg_mm.config.config_text import difference
from ktg_mm.config.stages import as_last_stage
from ktg_mm.errors import ConfigError, UntaughtError, UserError, did_you_mean

from .known_graphs import fitting_values, named_graphs
from .parameter import at
from .space import SearchSpace

KeyOf = Callable[[dict[str, Any], dict[str, Any]], str]


def enqueued_values(
    entries: Sequence[str], space: SearchSpace, folder: Path, key_of: KeyOf
) -> dict[str, dict[str, Any]]:
    """What ``search.enqueue`` names, as values of the space, in its order.

    Args:
        entries: Names of known graphs (:func:`named_graphs`) and configs, ``CONFIG.py`` or ``CONFIG.py+OVERLAY.py``,
            from the current folder or the search's config.
        space: The space.
        folder: Of the search's config.
        key_of: What tells the graph of values and of their config from others.

    Returns:
        Values by the graphs' names; of two names for one graph the first.

    Raises:
        ConfigError: If a graph is not in the space, or an entry is neither a name nor a config.
    """
    found: dict[str, dict[str, Any]] = {}
    for entry in entries:
        is_file = '.py' in entry
        new = {joined_name(entry): _of_file(entry, space, folder, key_of)} if is_file else named_graphs(entry, space)
        for name, values in new.items():
            if found.setdefault(name, values) != values:
                raise ConfigError('search.enqueue', f'has two graphs that are called {name!r}; rename the config')
    seen: dict[str, str] = {}
    for name, values in found.items():
        try:
            seen.setdefault(key_of(values, space.apply(values)), name)
        except UntaughtError as error:
            raise ConfigError('search.enqueue', f'{name!r} cannot learn: {error}') from error
    return {name: found[name] for name in seen.values()}


def baseline_names(baseline: str | None, names: Sequence[str]) -> list[str]:
    """The enqueued graphs that ``search.baseline`` means; the best of them is to be beaten.

    Args:
        baseline: A graph's name, or what several with different temperatures have in common, or a config as in
            ``search.enqueue``. None means all.
        names: Of the enqueued graphs.

    Raises:
        ConfigError: If none is meant.

    Example:
        >>> baseline_names('dml', ['independent', 'dml_temperature_1', 'dml_temperature_2'])
        ['dml_temperature_1', 'dml_temperature_2']
    """
    if baseline is None:
        return list(names)
    wanted = joined_name(baseline) if '.py' in baseline else baseline
    meant = [name for name in names if name == wanted or name.startswith(f'{wanted}_temperature_')]
    if not meant:
        hint = did_you_mean(wanted, names) if names else 'search.enqueue names none'
        raise ConfigError('search.baseline', f'must be one of the enqueued graphs, got {baseline!r}; {hint}')
    return meant


def _of_file(entry: str, space: SearchSpace, folder: Path, key_of: KeyOf) -> dict[str, Any]:
    here = [part if part.is_file() else folder / part for part in config_files(entry)]
    try:
        config = as_last_stage(load_config(here[0], overlays=here[1:]).to_dict())
    except UserError as error:
        raise ConfigError('search.enqueue', str(error)) from error
    if not all(isinstance(at(config, ('model', part)), Mapping) for part in ('nodes', 'edges')):
        raise ConfigError('search.enqueue', f'{entry} has no KnowledgeTransferGraph with nodes and edges')
    values, filled = fitting_values(entry, config, space)
    whole = space.apply(values)
    try:
        is_same = key_of(values, whole) == key_of(values, {**whole, 'model': filled['model']})
    except UntaughtError as error:
        raise ConfigError('search.enqueue', f'{entry} cannot learn: {error}') from error
    if not is_same:
        raise ConfigError('search.enqueue', f'{entry} is outside the space: {_first_difference(whole, filled)}')
    return values


def _first_difference(here: Mapping[str, Any], there: Mapping[str, Any]) -> str:
    """Where two configs' graphs differ, the nodes first."""
    for part in ('nodes', 'edges'):
        changed = difference(here['model'][part], there['model'][part])
        path = [part]
        while isinstance(changed, Mapping) and changed:
            key = next((key for key in changed if key != '_delete_'), '_delete_')
            path, changed = [*path, key], changed[key]
        if len(path) > 1:
            return f'model.{".".join(path)} is not searched, and is {changed!r} there'
    return 'it differs in what is not searched'
