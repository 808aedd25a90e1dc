"""The configs that come with the package, by name."""

import fnmatch
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config

from ktg_mm.errors import UserError, did_you_mean
from ktg_mm.shipped import shipped

from .config import load_config


def list_configs(pattern: str = '*') -> list[str]:
    """The names of the shipped configs, such as ``'ktg/ens_3node_digits'``.

    Args:
        pattern: Which of them, as a shell's: ``'semi/*'``. Defaults to all.

    Example:
        >>> list_configs('dml/*digits')
        ['dml/dml_3node_digits']
    """
    folder = shipped('configs')
    names = (path.relative_to(folder).with_suffix('').as_posix() for path in sorted(folder.glob('[!_]*/*.py')))
    return [name for name in names if fnmatch.fnmatchcase(name, pattern)]


def get_config(name: str, cfg_options: dict[str, Any] | None = None, overlays: Sequence[str | Path] = ()) -> Config:
    """A shipped config.

    Args:
        name: One of :func:`list_configs`.
        cfg_options: As for :func:`ktg_mm.apis.load_config`.
        overlays: Likewise; shipped ones are named as in the documentation, ``'configs/_base_/edges/independent.py'``.

    Raises:
        UserError: If there is none of that name, or as :func:`ktg_mm.apis.load_config`.

    Example:
        >>> get_config('ktg/ens_3node_digits', {'train_cfg.max_epochs': 2}).train_cfg.max_epochs
        2
    """
    if name not in (known := list_configs()):
        raise UserError(f'get_config: no shipped config is named {name!r}; {did_you_mean(name, known)}')
    return load_config(shipped('configs') / f'{name}.py', cfg_options, overlays)
