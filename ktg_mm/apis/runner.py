"""From a config to mmengine's Runner."""

import os
import tempfile
import time
from pathlib import Path

import numpy as np
from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.runner import Runner

from ktg_mm.datasets.download import how_to_fill
from ktg_mm.engine.capture import switch_capture
from ktg_mm.engine.hooks.safe_checkpoint_hook import check_fit
from ktg_mm.engine.unwrapped import unwrapped
from ktg_mm.errors import ConfigError, UserError
from ktg_mm.files import whole_file
from ktg_mm.mmengine_private import set_aside

from .bfloat16 import warn_of_slow_bfloat16
from .check_config import check_config
from .checkpoint_hooks import add_safe_loading, use_safe_checkpoints
from .checks.names import KNOWN, printed_note
from .checks.optimizers import check_custom_keys
from .checks.whole import check_together
from .config import config_name
from .distributed import init_distributed
from .folder_lock import lock_folder
from .held_warnings import held_warnings
from .hide_storage import hide_storage
from .laid_out_once import laid_out_once
from .own_modules import with_ours
from .part_errors import hooks_as_listed, named_errors
from .quiet_runner import QuietRunner
from .rehearsal import rehearse
from .required_hooks import add_required_hooks
from .resume import check_networks, choose_checkpoint
from .speed import batch_edges, compile_networks

_BLOCK = 31 << 20  # bytes, of which glibc takes note up to 32 MiB


def build_runner(
    cfg: Config,
    work_dir: str | Path | None = None,
    launcher: str = 'none',
    load_from: str | None = None,
    resume: bool | str = False,
    amp: bool = False,
    rehearsal: bool = True,
    resume_changed: bool = False,
    trains: bool = True,
    lock: bool = False,
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
        resume_changed: True resumes a run though its graph, data, optimiser, schedule or length has changed, and goes
            on with the config's.
        trains: False for a run that only evaluates ``load_from``. Defaults to True.
        lock: True keeps other processes that ask for it, too, out of work_dir until this one ends.

    Raises:
        UserError: If the config is wrong, a checkpoint cannot be read or does not fit, or work_dir is in use.
    """
    # Once a block so large has been freed glibc keeps those of tensors and does not ask the system for each anew. That
    # took a third of a validation of small networks. It is never written, so it takes no memory.
    np.empty(_BLOCK, np.uint8)
    check_run(cfg, amp)
    added = _complete(cfg, work_dir, launcher)
    make_folder(cfg.work_dir)
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        check_data_root(cfg, loader)
    if cfg.get('randomness', {}).get('deterministic'):
        os.environ.setdefault('CUBLAS_WORKSPACE_CONFIG', ':4096:8')  # without it torch refuses cuBLAS, on a GPU
    init_distributed(launcher)
    if lock:
        lock_folder(cfg.work_dir)
    checkpoint = choose_checkpoint(cfg, load_from, resume or cfg.get('resume', False), resume_changed)
    with held_warnings(), hooks_as_listed(added), named_errors(cfg):
        with laid_out_once():
            runner = QuietRunner.from_cfg(cfg)
        _note_unread(runner)
        if runner.optim_wrapper is not None:
            check_custom_keys(cfg, runner.model)
            # mmengine would build it after it has read the data; a mistake in it is reported sooner here.
            runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
        if checkpoint is not None:
            check_fit(runner, checkpoint, whole=not trains)
        if trains:
            check_networks(runner)
        if rehearsal:
            rehearse(runner)
        if trains:
            batch_edges(unwrapped(runner.model), cfg.get('env_cfg') or {})
            compile_networks(unwrapped(runner.model), cfg.get('env_cfg') or {})
            switch_capture(runner)
            warn_of_slow_bfloat16(runner)
    # Every checkpoint holds the config's text; formatting it anew takes longer than saving a small network.
    set_aside(runner.cfg, format_python_code=False, hooks_added=added)
    return runner


def check_run(cfg: Config, amp: bool = False) -> None:
    """Refuses a config of a run that is wrong by itself.

    Args:
        cfg: The config, in which hooks become safe ones.
        amp: True makes it train in mixed precision.

    Raises:
        ConfigError: At the first mistake.
    """
    if amp and isinstance(cfg.get('optim_wrapper'), dict):
        cfg.optim_wrapper.type = 'AutocastOptimWrapper'
    use_safe_checkpoints(cfg)
    check_config(cfg)
    check_together(cfg)


def _complete(cfg: Config, work_dir: str | Path | None, launcher: str) -> int:
    """Gives a checked config what a run has besides; returns how many hooks stand before those that it lists."""
    if str(cfg.filename).endswith('.json'):  # whose copy in the run's folder has no comments
        for key in cfg.keys() - KNOWN:
            cfg.pop(key)
    name = config_name(cfg)
    cfg.work_dir = str(work_dir or cfg.get('work_dir') or Path('work_dirs') / name)
    # Two Runners of one name would share their logs and best score.
    cfg.experiment_name = f'{name}_{time.strftime("%Y%m%d_%H%M%S")}_{os.getpid()}_{time.monotonic_ns() % 10**6}'
    cfg.launcher = launcher
    if cfg.get('custom_imports'):
        cfg.custom_imports = with_ours(cfg.custom_imports)
    hide_storage(cfg)
    listed = len(cfg.custom_hooks)
    add_required_hooks(cfg)
    added = len(cfg.custom_hooks) - listed
    add_safe_loading(cfg)  # behind them
    return added


def _note_unread(runner: Runner) -> None:
    """Says in the run's copy of the config what it holds beside its parts; else it would be refused as a config."""
    name = Path(runner.cfg.filename).name if runner.cfg.filename else f'{runner.timestamp}.py'
    copy = Path(runner.work_dir) / name
    if is_main_process() and copy.suffix != '.json' and (note := printed_note(runner.cfg)):
        with whole_file(copy) as part:
            part.write_text(note + copy.read_text(encoding='utf-8'), encoding='utf-8')


def make_folder(path: str | Path) -> None:
    """Makes a run's folder.

    Args:
        path: The folder; it may be there.

    Raises:
        UserError: If it cannot be made or written.
    """
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path) as file:
            file.write(b'room for at least this')
    except (OSError, ValueError) as error:  # no path has a null byte
        problem = error.strerror if isinstance(error, OSError) else error
        raise UserError(f'--work-dir {path}: cannot be made or written: {problem}') from error


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
        advice = how_to_fill(dataset.get('of', dataset.get('type')), root)
        raise ConfigError(
            f'{path}.data_root',
            f'no such folder: {root}; give the folder that holds the data set{advice and f", or {advice}"}',
        )
