"""The stages before the one that is searched over: trained once, shared by all workers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.dist import barrier, broadcast_object_list, is_main_process

from ktg_mm.apis.resume import mark_finished
from ktg_mm.checkpoints import FINISHED, is_whole
from ktg_mm.config.fingerprint import fingerprint
from ktg_mm.config.stages import STAGES, is_staged, resolved_last, stages_before
from ktg_mm.engine.empty_loader import refuse_empty
from ktg_mm.search.study.study import recipe, without_progress_bar

from .run_trial import graph_faults, quiet_runner, remove_checkpoints
from .shared_lock import shared_lock

# What of a CheckpointHook decides which checkpoints are there in the end, and where.
_KEEPS = ('interval', 'save_begin', 'save_last', 'max_keep_ckpts', 'by_epoch', 'filename_tmpl', 'out_dir')


def after_stages(config: Mapping[str, Any], folder: Path, launcher: str = 'none') -> dict[str, Any]:
    """Trains the stages before a candidate, if no worker has done so yet, and gives its nodes their networks.

    A worker that finds a stage being trained waits for it. If that worker dies the lock falls, and the next goes on
    from the checkpoint. One of which a checkpoint that others take is gone or damaged is trained again.

    Args:
        config: A candidate's config, of stages as :func:`ktg_mm.config.stages.as_last_stage` has it.
        folder: Where stages are kept; all workers must see it.
        launcher: As for :func:`ktg_mm.apis.build_runner`.

    Returns:
        The config of the candidate's run.
    """
    if not is_staged(config):
        return dict(config)
    folder = stages_folder(config, folder)
    stages = list(stages_before(config, folder))
    run = resolved_last(config, folder)
    taken = {path for cfg in (*(stage.config for stage in stages), run) for path in _checkpoints(cfg)}
    for stage in stages:
        path = folder / stage.name
        path.mkdir(parents=True, exist_ok=True)
        with shared_lock(f'{path}.lock'):
            missing = [is_main_process() and _is_missing(path, [file for file in taken if file.parent == path])]
            broadcast_object_list(missing)
            if missing[0]:
                _train(stage.config, launcher)
    return run


def _checkpoints(config: Mapping[str, Any]) -> Iterator[Path]:
    """The checkpoints that the nodes of a run begin with."""
    for node in config['model']['nodes'].values():
        if isinstance(name := node.get('checkpoint'), str):
            yield Path(name)


def _is_missing(folder: Path, taken: Sequence[Path]) -> bool:
    """Whether a stage is to be trained; if what others take of it is damaged or gone it begins anew."""
    finished = folder / FINISHED
    whole = {file: is_whole(file) for file in taken}
    if finished.exists() and all(whole.values()):
        return False
    if finished.exists() or any(file.exists() for file in taken if not whole[file]):
        remove_checkpoints(folder)  # it would go on from the newest, and not come by the others again
        finished.unlink(missing_ok=True)
    return True


def stages_folder(config: Mapping[str, Any], folder: Path) -> Path:
    """Where in a folder the stages before a candidate are kept: another recipe has another folder.

    Args:
        config: As for :func:`after_stages`.
        folder: Likewise.
    """
    kept = [_kept(stage) for stage in config[STAGES]]  # one that keeps other checkpoints lacks those of a chosen epoch
    return folder / fingerprint([recipe(config)[STAGES], kept])[:16]


def _kept(config: Mapping[str, Any]) -> dict[str, Any]:
    hook = (config.get('default_hooks') or {}).get('checkpoint') or {}
    return {name: hook[name] for name in _KEEPS if name in hook}


def _train(config: Mapping[str, Any], launcher: str) -> None:
    kept = {key: value for key, value in config.items() if not key.startswith('test_')}
    kept['custom_hooks'] = without_progress_bar(kept.get('custom_hooks'))
    cfg = Config(kept, format_python_code=False)
    with graph_faults(), quiet_runner(cfg, launcher) as runner:
        refuse_empty(runner.train_dataloader, 'train_dataloader')
        runner.train()
        mark_finished(runner)
    barrier()
