"""From a config to mmengine's Runner."""

import os
import tempfile
import time
from pathlib import Path

from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.runner import Runner

from ktg_mm.checkpoints import latest_checkpoint, load_checkpoint_safely
from ktg_mm.errors import ConfigError, UserError
from ktg_mm.files import whole_file
from ktg_mm.mmengine_private import set_aside

from .check_config import check_config
from .checks.fitting import check_custom_keys
from .checks.names import KNOWN, printed_note
from .config import config_name
from .distributed import init_distributed
from .hide_storage import hide_storage
from .part_errors import hooks_as_listed, named_errors
from .rehearsal import rehearse
from .required_hooks import add_required_hooks, hook_lists


def build_runner(
    cfg: Config,
    work_dir: str | Path | None = None,
    launcher: str = 'none',
    load_from: str | None = None,
    resume: bool | str = False,
    amp: bool = False,
    rehearsal: bool = True,
) -> Runner:
    """Builds the Runner of a config; the graph is built and checked, no data are read.

    Args:
        cfg: The config; it is changed.
        work_dir: Folder of logs and checkpoints. Defaults to the config's, else ``work_dirs/<config's name>``.
        launcher: How the processes were started: one of :data:`ktg_mm.apis.LAUNCHERS`.
        load_from: Checkpoint to begin with.
        resume: True resumes from the newest checkpoint in work_dir, if there is one; a path from that one.
        amp: True trains in mixed precision (bfloat16).
        rehearsal: Whether a made-up batch goes through the run first (:func:`ktg_mm.apis.rehearsal.rehearse`); False
            leaves a mistake that only running shows to the run. Defaults to True.

    Raises:
        UserError: If the config is wrong or a checkpoint cannot be read.
    """
    if amp and isinstance(cfg.get('optim_wrapper'), dict):
        cfg.optim_wrapper.type = 'AutocastOptimWrapper'
    hook_lists(cfg)  # that they are lists; what stands in them comes next
    check_config(cfg)
    if str(cfg.filename).endswith('.json'):  # whose copy has no comments
        for key in cfg.keys() - KNOWN:
            cfg.pop(key)
    name = config_name(cfg)
    cfg.work_dir = str(work_dir or cfg.get('work_dir') or Path('work_dirs') / name)
    # Two Runners of one name would share their logs and best score.
    cfg.experiment_name = f'{name}_{time.strftime("%Y%m%d_%H%M%S")}_{os.getpid()}_{time.monotonic_ns() % 10**6}'
    cfg.launcher = launcher
    hide_storage(cfg)
    listed = len(cfg.get('custom_hooks') or ())
    add_required_hooks(cfg)
    _make_folder(cfg.work_dir)
    _choose_checkpoint(cfg, load_from, resume or cfg.get('resume', False))
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        check_data_root(cfg, loader)
    if cfg.get('randomness', {}).get('deterministic'):
        os.environ.setdefault('CUBLAS_WORKSPACE_CONFIG', ':4096:8')  # without it torch refuses cuBLAS, on a GPU
    init_distributed(launcher)
    with hooks_as_listed(len(cfg.custom_hooks) - listed), named_errors(cfg):
        runner = Runner.from_cfg(cfg)
        _note_helpers(runner)
        if runner.optim_wrapper is not None:
            check_custom_keys(cfg, runner.model)
            # mmengine would build it after it has read the data; a mistake in it is reported sooner here.
            runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
        if rehearsal:
            rehearse(runner)
    # Every checkpoint holds the config's text; formatting it anew takes longer than saving a small network.
    set_aside(runner.cfg, format_python_code=False)
    return runner


def _note_helpers(runner: Runner) -> None:
    """Says in the run's copy of the config what it holds beside its parts; else it would be refused as a config."""
    name = Path(runner.cfg.filename).name if runner.cfg.filename else f'{runner.timestamp}.py'
    copy = Path(runner.work_dir) / name
    if is_main_process() and copy.suffix != '.json' and (note := printed_note(runner.cfg)):
        with whole_file(copy) as part:
            part.write_text(note + copy.read_text(encoding='utf-8'), encoding='utf-8')


def _make_folder(path: str) -> None:
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path) as file:
            file.write(b'room for at least this')
    except (OSError, ValueError) as error:  # no path has a null byte
        problem = error.strerror if isinstance(error, OSError) else error
        raise UserError(f'--work-dir {path}: cannot be made or written: {problem}') from error


def _choose_checkpoint(cfg: Config, load_from: str | None, resume: bool | str) -> None:
    if resume is True:
        found = latest_checkpoint(cfg.work_dir)
        load_from, cfg.resume = (str(found), True) if found else (load_from, False)
    elif resume:
        load_from, cfg.resume = resume, True
    if load_from is not None:
        cfg.load_from = load_from
    if cfg.get('load_from') and '://' not in cfg.load_from:
        checkpoint = load_checkpoint_safely(cfg.load_from)
        if cfg.get('resume') and 'optimizer' not in checkpoint:
            raise UserError(f'checkpoint {cfg.load_from}: holds weights alone; a run cannot be resumed from it')
        if cfg.get('resume') and (seed := checkpoint.get('meta', {}).get('seed')) is not None:
            # mmengine takes it over as well, but after it has built the loaders with the other one.
            cfg.randomness = dict(cfg.get('randomness', {}), seed=seed)


def check_data_root(cfg: Config, name: str) -> None:
    """Refuses a data root that is missing, where the data set would not download itself.

    Args:
        cfg: The config.
        name: The data loader, such as ``'test_dataloader'``.

    Raises:
        ConfigError: If there is no such folder.
    """
    dataset = (cfg.get(name) or {}).get('dataset') or {}
    path = f'{name}.dataset'
    while isinstance(dataset.get('dataset'), dict):  # wrappers
        dataset, path = dataset['dataset'], f'{path}.dataset'
    root = dataset.get('data_root')
    if root and '://' not in root and not Path(root).expanduser().exists() and dataset.get('download') is not True:
        raise ConfigError(f'{path}.data_root', f'no such folder: {root}; give the folder that holds the data set')
