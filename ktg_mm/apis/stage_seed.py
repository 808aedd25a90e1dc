"""The seed that all stages of a run have in common."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.dist import broadcast_object_list, is_main_process, sync_random_seed

from ktg_mm.errors import UserError
from ktg_mm.files import atomic_file

_NOTE = 'stages.json'  # in the folder of the whole run


def keep_seed(cfg: Config, folder: Path, begins: bool) -> None:
    """Gives a run that is resumed the seed that it has begun with, and notes the seed of one that begins.

    Its later stages may not have begun, so that no checkpoint knows it.

    Args:
        cfg: The whole config, whose seed is set.
        folder: That of the whole run.
        begins: Whether it begins.

    Raises:
        UserError: If what is noted cannot be read.
    """
    note = folder / _NOTE
    seed = (cfg.get('randomness') or {}).get('seed')
    found: list[Any] = [None if begins else _noted(note)]
    broadcast_object_list(found)
    if found[0] is None:
        found = [sync_random_seed() if seed is None else seed]
        if is_main_process():
            with atomic_file(note) as part:
                part.write_text(json.dumps(dict(seed=found[0])) + '\n', encoding='utf-8')
    cfg.randomness = dict(cfg.get('randomness') or {}, seed=found[0])


def _noted(note: Path) -> int | None:
    try:
        known = json.loads(note.read_text(encoding='utf-8'))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        known = None
    if not isinstance(known, Mapping) or not isinstance(known.get('seed'), int):
        raise UserError(
            f'{note}: is not what a run writes, so that its seed is not known; without --resume it begins anew'
        )
    return int(known['seed'])
