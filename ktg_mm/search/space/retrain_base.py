"""The config that a search's graphs are to be trained with at last, ``search.retrain``."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config

from ktg_mm.errors import ConfigError
from ktg_mm.mmengine_private import base_files
from ktg_mm.shipped import inherited

from .options import check_options


def retrain_base(cfg: Config, files: Sequence[str | Path]) -> Path | None:
    """Where the config is that ``search.retrain`` names, relative to the file that says it.

    Args:
        cfg: The config of a search.
        files: What it was read from, overlays last; the one that says it may also be inherited by one of them.

    Returns:
        The absolute path, None if the config names none.

    Raises:
        ConfigError: If there is no such file.
    """
    retrain = check_options(cfg.get('search')).get('retrain')
    if retrain is None:
        return None
    says = next(filter(None, (_who_says(Path(file)) for file in reversed(files))), Path(files[0]))
    folder = os.path.abspath(says.parent)
    found = Path(os.path.abspath(Path(folder, retrain)))
    if not found.is_file():
        raise ConfigError('search.retrain', f'must be the path of a config, relative to {folder}, got {retrain!r}')
    return found


def _who_says(file: Path) -> Path | None:
    """The file that says ``retrain``: a config, or the nearest one that it inherits; None if none does."""
    if not file.is_file():
        return None
    if re.search(r'\bretrain\b[\'"]?\s*[=:]', file.read_text(encoding='utf-8')):
        return file
    bases = base_files(str(file)) if file.suffix == '.py' else []
    below = filter(None, (inherited(base, file.parent) for base in bases))
    return next(filter(None, map(_who_says, below)), None)
