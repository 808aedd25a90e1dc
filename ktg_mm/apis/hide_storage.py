"""The password of a search's storage, which is written nowhere."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from mmengine.config import Config
from mmengine.runner import Runner

from ktg_mm.errors import hide_passwords

_HIDDEN = '***'


def hide_storage(cfg: Config) -> None:
    """Takes the password of ``search.storage`` out of a config, which every run writes to its folder and its log.

    Entries that no Runner reads, such as ``password = '...'`` from which the address was put together, lose it too.

    Args:
        cfg: The config; it is changed.

    Example:
        >>> cfg = Config(dict(search=dict(storage='postgresql://me:secret@host/database'), password='secret'))
        >>> hide_storage(cfg)
        >>> cfg.search.storage, cfg.password
        ('postgresql://me@host/database', '***')
    """
    search = cfg.get('search')
    storage = search.get('storage') if isinstance(search, Mapping) else None
    if not isinstance(storage, str) or (shown := hide_passwords(storage)) == storage:
        return
    given = re.findall(r'://[^\s:/@]*:(.*)@', storage) + re.findall(r'(?i)(?:password|passwd|pwd)=([^&]*)', storage)
    words = {word for password in given for word in (password, unquote(password)) if word}
    read = inspect.signature(Runner).parameters
    for key, value in cfg.to_dict().items():
        hidden = _hide(value, storage, shown, set() if key in read else words)
        if hidden != value:
            cfg[key] = hidden


def _hide(value: Any, storage: str, shown: str, words: set[str]) -> Any:
    if isinstance(value, dict):
        return {key: _hide(entry, storage, shown, words) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_hide(entry, storage, shown, words) for entry in value)
    if isinstance(value, str):
        return _HIDDEN if value in words else value.replace(storage, shown)
    return value
