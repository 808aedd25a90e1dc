"""Which checkpoint of a run is there when it has ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_HOOK = 'default_hooks.checkpoint'
_NUMBERS = dict(save_begin=0, interval=1, max_keep_ckpts=-1)  # of a CheckpointHook, with what they are by default


def kept_checkpoint(config: Mapping[str, Any], epoch: int | None = None) -> str:
    """The name of a checkpoint that a run leaves in its folder, as its config says.

    Args:
        config: Of the run.
        epoch: The epoch after which it is saved. Defaults to None: the run's end.

    Raises:
        ValueError: If the run does not keep it, its name depends on the data, or what decides on it is of a wrong
            type; the message goes on after the run's.

    Example:
        >>> kept_checkpoint(dict(train_cfg=dict(max_epochs=30)))
        'epoch_30.pth'
        >>> kept_checkpoint(dict(train_cfg=dict(max_epochs=30)), epoch=31)
        Traceback (most recent call last):
        ValueError: ends after epoch 30, so it has no epoch 31
    """
    loop, hooks = (_checked(config.get(name) or {}, name, Mapping, 'a dict') for name in ('train_cfg', 'default_hooks'))
    hook = hooks.get('checkpoint', {})
    if not isinstance(hook, Mapping):
        raise ValueError('saves no checkpoint; give it default_hooks.checkpoint')
    since, interval, kept = (
        _checked(hook.get(name, default), f'{_HOOK}.{name}', int, 'a whole number')
        for name, default in _NUMBERS.items()
    )
    template = hook.get('filename_tmpl')
    if hook.get('out_dir') is not None:
        raise ValueError('saves elsewhere; leave default_hooks.checkpoint.out_dir out')
    of_epochs, in_epochs = hook.get('by_epoch', True), 'max_epochs' in loop
    if epoch is not None and not (of_epochs and in_epochs):
        raise ValueError('counts iterations and has no epochs; leave epoch out')
    if in_epochs and not of_epochs:
        raise ValueError(
            'saves by iterations, whose number the data decide; give default_hooks.checkpoint by_epoch=True'
        )
    length = loop.get('max_epochs' if in_epochs else 'max_iters')
    if not isinstance(length, int):
        raise ValueError('does not say how long it is; give train_cfg max_epochs or max_iters')
    if of_epochs and not in_epochs:
        length = 1  # to mmengine all iterations are one epoch
    if epoch is not None and epoch > length:
        raise ValueError(f'ends after epoch {length}, so it has no epoch {epoch}')
    number = epoch or length
    is_saved = number == length and hook.get('save_last', True)
    if not is_saved and not (interval > 0 and number >= since and (number - since) % interval == 0):
        unit = 'epoch' if of_epochs else 'iteration'
        raise ValueError(f'does not save {unit} {number}; its default_hooks.checkpoint has interval={interval}')
    if number < length and kept > 0:
        raise ValueError(f'does not keep epoch {number}; give its default_hooks.checkpoint max_keep_ckpts=-1')
    template = template or ('epoch_{}.pth' if of_epochs else 'iter_{}.pth')
    _checked(template, f'{_HOOK}.filename_tmpl', str, 'a text')
    try:
        return str(template.format(number))
    except (IndexError, KeyError, ValueError) as error:
        raise ValueError(
            f"has a {_HOOK}.filename_tmpl that names no file: 'epoch_{{}}.pth' does, {template!r} not"
        ) from error


def _checked(value: Any, key: str, kind: type, must: str) -> Any:
    """A value of a config that nobody has checked yet, as for the tools that look at a later run alone."""
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ValueError(f'has a {key} that cannot be: must be {must}, got {value!r}')
    return value
