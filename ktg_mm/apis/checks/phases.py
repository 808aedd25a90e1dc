"""Checks that an update's phases, their optimisers and their schedules are the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ktg_mm.config import GraphConfig
from ktg_mm.config.phases import edges_of_phases, optimizer_phases, phases_of
from ktg_mm.config.signatures import arguments_of
from ktg_mm.config.type_check import class_of
from ktg_mm.errors import ConfigError, did_you_mean
from ktg_mm.registry import UPDATES


def schedule_phases(cfg: Mapping[str, Any]) -> dict[str, Any]:
    """The schedules of each phase, where ``param_scheduler`` has some for each; none where it holds for all.

    Args:
        cfg: A config, sound or not.

    Example:
        >>> schedule_phases(dict(optim_wrapper=dict(logits=dict(optimizer={})), param_scheduler=dict(logits=[])))
        {'logits': []}
    """
    schedules = cfg.get('param_scheduler')
    optimizers = optimizer_phases(cfg.get('optim_wrapper'))
    has_phases = isinstance(schedules, Mapping) and 'type' not in schedules and optimizers
    return dict(schedules) if has_phases else {}  # type: ignore[arg-type]


def check_phases_fit(cfg: Mapping[str, Any], graph: GraphConfig) -> None:
    """Checks that each phase of the update has edges, an optimiser and, where others have one, a schedule.

    Args:
        cfg: The config of a run.
        graph: Its checked graph.

    Raises:
        ConfigError: If not.
    """
    optim_wrapper = cfg.get('optim_wrapper')
    optimizers = optimizer_phases(optim_wrapper)
    phases = _phases(graph)
    if isinstance(optim_wrapper, Mapping):
        if phases and not optimizers:
            name = next(iter(phases))
            raise ConfigError(
                'optim_wrapper',
                f'must have an optimiser for each phase of model.update, such as {name}=dict(optimizer=dict(...))',
            )
        _check_same(optimizers, phases, 'optim_wrapper', 'an optimiser', 'dict(optimizer=dict(...))')
    if schedules := schedule_phases(cfg):
        _check_same(schedules, phases, 'param_scheduler', 'a schedule', '[] for none')
        for name, schedule in schedules.items():
            if schedule is None:
                raise ConfigError(f'param_scheduler.{name}', 'is None; must be a schedule, several, or [] for none')


def _phases(graph: GraphConfig) -> Mapping[str, Any]:
    """The phases of a graph's update."""
    update = graph.model.get('update')
    if not isinstance(update, Mapping) or 'type' not in update:
        return {}
    if update.get('phases') is None:
        cls = class_of(UPDATES, update)  # None where nothing is of that name, which building the graph tells
        if cls is not None and 'phases' in arguments_of(cls)[0]:
            raise ConfigError(
                'model.update.phases', "is missing; must be a list such as [dict(name='logits', edges='*')]"
            )
        return {}
    phases = phases_of(update)
    learning = graph.learning_edges
    for phase, edges in edges_of_phases(phases, learning).items():
        if not edges:
            raise ConfigError(
                f'model.update.phases.{phase}',
                f'no edge that teaches is of it ({", ".join(learning)}); an edge is of the last phase that matches it',
            )
    return phases


def _check_same(found: Mapping[str, Any], phases: Mapping[str, Any], key: str, what: str, remedy: str) -> None:
    for name in found:
        if name not in phases:
            hint = did_you_mean(name, phases) if phases else 'a SuccessiveUpdate has them; others take one optimiser'
            raise ConfigError(f'{key}.{name}', f'is {what} of no phase of model.update; {hint}')
    for name in phases:
        if name not in found:
            raise ConfigError(f'{key}.{name}', f'is missing: each phase of model.update needs {what}; {remedy}')
