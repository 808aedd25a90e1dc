"""Checks that the metrics that a run goes by are there."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from mmengine.config import Config
from mmpretrain.registry import HOOKS

from ktg_mm.errors import ConfigError

from .part_errors import named_errors


def check_metric_names(cfg: Config, metrics: Collection[str], schedules: Collection[tuple[str, Any]] = ()) -> None:
    """Refuses a name of a metric that validation does not give, to save the best by, to stop at or to slow down.

    Args:
        cfg: The config.
        metrics: The names that it gives.
        schedules: The schedules with their keys. Defaults to none.

    Raises:
        ConfigError: At the first; the message names its key.

    Example:
        >>> hooks = dict(stop=dict(type='EarlyStoppingHook', monitor='net1/accuracy/top2'))
        >>> check_metric_names(Config(dict(default_hooks=hooks)), ['net1/accuracy/top1'])
        Traceback (most recent call last):
        ...
        ktg_mm.errors.ConfigError: default_hooks.stop.monitor: no metric is named 'net1/accuracy/top2'; known: ...
    """
    for key, hook in hooks_of(cfg):
        for name in ('monitor', 'save_best'):
            value = hook.get(name)
            if value == 'auto':  # the first, of which the hook must know whether more is better
                with named_errors(cfg, f'{key}.{name}'):
                    HOOKS.build({**hook, name: next(iter(metrics))})
            elif value is not None or (name == 'monitor' and name in hook):
                _check(f'{key}.{name}', value, metrics)
    for key, schedule in schedules:
        if isinstance(monitored := getattr(schedule, 'monitor', None), str):
            _check(f'{key}.monitor', monitored, metrics)


def hooks_of(cfg: Config) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The hooks that a config lists, with their keys.

    Example:
        >>> list(hooks_of(Config(dict(custom_hooks=[dict(type='SeedHook')]))))
        [('custom_hooks[0]', {'type': 'SeedHook'})]
    """
    for name, hook in (cfg.get('default_hooks') or {}).items():
        yield from [(f'default_hooks.{name}', hook)] if isinstance(hook, Mapping) else []
    for i, hook in enumerate(cfg.get('custom_hooks') or ()):
        yield from [(f'custom_hooks[{i}]', hook)] if isinstance(hook, Mapping) else []


def _check(key: str, value: Any, metrics: Collection[str]) -> None:
    for name in value if isinstance(value, (list, tuple)) else [value]:
        if name not in metrics and name != 'auto':
            raise ConfigError(key, f'no metric is named {name!r}; known: {", ".join(sorted(metrics))}')
