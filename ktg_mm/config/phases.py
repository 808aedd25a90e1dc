"""Phases of an update: which edges they are of, and their optimisers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from ktg_mm.errors import ConfigError

from .edge_config import EdgeConfig

# Entries of an optimiser's wrapper that are dicts, but no phases; and others, whose names no phase has.
_NO_PHASES = ('optimizer', 'paramwise_cfg', 'clip_grad', 'loss_scale')
_NO_NAMES = (*_NO_PHASES, 'type', 'constructor', 'accumulative_counts')


def check_phases(phases: Any) -> dict[str, tuple[str, ...]]:
    """Returns the patterns of each phase by its name, in the order of the phases.

    Args:
        phases: ``[dict(name='logits', edges='*'), dict(name='hints', edges=['*:features', '*:hint'])]``. A list, as a
            config that is written to a file does not keep the order of a dict.

    Raises:
        ValueError: If it is something else.

    Example:
        >>> check_phases([dict(name='logits', edges='*')])
        {'logits': ('*',)}
    """
    if not isinstance(phases, (list, tuple)) or not phases:
        raise ValueError(f"phases must be a list such as [dict(name='logits', edges='*')], got {phases!r}")
    found: dict[str, tuple[str, ...]] = {}
    for phase in phases:
        if not isinstance(phase, Mapping) or set(phase) != {'name', 'edges'}:
            raise ValueError(f"phases must be dicts such as dict(name='logits', edges='*'), got {phase!r}")
        name, patterns = phase['name'], phase['edges']
        if not (isinstance(name, str) and name.isidentifier()) or name in _NO_NAMES:
            raise ValueError(f'phases must have names that are words and no entries of an optimiser, got {name!r}')
        if name in found:
            raise ValueError(f'phases must have names that differ, got {name!r} twice')
        patterns = (patterns,) if isinstance(patterns, str) else patterns
        is_list = isinstance(patterns, (list, tuple)) and len(patterns) > 0
        if not is_list or not all(isinstance(one, str) and one for one in patterns):
            raise ValueError(f"phases must have edges such as '*' or '*->net1:hint', got {patterns!r} for {name!r}")
        found[name] = tuple(patterns)
    return found


def phases_of(update: Any) -> dict[str, tuple[str, ...]]:
    """The phases of an update, as :func:`check_phases` returns them; none if it has none.

    Args:
        update: ``model.update``, sound or not.

    Raises:
        ConfigError: If its phases are wrong.

    Example:
        >>> phases_of(dict(type='SimultaneousUpdate'))
        {}
    """
    if not isinstance(update, Mapping) or update.get('phases') is None:
        return {}
    try:
        return check_phases(update['phases'])
    except ValueError as error:
        raise ConfigError('model.update.phases', str(error).removeprefix('phases ')) from error


def edges_of_phases(phases: Mapping[str, Collection[str]], keys: Iterable[str]) -> dict[str, list[str]]:
    """The edges of each phase: an edge is of the last phase with a pattern that matches its key.

    Args:
        phases: Their patterns, from :func:`check_phases`; in a pattern ``*`` stands for any letters.
        keys: The edges' keys.

    Raises:
        ConfigError: If an edge is of no phase.

    Example:
        >>> edges_of_phases(dict(logits='*', features=['*:features']), ['label->a', 'b->a', 'b->a:features'])
        {'logits': ['label->a', 'b->a'], 'features': ['b->a:features']}
    """
    found: dict[str, list[str]] = {phase: [] for phase in phases}
    for key in keys:
        of = [phase for phase, patterns in phases.items() if any(fnmatchcase(key, pattern) for pattern in patterns)]
        if not of:
            raise ConfigError(
                'model.update.phases',
                f"no phase matches the edge {key!r}; let the first one be of all that no other is, with edges='*'",
            )
        found[of[-1]].append(key)
    return found


def optimizer_phases(optim_wrapper: Any) -> dict[str, Any]:
    """The entries of an ``optim_wrapper`` that are phases with an optimiser of their own; none if it has one itself.

    Args:
        optim_wrapper: The config's entry, sound or not.

    Example:
        >>> list(optimizer_phases(dict(clip_grad=dict(max_norm=1), logits=dict(optimizer=dict(type='SGD', lr=0.1)))))
        ['logits']
    """
    if not isinstance(optim_wrapper, Mapping) or 'optimizer' in optim_wrapper:
        return {}
    return _named_phases(optim_wrapper)


def phases_beside_optimizer(optim_wrapper: Any) -> list[str]:
    """The phases that an ``optim_wrapper`` has though it has an optimiser itself, which is not to be.

    Args:
        optim_wrapper: The config's entry, sound or not.

    Example:
        >>> phases_beside_optimizer(dict(optimizer=dict(lr=0.1), logits=dict(optimizer=dict(type='SGD', lr=0.1))))
        ['logits']
    """
    if not isinstance(optim_wrapper, Mapping) or 'optimizer' not in optim_wrapper:
        return []
    return [name for name, phase in _named_phases(optim_wrapper).items() if 'optimizer' in phase]


def _named_phases(optim_wrapper: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: phase for name, phase in optim_wrapper.items() if isinstance(phase, Mapping) and name not in _NO_PHASES
    }


def wrapper_of_phase(optim_wrapper: Mapping[str, Any], phase: str) -> dict[str, Any]:
    """The wrapper of one phase: what stands beside the phases holds for all of them.

    Args:
        optim_wrapper: The config's entry.
        phase: The phase's name.

    Example:
        >>> wrapper_of_phase(dict(accumulative_counts=2, logits=dict(optimizer=dict(type='SGD'))), 'logits')
        {'accumulative_counts': 2, 'optimizer': {'type': 'SGD'}}
    """
    phases = optimizer_phases(optim_wrapper)
    common = {name: value for name, value in optim_wrapper.items() if name not in phases}
    return common | dict(phases[phase])


def without_phases(config: Mapping[str, Any], model: Mapping[str, Any], edges: Collection[str]) -> dict[str, Any]:
    """A config whose update, optimisers and schedules have no phase without edges.

    Where the update has no phases at all, the only optimiser and schedules are those of the phase by which the config's
    own graph learns its labels, or of its first phase, if no label teaches there.

    Args:
        config: A config, plain dicts.
        model: The graph, a ``model`` of a config.
        edges: Keys of its edges that teach somebody.

    Example:
        >>> phases = [dict(name='logits', edges='*'), dict(name='features', edges='*:features')]
        >>> model = dict(update=dict(type='SuccessiveUpdate', phases=phases))
        >>> config = dict(model=model, optim_wrapper=dict(logits=dict(), features=dict()))
        >>> without_phases(config, model, ['label->net1'])['optim_wrapper']
        {'logits': {}}
    """
    changed, update = dict(config), model.get('update') or {}
    if not (optimizers := optimizer_phases(config.get('optim_wrapper'))):
        return changed
    patterns = phases_of(update)
    if patterns:
        found = edges_of_phases(patterns, edges)
        kept = {phase for phase, keys in found.items() if keys}
        phases = [phase for phase in update['phases'] if phase['name'] in kept]
        if 'model' in config:
            changed['model'] = {**config['model'], 'update': {**update, 'phases': phases}}
        gone = optimizers.keys() - kept
        wrapper = {name: value for name, value in config['optim_wrapper'].items() if name not in gone}
    else:
        kept = {_phase_of_labels(config.get('model') or {}, optimizers)}
        wrapper = wrapper_of_phase(config['optim_wrapper'], *kept)
    changed['optim_wrapper'] = wrapper
    schedules = config.get('param_scheduler')
    if isinstance(schedules, Mapping) and 'type' not in schedules:
        left = {phase: value for phase, value in schedules.items() if phase in kept}
        changed['param_scheduler'] = left if patterns else [*left.values(), []][0]
    return changed


def _phase_of_labels(model: Mapping[str, Any], optimizers: Collection[str]) -> str:
    """The first phase of a graph that edges from the label are of, else the first; it has an optimiser."""
    patterns = phases_of(model.get('update'))
    edges = [EdgeConfig(key, cfg) for key, cfg in (model.get('edges') or {}).items()]
    keys = [edge.key for edge in edges if edge.from_label and not edge.is_cut]
    found = edges_of_phases(patterns, keys) if patterns else {}
    # What is left is for a graph that has lost its phases: a dict's order is not that of the steps.
    names = [*(phase for phase in found if found[phase]), *found, *optimizers]
    return next(name for name in names if name in optimizers)
