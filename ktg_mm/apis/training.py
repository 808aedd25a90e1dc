"""Training."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

from mmengine.dist import is_main_process
from mmengine.runner import Runner
from mmengine.visualization import Visualizer

from ktg_mm.checkpoints import latest_checkpoint
from ktg_mm.engine.empty_loader import refuse_empty
from ktg_mm.engine.end_loading import end_loading
from ktg_mm.engine.hooks import RunSummaryHook, SaveOnInterruptHook
from ktg_mm.errors import is_interrupt
from ktg_mm.visualization.record_picture_hook import RecordPictureHook

from .baseline import Baseline
from .config import config_name
from .result_table import run_results
from .resume import has_more, last_checkpoint_if_finished, mark_finished
from .run_metrics import keep_metrics, last_validation


def train_runner(runner: Runner) -> dict[str, Any]:
    """Trains, then tests the last epoch's weights, once, if the test data are not what validation has used.

    Args:
        runner: From :func:`ktg_mm.apis.build_runner`.

    Returns:
        The test metrics by name, empty if there was no test.

    Raises:
        ConfigError: If an epoch would have no batch.
        KeyboardInterrupt: On Ctrl-C, and on SIGTERM if the program's handler makes it one (that of
            :func:`ktg_mm.apis.one_line_errors` does); it says from where a resumed run goes on.
    """
    interrupts = SaveOnInterruptHook()
    runner.register_hook(interrupts)
    tests = has_test_of_its_own(runner.cfg)
    try:
        if runner.train_loop is not None:
            refuse_empty(runner.train_loop.dataloader, 'train_dataloader')
        with interrupts, _kept_open(runner.visualizer) if tests else nullcontext():
            runner.train()
        metrics = runner.test() if tests else {}
    except BaseException as error:
        if not is_interrupt(error):
            raise
        last = latest_checkpoint(runner.work_dir)
        where = f'a resumed run goes on from {last}' if last else 'no checkpoint has been saved yet'
        raise KeyboardInterrupt(where) from error
    finally:
        end_loading(runner)
    keep_metrics(runner, metrics)
    mark_finished(runner)
    return metrics


@contextmanager
def _kept_open(visualizer: Visualizer) -> Iterator[None]:
    """Leaves closing it to the end of the test, which has results for it; Weights & Biases opens no run again."""
    visualizer.close = lambda: None
    try:
        yield
    finally:
        del visualizer.close


def train_unless_finished(
    runner: Runner,
    what: str = 'run',
    summary: Callable[[Runner], str] | None = None,
    begin: Callable[[], None] | None = None,
    baseline: Baseline | None = None,
) -> dict[str, Any] | None:
    """Trains, unless the run is finished, which it says.

    Args:
        runner: From :func:`ktg_mm.apis.build_runner`.
        what: What the run is to the user.
        summary: Makes the text that the log begins with, followed by the data, schedule, device and folder, and at the
            end by the results. Defaults to None: none of these.
        begin: Is called before training, if there is any left. Defaults to None.
        baseline: What the results are compared with. Defaults to None.

    Returns:
        The metrics of the test, or of the last validation if there was none; None if the run is finished.

    Raises:
        UserError: If what ``begin`` does, or training, fails by a user's mistake.
        KeyboardInterrupt: As :func:`train_runner`.
    """
    if last := last_checkpoint_if_finished(runner):
        if is_main_process():
            print(f'{runner.work_dir}: the {what} is finished; its last checkpoint is {last}')
        return None
    if begin is not None and has_more(runner):
        begin()
    if summary is not None:
        runner.logger.info(summary(runner))
        runner.register_hook(RecordPictureHook(config_name(runner.cfg)))
        runner.register_hook(RunSummaryHook())
    metrics = train_runner(runner)
    if summary is not None:
        runner.logger.info(run_results(runner, metrics, baseline))
    return metrics or last_validation(runner)


def has_test_of_its_own(cfg: Mapping[str, Any]) -> bool:
    """Whether the config has test data, and others than for validation."""
    test, val = (cfg.get(f'{kind}_dataloader') or {} for kind in ('test', 'val'))
    return bool(test) and (not val or test['dataset'] != val['dataset'])
