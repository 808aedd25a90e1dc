"""Which checkpoint a run begins with or goes on from, and whether it can."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.dist import get_world_size, is_main_process
from mmengine.runner import Runner

from ktg_mm.checkpoints import FINISHED, latest_checkpoint, load_by_name, load_checkpoint_safely, newest_first
from ktg_mm.config.fingerprint import fingerprint
from ktg_mm.config.pretrained import pretrained_init
from ktg_mm.config.training_recipe import recipe_changes, training_recipe
from ktg_mm.engine.unwrapped import unwrapped
from ktg_mm.errors import ConfigError, UserError
from ktg_mm.files import atomic_file
from ktg_mm.mmengine_private import is_resumed, loaded_from
from ktg_mm.models.nodes import NetworkNode
from ktg_mm.models.nodes.network import load_network

_SHOWN = 4  # changes that the message of a changed config names


def choose_checkpoint(
    cfg: Config, load_from: str | None, resume: bool | str, resume_changed: bool = False
) -> dict[str, Any] | None:
    """Sets ``load_from`` and ``resume`` of a config, after a look into the checkpoint.

    Args:
        cfg: The config, changed in place; a run that is resumed keeps its seed, too.
        load_from: Checkpoint to begin with. Defaults to the config's.
        resume: True goes on from the newest checkpoint of the work folder, if there is one; a path from that one.
        resume_changed: True goes on though the config has changed.

    Returns:
        The checkpoint, None if there is none.

    Raises:
        UserError: If two are named, it cannot be read, or a run cannot be resumed from it, or was of another config.
    """
    found = None
    if resume is True:
        found = latest_checkpoint(cfg.work_dir)
        load_from, cfg.resume = (str(found), True) if found else (load_from, False)
    elif resume:
        if load_from is not None:
            raise UserError(f'--load-from {load_from}: is not read beside --resume {resume}; give one of them')
        load_from, cfg.resume = str(resume), True
    of_config = load_from is None
    if not of_config:
        cfg.load_from = str(load_from)
    if not cfg.get('load_from'):
        return None
    try:
        checkpoint = load_by_name(cfg.load_from)
    except UserError as error:
        if of_config:
            raise ConfigError('load_from', str(error)) from error
        if found is None:
            raise
        raise UserError(f'{error}; {_newest_good(found)}') from error
    if cfg.get('resume'):
        _check_resumable(cfg, checkpoint)
        if not resume_changed:
            _check_unchanged(cfg, checkpoint)
        if (seed := checkpoint['meta'].get('seed')) is not None:
            # mmengine takes it over as well, but after it has built the loaders with the other one.
            cfg.randomness = dict(cfg.get('randomness', {}), seed=seed)
    return checkpoint


def _newest_good(damaged: Path) -> str:
    for path in newest_first(damaged.parent):
        try:
            load_checkpoint_safely(path)
        except UserError:
            continue
        return f'the newest good one is {path}: --resume {path}'
    return 'there is no other in the folder; without --resume the run begins anew'


def _check_resumable(cfg: Config, checkpoint: Mapping[str, Any]) -> None:
    """Refuses what holds no state of a run."""

    def refuse(reason: str) -> None:
        raise UserError(f'checkpoint {cfg.load_from}: holds {reason}; a run cannot be resumed from it')

    if 'optimizer' not in checkpoint:
        refuse('weights alone')
    meta, hub = checkpoint.get('meta'), checkpoint.get('message_hub')
    if not isinstance(meta, dict) or not all(isinstance(meta.get(key), int) for key in ('epoch', 'iter')):
        refuse('no numbers of epochs and iterations (meta.epoch, meta.iter)')
    if not isinstance(checkpoint['optimizer'], dict):
        refuse("no optimiser's state (optimizer)")
    parts = ('log_scalars', 'runtime_info', 'resumed_keys')
    if not isinstance(hub, dict) or not all(isinstance(hub.get(part), dict) for part in parts):
        refuse('no log (message_hub)')
    if cfg.get('param_scheduler') and not isinstance(checkpoint.get('param_schedulers'), (list, dict)):
        refuse('no place in the schedules (param_schedulers)')


def _check_unchanged(cfg: Config, checkpoint: Mapping[str, Any]) -> None:
    changes = _changes(cfg, checkpoint)
    if changes:
        named = ', '.join(f'{key}: {change}' for key, change in list(changes.items())[:_SHOWN])
        more = f' and {len(changes) - _SHOWN} more' if len(changes) > _SHOWN else ''
        raise UserError(
            f'--resume: the config is not the one of checkpoint {cfg.load_from}: {named}{more}; '
            'put it back, or go on with it by --resume-changed'
        )


def _changes(cfg: Mapping[str, Any], checkpoint: Mapping[str, Any]) -> dict[str, str]:
    """What has changed since a checkpoint was saved; nothing is known of one of an earlier release."""
    recipe = checkpoint['meta'].get('recipe')
    try:
        return recipe_changes(recipe, training_recipe(cfg, get_world_size())) if isinstance(recipe, str) else {}
    except ValueError:
        raise UserError(f'checkpoint {cfg["load_from"]}: meta.recipe is not one that a run writes') from None


def check_networks(runner: Runner) -> None:
    """Reads the weights that networks begin with, before any data are read; they are loaded when training begins.

    Args:
        runner: A run that is to train.

    Raises:
        ConfigError: If a checkpoint cannot be read or does not fit its network; it names the key of the node.
    """
    for name, node in getattr(unwrapped(runner.model), 'nodes', {}).items():
        if isinstance(node, NetworkNode):
            key = f'model.nodes.{name}'
            if node.checkpoint is not None:
                # What a frozen teacher has of an init_cfg is its checkpoint, too. All weights are loaded or none is.
                if '://' in node.checkpoint:
                    with_key(f'{key}.checkpoint', load_by_name, node.checkpoint)
                with_key(f'{key}.checkpoint', load_network, node.network, node.checkpoint, node.prefix)
            for path, checkpoint, prefix in _pretrained(runner.cfg.model.nodes[name].get('network'), f'{key}.network'):
                weights = with_key(path, load_by_name, checkpoint)
                weights = weights.get('state_dict', weights)
                if prefix and not any(str(weight).startswith(prefix) for weight in weights):
                    raise ConfigError(path, f'checkpoint {checkpoint}: no weight begins with the prefix {prefix!r}')


def _pretrained(cfg: Any, path: str) -> Iterator[tuple[str, str, str | None]]:
    """The weights that the parts of a network name: key, checkpoint and prefix."""
    if not isinstance(cfg, Mapping):
        return
    init = pretrained_init(cfg.get('init_cfg'))
    if init is not None and isinstance(init.get('checkpoint'), str):
        yield f'{path}.init_cfg.checkpoint', init['checkpoint'], init.get('prefix')
    if isinstance(cfg.get('pretrained'), str):
        yield f'{path}.pretrained', cfg['pretrained'], None
    for key, part in cfg.items():
        if key != 'init_cfg':
            yield from _pretrained(part, f'{path}.{key}')


def with_key(key: str, function: Any, *args: Any) -> Any:
    """Calls a function; what it finds wrong is said with the config's key."""
    try:
        return function(*args)
    except UserError as error:
        raise ConfigError(key, str(error)) from error


def mark_finished(runner: Runner) -> None:
    """Notes in a run's folder that it has come to its end, the test included.

    Args:
        runner: The run.
    """
    last = latest_checkpoint(runner.work_dir)
    if last is not None and is_main_process():
        with atomic_file(Path(runner.work_dir) / FINISHED) as part:
            part.write_text(json.dumps(dict(checkpoint=last.name, recipe=_recipe(runner))) + '\n', encoding='utf-8')


def last_checkpoint_if_finished(runner: Runner) -> str | None:
    """The last checkpoint of a run that is resumed, but has nothing left to do; None if it has.

    Args:
        runner: From :func:`ktg_mm.apis.build_runner`.
    """
    note = Path(runner.work_dir) / FINISHED
    if not is_resumed(runner) or not note.is_file():
        return None
    try:
        known = json.loads(note.read_text(encoding='utf-8'))
    except ValueError:
        return None
    last = latest_checkpoint(runner.work_dir)
    if last is None or not last.samefile(Path(loaded_from(runner)).expanduser()):
        return None
    return str(last) if known == dict(checkpoint=last.name, recipe=_recipe(runner)) else None


def has_more(runner: Runner) -> bool:
    """Whether a run has something left to train; one that is resumed at its end has not, be it of another recipe.

    Args:
        runner: From :func:`ktg_mm.apis.build_runner`.
    """
    if not is_resumed(runner):
        return True
    return not _is_at_end(runner.cfg, load_by_name(loaded_from(runner)))


def is_done(cfg: Config, checkpoint: Mapping[str, Any] | None) -> bool:
    """Whether a run has nothing left to train, as it is at its end or was stopped early.

    Args:
        cfg: The run's config, from :func:`choose_checkpoint`.
        checkpoint: What that has returned.
    """
    if checkpoint is None or not cfg.get('resume'):
        return False
    try:
        known = json.loads((Path(cfg.work_dir) / FINISHED).read_text(encoding='utf-8'))
    except (OSError, ValueError):
        known = None
    noted = known.get('checkpoint') if isinstance(known, Mapping) else None
    return _is_at_end(cfg, checkpoint) or (noted == Path(cfg.load_from).name and not _changes(cfg, checkpoint))


def _is_at_end(cfg: Config, checkpoint: Mapping[str, Any]) -> bool:
    meta, loop = checkpoint['meta'], cfg.train_cfg
    return bool(meta['epoch'] >= loop['max_epochs'] if 'max_epochs' in loop else meta['iter'] >= loop['max_iters'])


def _recipe(runner: Runner) -> str:
    return fingerprint(training_recipe(runner.cfg, get_world_size()))
