"""The weights of a found graph's frozen teachers, which go with its config."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ktg_mm.errors import UserError
from ktg_mm.files import whole_file
from ktg_mm.search.space.candidates import PRETRAINED
from ktg_mm.search.worker.pretrained import weights_path

_HERE = '{{ fileDirname }}'  # mmengine puts the config's folder in its place


def take_weights(model: dict[str, Any], base: Mapping[str, Any], folder: Path, out: Path) -> dict[str, Path]:
    """Copies the weights that a search has trained beside a config, ``found_teachers/`` beside ``found.py``.

    Args:
        model: The graph, whose frozen teachers get the copies as checkpoints.
        base: The config of the search.
        folder: Where the search has its weights.
        out: The config that is to be written.

    Returns:
        The copies by node.

    Raises:
        UserError: If weights are missing, or cannot be copied.
    """
    taken = {}
    for name, node in model['nodes'].items():
        if node.get('checkpoint') == PRETRAINED:
            path = weights_path(node['network'], base, folder)
            if not path.exists():
                raise UserError(f'--work-dir {folder.parent}: lacks the weights of the frozen teacher {name}, {path}')
            copied = Path(os.path.abspath(out.parent)) / f'{out.stem}_teachers' / path.name
            with whole_file(copied, f'--out {out}') as part:
                shutil.copyfile(path, part)
            node['checkpoint'], taken[name] = str(copied), copied
    return taken


def beside_config(text: str, taken: Mapping[str, Path]) -> str:
    """The text of a config in which the copies are named by where they lie beside it, wherever both are taken.

    Args:
        text: The config.
        taken: From :func:`take_weights`.

    Example:
        >>> beside_config("checkpoint='/here/found_teachers/a.pth'", dict(net2=Path('/here/found_teachers/a.pth')))
        "checkpoint='{{ fileDirname }}/found_teachers/a.pth'"
    """
    for path in taken.values():
        if not (folder := str(path.parents[1])).isprintable() or set(folder) & set('\'"\\{}'):
            continue  # mmengine would write it into the text as it is
        text = text.replace(repr(str(path)), repr(f'{_HERE}/{path.parent.name}/{path.name}'))
    return text
