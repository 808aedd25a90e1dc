"""From a candidate to the config of the run that measures it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config

from ktg_mm.apis.checks.loop_type import counts_iterations
from ktg_mm.errors import ConfigError
from ktg_mm.search.study.study import without_progress_bar

from .asha_hook import ASHAHook

_NEVER = 10**9


def resource_name(config: Mapping[str, Any]) -> str:
    """What a search counts how far a run is by: ``'epoch'``, or ``'validation'`` if its loop counts iterations.

    Example:
        >>> resource_name(dict(train_cfg=dict(by_epoch=False, max_iters=100)))
        'validation'
    """
    return 'validation' if counts_iterations(config) else 'epoch'


def run_length(config: Mapping[str, Any]) -> tuple[int, int]:
    """How many epochs a run has, or validations if its loop counts iterations; and iterations between two of these.

    Raises:
        ConfigError: If the loop does not say how long it is.

    Example:
        >>> run_length(dict(train_cfg=dict(max_iters=9, val_interval=4)))
        (3, 4)
    """
    loop = config['train_cfg']
    if not {'max_epochs', 'max_iters'} & set(loop):
        raise ConfigError('train_cfg', 'says neither max_epochs nor max_iters, how long a run is')
    interval = loop.get('val_interval', 1) if 'max_iters' in loop else 1
    return loop.get('max_epochs') or -(-loop['max_iters'] // interval), interval


def trial_config(config: Mapping[str, Any], hook: Mapping[str, Any] | None, work_dir: Path) -> Config:
    """Returns the config of a candidate's run: validated at the rungs alone, without test data or a progress bar.

    Args:
        config: The candidate's config, plain dicts.
        hook: ``search.hook``; None validates at the end alone.
        work_dir: The run's folder.
    """
    # mmengine would lay the text out prettily three times a run, which takes longer than a small epoch.
    kept = {key: value for key, value in config.items() if not key.startswith('test_')}
    cfg = Config(kept, format_python_code=False)
    last, interval = run_length(cfg)
    asha = dict(hook or dict(type='ASHAHook', pruner=dict(type='NopPruner')), interval=interval)
    rungs = [rung * interval for rung in ASHAHook(pruner=asha.get('pruner')).rungs(last)] if hook else []
    cfg.train_cfg.val_interval = _NEVER
    # mmengine looks an epoch's interval up under the number of the next one; a rung may follow another at once.
    changes = {rung + 2: _NEVER for rung in rungs} | {rung + 1: 1 for rung in rungs}
    cfg.train_cfg.dynamic_intervals = sorted(changes.items())
    checkpoint = dict(cfg.get('default_hooks', {}).get('checkpoint') or dict(type='SafeCheckpointHook'))
    checkpoint |= dict(interval=interval, max_keep_ckpts=1, save_best=None)
    cfg.default_hooks = dict(cfg.get('default_hooks', {}), checkpoint=checkpoint)
    cfg.custom_hooks = [*without_progress_bar(cfg.get('custom_hooks')), asha]
    cfg.work_dir = str(work_dir)
    return cfg
