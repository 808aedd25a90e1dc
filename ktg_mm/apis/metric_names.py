"""Checks that the metrics that a run goes by are there."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from mmengine.config import Config
from mmpretrain.registry import HOOKS

from ktg_mm.errors import ConfigError
from ktg_mm.evaluation.directions import stated_direction

from .checks.parts import metric_parts
from .part_errors import named_errors


def check_metric_names(cfg: Config, metrics: Collection[str], schedules: Collection[tuple[str, Any]] = ()) -> None:
    """Refuses a name of a metric that validation does not give, to save the best by, to stop at or to slow down.

    So it does with a rule that takes the worst for the best.

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
            if value is None and not (name == 'monitor' and name in hook):
                continue
            if value == 'auto':  # the first
                value = next(iter(metrics))
            else:
                _check(f'{key}.{name}', value, metrics)
            if 'type' in hook:
                with named_errors(cfg, f'{key}.{name}'):  # it must know whether more is better
                    built = HOOKS.build({entry: hook[entry] for entry in hook if entry != 'priority'} | {name: value})
                _check_rules(cfg, key, value, getattr(built, 'rules', None) or getattr(built, 'rule', None))
    for key, schedule in schedules:
        if isinstance(monitored := getattr(schedule, 'monitor', None), str):
            _check(f'{key}.monitor', monitored, metrics)
            _check_rules(cfg, key, monitored, getattr(schedule, 'rule', None))


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


def _check_rules(cfg: Config, key: str, value: Any, rule: Any) -> None:
    """Refuses to take the worst for the best, such as mmengine's schedules do with an accuracy if told nothing."""
    names, rules = (list(one) if isinstance(one, (list, tuple)) else [one] for one in (value, rule))
    evaluators = [part.cfg for part in metric_parts(cfg, 'val_evaluator')]
    for name, given in zip(names, rules * len(names) if len(rules) == 1 else rules, strict=False):
        direction = stated_direction(name, evaluators)
        right = {'maximize': 'greater', 'minimize': 'less'}.get(direction or '')
        if given is not None and right and given != right:
            more = 'more' if right == 'greater' else 'less'
            raise ConfigError(f'{key}.rule', f'must be {right!r}, as {more} of {name} is better; it is {given!r}')
