"""Training."""

from typing import Any

from mmengine.config import Config
from mmengine.runner import Runner

from ktg_mm.engine.empty_loader import refuse_empty


def train(runner: Runner) -> dict[str, Any]:
    """Trains, then tests the last epoch's weights, once, if the test data are not what validation has used.

    Args:
        runner: From :func:`ktg_mm.apis.build_runner`.

    Returns:
        The test metrics by name, empty if there was no test.

    Raises:
        ConfigError: If an epoch would have no batch.
    """
    if runner.train_loop is not None:
        refuse_empty(runner.train_loop.dataloader, 'train_dataloader')
    runner.train()
    return runner.test() if has_test_of_its_own(runner.cfg) else {}


def has_test_of_its_own(cfg: Config) -> bool:
    """Whether the config has test data, and others than for validation."""
    test, val = cfg.get('test_dataloader'), cfg.get('val_dataloader')
    return bool(test) and (not val or test['dataset'] != val['dataset'])
