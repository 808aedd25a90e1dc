"""A parameter of a search space: one place of the config and what it may be."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from optuna.distributions import BaseDistribution

ConfigPath = tuple[str, ...]


@dataclass(frozen=True)
class Parameter:
    """One path of the config and what it may be.

    Args:
        key: The key of the space that it comes from.
        path: The keys of the config that lead to the place.
        distribution: What Optuna draws from: the choices' names, or a range.
        choices: The choices' values by their names; empty for a range.
        when: The parameter is drawn only if each of these parameters took one of the choices named beside it.
        together: The name of all parameters that are drawn as one, the key of several paths. Default: the path alone.
    """

    key: str
    path: ConfigPath
    distribution: BaseDistribution
    choices: Mapping[str, Any] = field(default_factory=dict)
    when: Mapping[str, Sequence[str]] = field(default_factory=dict)
    together: str | None = None

    @property
    def name(self) -> str:
        """The path with dots, or the key of several paths, which is the parameter's name in the study."""
        return self.together or '.'.join(self.path)

    def value(self, drawn: Any) -> Any:
        """What comes into the config for a drawn name or number."""
        return copy.deepcopy(self.choices[drawn]) if self.choices else drawn

    @property
    def ends(self) -> list[Any]:
        """The names of all choices, or both ends of a range."""
        return list(self.choices) or [self.distribution.low, self.distribution.high]  # type: ignore[attr-defined]

    def under(self, path: ConfigPath) -> dict[str, Any]:
        """What each choice puts at a path of the config, by the choice's name; empty if the path leads elsewhere."""
        depth = len(self.path)
        choices = self.choices if self.path == path[:depth] else {}
        return {name: at(value, path[depth:]) for name, value in choices.items()}


def names_in(here: Any) -> list[str]:
    """The keys of a dict, or the indices of a list."""
    if isinstance(here, Mapping):
        return [str(name) for name in here]
    return [str(i) for i in range(len(here))] if isinstance(here, (list, tuple)) else []


def get(here: Any, name: str) -> Any:
    """What a dict or list has under a name; None if it has nothing there."""
    if isinstance(here, Mapping):
        return here.get(name)
    return here[int(name)] if isinstance(here, (list, tuple)) and name in names_in(here) else None


def at(here: Any, path: Sequence[str]) -> Any:
    """What stands at a path of dicts and lists; None if nothing does."""
    for name in path:
        here = get(here, name)
    return here


def depends(parameter: Parameter, earlier: Parameter) -> bool:
    """Whether an earlier parameter's choice may decide if a parameter is drawn."""
    if earlier.name in parameter.when or parameter.path[: len(earlier.path)] == earlier.path:
        return True
    if parameter.path[:2] != ('model', 'edges') or len(parameter.path) < 3 or earlier.path[:2] != ('model', 'nodes'):
        return False
    if len(earlier.path) == 2:  # it says which nodes there are
        return True
    return len(earlier.path) == 3 and None in earlier.choices.values() and earlier.path[2] in parameter.path[2]
