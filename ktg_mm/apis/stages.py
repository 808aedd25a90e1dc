"""Runs of a config of stages, one after another."""

from __future__ import annotations

import copy
import os
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.dist import barrier, is_main_process
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from mmpretrain.registry import MODELS

from ktg_mm.checkpoints import move_others
from ktg_mm.config.stages import STAGES, Stage, is_staged, read_stages, resolve_stages, stage_named
from ktg_mm.errors import ConfigError, UserError, did_you_mean
from ktg_mm.files import whole_file
from ktg_mm.mmengine_private import set_aside

from .check_config import check_config
from .checks.names import KNOWN, check_names, printed_note
from .checks.whole import check_is_there
from .close_runner import close_runner, forget_runner
from .config import config_name
from .distributed import init_distributed
from .folder_lock import lock_folder
from .hide_storage import hide_storage
from .part_errors import named_errors
from .resume import choose_checkpoint, is_done
from .runner import build_runner, check_data_root, check_run, make_folder
from .stage_seed import keep_seed
from .training import train_unless_finished
from .undisturbed import undisturbed

# What all stages have in common.
_OF_THE_WHOLE = {STAGES, 'search', 'custom_imports', 'work_dir', 'resume', 'launcher', 'experiment_name', 'cfg'}


@dataclass(frozen=True)
class StagedRun:
    """How the stages of a config are trained.

    Args:
        cfg: The config.
        work_dir: Folder of the whole run; a stage's is the one of its name in it.
        launcher: As for :func:`ktg_mm.apis.build_runner`.
        load_from: Weights that the first stage begins with. Defaults to the config's.
        resume: True goes on in the stage where the run stood; a path from that checkpoint of a stage.
        amp: As for :func:`ktg_mm.apis.build_runner`.
        resume_changed: Likewise, for all stages.
    """

    cfg: Config
    work_dir: Path
    launcher: str = 'none'
    load_from: str | None = None
    resume: bool | str = False
    amp: bool = False
    resume_changed: bool = False

    def train(self, summary: Callable[[Runner], str] | None = None) -> dict[str, Any] | None:
        """Trains each stage that is not finished.

        All are checked before the first one begins. Before a stage trains, the checkpoints of later ones, of another
        teacher, are moved away.

        Args:
            summary: Makes of a Runner the text that its log begins with.

        Returns:
            The last stage's metrics, None if it was finished before.

        Raises:
            UserError: As :func:`ktg_mm.apis.build_runner`, for any of the stages.
            KeyboardInterrupt: As :func:`ktg_mm.apis.train_runner`.
        """
        check_stages(self.cfg, self.work_dir, self._check)
        make_folder(self.work_dir)
        init_distributed(self.launcher)
        lock_folder(self.work_dir)
        for stage in list(resolve_stages(self.cfg, self.work_dir))[1:]:
            self._rehearse(stage)
        resumed = self._resumed_stage()
        if not self.resume:
            self._move([stage['name'] for stage in self.cfg[STAGES]])  # first: the seed noted is that of what is there
        keep_seed(self.cfg, self.work_dir, begins=not self.resume)
        stages = list(resolve_stages(self.cfg, self.work_dir))
        # Where the user goes on from an older checkpoint, the newest one may be damaged.
        resumes = [self.resume if stage.name == resumed else bool(self.resume) for stage in stages]
        for stage, resume in zip(stages, resumes, strict=True) if self.resume else ():
            with stage.named_errors():
                check_run(cfg := stage_config(self.cfg, stage), self.amp)
                checkpoint = choose_checkpoint(cfg, None, resume, self.resume_changed)
            if stage.name == resumed:
                resumed = None
            elif resumed is not None and not is_done(cfg, checkpoint):
                raise UserError(
                    f'--resume {self.resume}: stage {stage.name!r} before it has more to train, after which '
                    f'{resumed!r} begins anew; give --resume alone'
                )
        keep_config(self.cfg, self.work_dir)
        for stage, resume in zip(stages, resumes, strict=True):
            metrics = self._train(stage, stages[stage.number + 1 :], resume, summary)
        return metrics

    def _check(self, run: Config) -> None:
        check_is_there(run, 'train')
        check_run(run, self.amp)
        for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
            check_data_root(run, loader)

    def _rehearse(self, stage: Stage) -> None:
        """Rehearses a stage whose mistakes would be met when all before it have been trained; it writes nothing."""
        cfg = stage_config(self.cfg, stage)
        cfg.log_level = 'ERROR'
        runner = None
        with tempfile.TemporaryDirectory() as folder:
            try:
                with stage.named_errors():
                    runner = build_runner(cfg, folder, self.launcher, amp=self.amp, trains=False)
            finally:
                close_runner(runner)
                del runner
                forget_runner(cfg)

    def _train(
        self, stage: Stage, later: list[Stage], resume: bool | str, summary: Callable[[Runner], str] | None
    ) -> dict[str, Any] | None:
        cfg = stage_config(self.cfg, stage)
        load_from = None if stage.number or isinstance(resume, str) else self.load_from
        runner = None
        try:
            with stage.named_errors():
                runner = build_runner(
                    cfg,
                    cfg.work_dir,
                    self.launcher,
                    load_from,
                    resume,
                    self.amp,
                    resume_changed=self.resume_changed,
                    lock=True,
                )
                place = f'stage {stage.name}, {stage.number + 1} of {stage.number + 1 + len(later)}'
                described = (lambda runner: f'{place}\n{summary(runner)}') if summary else None
                metrics = train_unless_finished(
                    runner, 'stage', described, begin=lambda: self._move([other.name for other in later])
                )
        finally:
            close_runner(runner)
            del runner
            forget_runner(cfg)
        barrier()  # the others read what the first has saved
        return metrics

    def _resumed_stage(self) -> str | None:
        """The stage in whose folder the checkpoint is that the user goes on from."""
        if not isinstance(self.resume, str):
            return None
        if self.load_from is not None:
            raise UserError(
                f'--load-from {self.load_from}: is not read beside --resume {self.resume}; give one of them'
            )
        folder = Path(self.resume).expanduser().resolve().parent
        for stage in self.cfg[STAGES]:
            if folder == (self.work_dir / stage['name']).resolve():
                return str(stage['name'])
        raise UserError(
            f'--resume {self.resume}: is in the folder of none of the stages, {self.work_dir}; give --resume alone'
        )

    def _move(self, stages: list[str]) -> None:
        """Moves away the checkpoints of stages that are to begin anew."""
        if is_main_process():
            for stage in stages:
                if (folder := self.work_dir / stage).is_dir():
                    move_others(folder, None)
        barrier()


def check_stages(
    cfg: Config, work_dir: str | Path, check: Callable[[Config], None] = check_config, last: bool = True
) -> None:
    """Refuses a config of stages in one of which something is wrong, before any of them begins.

    Args:
        cfg: The config.
        work_dir: Folder of the whole run.
        check: Refuses a config of a run, with an error whose key is the one in that config. Besides, the graphs of all
            stages but the first are built.
        last: False leaves the last stage to others, but for what it takes of earlier ones. Defaults to True.

    Raises:
        ConfigError: At the first mistake; its key is the one in the whole config.
    """
    check_names(cfg)
    number = len(cfg[STAGES]) - 1 if isinstance(cfg[STAGES], (list, tuple)) else 0
    for stage in resolve_stages(cfg, work_dir):
        for name in stage.own:
            if name not in (known := KNOWN - _OF_THE_WHOLE):
                what = f'nothing reads it in a stage; {did_you_mean(name, known)}'
                what = 'is of the whole run; set it at the top' if name in KNOWN else what
                raise ConfigError(f'{STAGES}[{stage.number}].{name}', what)
        if stage.number < number or last:
            with stage.named_errors():
                run = stage_config(cfg, stage)
                check(run)
                if stage.number:
                    _build_graph(run)


def _build_graph(cfg: Config) -> None:
    """Builds a stage's graph, which is not to be found wrong when all before it have been trained."""
    model = copy.deepcopy(cfg.model)
    if cfg.get('data_preprocessor'):
        model.setdefault('data_preprocessor', copy.deepcopy(cfg.data_preprocessor))
    scope = DefaultScope.overwrite_default_scope(cfg.get('default_scope', 'mmpretrain'))
    with undisturbed(), scope, named_errors(cfg, 'model'):
        MODELS.build(model)


def stage_config(cfg: Config, stage: Stage) -> Config:
    """A stage as a config of a run, with the name of the whole config.

    Args:
        cfg: The whole config.
        stage: From :func:`ktg_mm.config.stages.resolve_stages`.
    """
    config = Config(stage.config, cfg.text or ' ', cfg.filename, cfg.env_variables)  # else the file would be read
    set_aside(config, unread={}, format_python_code=vars(cfg)['_format_python_code'])
    return config


def one_stage(cfg: Config, name: str | None = None, work_dir: str | Path | None = None) -> Config:
    """The config of one stage, for the tools that look at one run; a config without stages is its own.

    Args:
        cfg: The config.
        name: The stage's name. Defaults to None: the last one.
        work_dir: Folder of the whole run. Defaults to the config's, else ``work_dirs/<config's name>``.

    Raises:
        ConfigError: If there is no such stage, or a mistake in one of them.
    """
    if not is_staged(cfg):
        if name is not None:
            raise ConfigError('--stage', f'the config has no {STAGES}; leave it out')
        return cfg
    check_names(cfg)
    return stage_config(cfg, stage_named(list(resolve_stages(cfg, run_folder(cfg, work_dir))), name))


def named_stage_errors(cfg: Config, name: str | None = None) -> AbstractContextManager[None]:
    """Makes the key of a :class:`ConfigError` of :func:`one_stage`'s config the one in the whole config."""
    return stage_named(read_stages(cfg), name).named_errors() if is_staged(cfg) else nullcontext()


def run_folder(cfg: Config, work_dir: str | Path | None = None) -> Path:
    """The absolute path of a run's folder: the one given, else the config's, else ``work_dirs/<config's name>``.

    Example:
        >>> run_folder(Config(dict(work_dir='a'))).name, run_folder(Config(dict())).name
        ('a', 'graph')
    """
    # A run is resumed from wherever the user stands: where its teachers lie is a part of its recipe.
    return Path(os.path.abspath(work_dir or cfg.get('work_dir') or Path('work_dirs') / config_name(cfg)))


def keep_config(cfg: Config, folder: Path) -> None:
    """Writes the whole config into the folder of the whole run, as each stage's is written into the stage's.

    Args:
        cfg: The config, of stages; it stays as it is.
        folder: From :func:`run_folder`.
    """
    path = folder / f'{config_name(cfg)}.py'
    # One that was written by hand into the folder of its runs stays.
    if is_main_process() and not (cfg.filename and path.exists() and path.samefile(cfg.filename)):
        hide_storage(shown := copy.deepcopy(cfg))
        with whole_file(path) as part:
            part.write_text(f'{printed_note(shown)}{shown.pretty_text}', encoding='utf-8')
