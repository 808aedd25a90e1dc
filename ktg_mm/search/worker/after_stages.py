"""The stages before the one that is searched over: trained once, shared by all workers."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock
from mmengine.config import Config
from mmengine.dist import barrier, broadcast_object_list, is_main_process

from ktg_mm.apis.resume import mark_finished
from ktg_mm.checkpoints import FINISHED
from ktg_mm.config.fingerprint import fingerprint
from ktg_mm.config.stages import STAGES, is_staged, resolved_last, stages_before
from ktg_mm.engine.empty_loader import refuse_empty
from ktg_mm.search.study.study import recipe, without_progress_bar

from .run_trial import graph_faults, quiet_runner


def after_stages(config: Mapping[str, Any], folder: Path, launcher: str = 'none') -> dict[str, Any]:
    """Trains the stages before a candidate, if no worker has done so yet, and gives its nodes their networks.

    A worker that finds a stage being trained waits for it. If that worker dies the lock falls, and the next goes on
    from the checkpoint.

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
    for stage in stages_before(config, folder):
        path = folder / stage.name
        path.mkdir(parents=True, exist_ok=True)
        # One process of a trial takes the lock, all of them train.
        with FileLock(f'{path}.lock') if is_main_process() else contextlib.nullcontext():
            missing = [not (path / FINISHED).exists()]
            broadcast_object_list(missing)
            if missing[0]:
                _train(stage.config, launcher)
    return resolved_last(config, folder)


def stages_folder(config: Mapping[str, Any], folder: Path) -> Path:
    """Where in a folder the stages before a candidate are kept: another recipe has another folder.

    Args:
        config: As for :func:`after_stages`.
        folder: Likewise.
    """
    return folder / fingerprint(recipe(config)[STAGES])[:16]


def _train(config: Mapping[str, Any], launcher: str) -> None:
    kept = {key: value for key, value in config.items() if not key.startswith('test_')}
    kept['custom_hooks'] = without_progress_bar(kept.get('custom_hooks'))
    cfg = Config(kept, format_python_code=False)
    with graph_faults(), quiet_runner(cfg, launcher) as runner:
        refuse_empty(runner.train_dataloader, 'train_dataloader')
        runner.train()
        mark_finished(runner)
    barrier()
