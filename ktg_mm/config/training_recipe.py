"""What of a config decides how a run trains, and what has changed in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

_PARTS = (
    'model', 'data_preprocessor', 'train_dataloader', 'train_cfg', 'optim_wrapper', 'param_scheduler', 'auto_scale_lr'
)  # fmt: skip
# Where the data lie and how they are read, and when is validated, changes no weight.
_IDLE = {
    'train_dataloader': {
        'num_workers', 'persistent_workers', 'pin_memory', 'pin_memory_device', 'prefetch_factor', 'timeout',
        'multiprocessing_context', 'in_memory', 'prefetch_to_device', 'data_root', 'download', 'lazy_init',
    },
    'train_cfg': {'val_begin', 'val_interval', 'dynamic_intervals'},
}  # fmt: skip
_ABSENT = object()


def training_recipe(cfg: Mapping[str, Any], processes: int = 1) -> str:
    """A text of all that decides what a run's weights become: graph, data, optimiser, schedules, length.

    The seed is not in it, as a resumed run keeps its own.

    Args:
        cfg: The config of the run.
        processes: Number of processes that train together, each with a batch of its own. Defaults to 1.

    Example:
        >>> training_recipe(dict(train_cfg=dict(max_epochs=3, val_interval=1), work_dir='a'))
        '{"processes": 1, "train_cfg": {"max_epochs": 3}}'
    """
    kept = {part: _without(cfg[part], _IDLE.get(part, set())) for part in _PARTS if cfg.get(part) is not None}
    return json.dumps({**kept, 'processes': processes}, sort_keys=True, default=_name)


def recipe_changes(before: str, now: str) -> dict[str, str]:
    """What differs between two recipes: ``old -> new`` by the config's key.

    Args:
        before: From :func:`training_recipe`.
        now: Likewise.

    Example:
        >>> recipe_changes('{"train_cfg": {"max_epochs": 3}}', '{"train_cfg": {"max_epochs": 4}}')
        {'train_cfg.max_epochs': '3 -> 4'}
    """
    return dict(_changes(json.loads(before), json.loads(now), ''))


def _changes(before: Any, now: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(before, dict) and isinstance(now, dict):
        for key in sorted({**before, **now}, key=lambda key: key != 'type'):  # the rest may follow from the type
            inner = f'{path}.{key}' if path else key
            yield from _changes(before.get(key, _ABSENT), now.get(key, _ABSENT), inner)
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for i, (one, other) in enumerate(zip(before, now, strict=True)):
            yield from _changes(one, other, f'{path}[{i}]')
    elif before is _ABSENT or now is _ABSENT or before != now:
        yield path, f'{_shown(before)} -> {_shown(now)}'


def _shown(value: Any) -> str:
    text = 'none' if value is _ABSENT else repr(value)
    return text if len(text) <= 60 else f'{text[:57]}...'


def _without(value: Any, keys: set[str]) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _without(entry, keys) for key, entry in value.items() if key not in keys}
    return [_without(entry, keys) for entry in value] if isinstance(value, (list, tuple)) else value


def _name(value: Any) -> str:
    """What stands for a class, a function or an object; no address, which differs from run to run."""
    text: str = getattr(value, '__qualname__', None) or repr(value)
    return text if ' at 0x' not in text else type(value).__qualname__
