"""Pruners: Optuna's by their class names, and what a user registers beside them."""

from collections.abc import Mapping
from typing import Any

import optuna

from ktg_mm.registry import PRUNERS
from ktg_mm.search.space.samplers import build_class, find_class, register_all


def build_pruner(cfg: Mapping[str, Any] | None) -> optuna.pruners.BasePruner:
    """Builds a pruner from its class name and arguments; None builds one that prunes nothing.

    Raises:
        ConfigError: If there is no such pruner or it does not take the arguments.
    """
    cfg, key = cfg or dict(type='NopPruner'), 'search.hook.pruner'
    return build_class(find_class(cfg, PRUNERS, optuna.pruners.BasePruner, key), cfg, key)


register_all(PRUNERS, optuna.pruners)
