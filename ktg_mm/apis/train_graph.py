"""Training from Python, one call."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.runner import Runner

from ktg_mm.checkpoints import latest_checkpoint
from ktg_mm.config.stages import is_staged
from ktg_mm.engine.unwrapped import unwrapped
from ktg_mm.errors import UserError
from ktg_mm.visualization import graph_summary

from .checks.whole import check_is_there
from .close_runner import close_runner, forget_runner
from .graphs import read_config
from .result_table import result_table
from .runner import build_runner
from .stages import StagedRun, one_stage, run_folder
from .training import has_test_of_its_own, train_unless_finished
from .user_errors import user_errors


@dataclass(frozen=True)
class TrainResult:
    """What a run has come to; printed it is a table.

    Args:
        metrics: The last epoch's, of the test data, or of the validation data if there are no others: by node, then by
            name.
        checkpoint: The last epoch's.
        folder: Logs and checkpoints.
        config: The config of the run, of stages the last one's, as :func:`ktg_mm.apis.predict` takes it.

    Example:
        >>> print(TrainResult({'net1': {'accuracy/top1': 93.2}}, Path('runs/epoch_3.pth'), Path('runs'), Config()))
        | node | accuracy/top1 |
        |------|---------------|
        | net1 |         93.20 |
        runs/epoch_3.pth
    """

    metrics: dict[str, dict[str, float]]
    checkpoint: Path
    folder: Path
    config: Config = field(repr=False)

    def __str__(self) -> str:
        flat = {f'{node}/{name}': value for node, row in self.metrics.items() for name, value in row.items()}
        return '\n'.join([*filter(None, [result_table(flat)]), self.checkpoint.as_posix()])


def train(
    config: Config | str | Path,
    work_dir: str | Path | None = None,
    seed: int | None = None,
    resume: bool | str | Path = False,
    load_from: str | Path | None = None,
    amp: bool = False,
    resume_changed: bool = False,
) -> TrainResult:
    """Trains a graph as ``tools/train.py`` does; of a config of stages each in turn.

    What was trained in the folder before is moved aside, unless it is resumed.

    Args:
        config: A Config, which stays as it is, or its file.
        work_dir: Folder of logs and checkpoints. Defaults to the config's, else ``work_dirs/<config's name>``; that of
            a config without a file is ``work_dirs/graph``.
        seed: Of everything random. Defaults to the config's.
        resume: True goes on from the newest checkpoint in the folder, if there is one; a path from that one. Defaults
            to False.
        load_from: Checkpoint of weights to begin with; of stages the first one does. Defaults to the config's.
        amp: True trains in mixed precision (bfloat16). Defaults to False.
        resume_changed: True goes on though the config is not what the run began with. Defaults to False.

    Returns:
        The metrics of each node, the checkpoint and the folder. A run that was finished before is measured again.

    Raises:
        ConfigError: If the config is wrong; the message begins with its key.
        UserError: If data, a checkpoint or the folder cannot be read or written, memory runs out, or a loss is not
            finite; one line.
        KeyboardInterrupt: On Ctrl-C; it says from where a resumed run goes on.

    Example:
        >>> import tempfile
        >>> from ktg_mm.apis import get_config
        >>> cfg = get_config('single/resnet8_digits', {'train_cfg.max_epochs': 1, 'log_level': 'ERROR'})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     result = train(cfg, folder)
        >>> list(result.metrics), result.checkpoint.name
        (['net1'], 'epoch_1.pth')
    """
    cfg = read_config(config)
    if seed is not None:
        cfg.randomness = dict(cfg.get('randomness') or {}, seed=seed)
    load_from = None if load_from is None else str(load_from)
    resume = str(resume) if isinstance(resume, Path) else resume or resume_changed
    with user_errors():
        folder = run_folder(cfg, work_dir)
        if is_staged(cfg):
            resume = resume or cfg.get('resume', False)
            metrics = StagedRun(cfg, folder, 'none', load_from, resume, amp, resume_changed).train(graph_of_run)
            cfg = one_stage(cfg, None, folder)
            folder = Path(cfg.work_dir)
        else:
            check_is_there(cfg, 'train')
            metrics = _train(copy.deepcopy(cfg), folder, load_from, resume, amp, resume_changed)
        if (checkpoint := latest_checkpoint(folder)) is None:
            raise UserError(f'{folder}: the run has saved no checkpoint; see default_hooks.checkpoint')
        if metrics is None:
            metrics = _measure(copy.deepcopy(cfg), folder, checkpoint)
    return TrainResult(by_node(metrics), checkpoint, folder, cfg)


def by_node(metrics: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Metrics by node and name; those of no node are left out.

    Example:
        >>> by_node({'net1/accuracy/top1': 90.0, 'net2/accuracy/top1': 91.0, 'time': 0.1})
        {'net1': {'accuracy/top1': 90.0}, 'net2': {'accuracy/top1': 91.0}}
    """
    found: dict[str, dict[str, float]] = {}
    for key, value in metrics.items():
        node, _, name = key.partition('/')
        if name:
            found.setdefault(node, {})[name] = value
    return found


def _train(
    cfg: Config, folder: Path, load_from: str | None, resume: bool | str, amp: bool, resume_changed: bool
) -> dict[str, Any] | None:
    """Trains one run; returns its metrics, None if it was finished before."""
    runner = None
    try:
        runner = build_runner(
            cfg, folder, load_from=load_from, resume=resume, amp=amp, resume_changed=resume_changed, lock=True
        )
        return train_unless_finished(runner, summary=graph_of_run)
    finally:
        close_runner(runner)
        del runner
        forget_runner(cfg)


def _measure(cfg: Config, folder: Path, checkpoint: Path) -> dict[str, Any]:
    """The metrics of a run that has been trained."""
    runner = None
    try:
        runner = build_runner(cfg, folder, load_from=str(checkpoint), rehearsal=False, trains=False)
        if has_test_of_its_own(cfg):
            return dict(runner.test())
        return dict(runner.val()) if cfg.get('val_dataloader') else {}
    finally:
        close_runner(runner)
        del runner
        forget_runner(cfg)


def graph_of_run(runner: Runner) -> str:
    """The graph of a run in words, with which its log begins.

    Args:
        runner: The run's.
    """
    return graph_summary(unwrapped(runner.model), runner.cfg.model)
