"""Trials hand on between two steps, and hear then that they are to end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from mmengine.runner import Runner

from ktg_mm.apis import load_config
from ktg_mm.engine.hooks import SeedHook
from ktg_mm.search.worker.run_trial import run_trial
from ktg_mm.search.worker.trial_config import trial_config
from ktg_mm.search.worker.turn_hook import TurnHook

DIGITS = Path(__file__).parents[3] / 'configs/single/resnet8_digits.py'


def run(folder: Path, pause: Callable[[], None], check: Callable[[], None]) -> None:
    options = {'train_dataloader.dataset.indices': 48, 'train_dataloader.batch_size': 16, 'train_cfg.max_epochs': 1}
    cfg = load_config(DIGITS, options | {'val_dataloader.dataset.indices': 60, 'val_dataloader.batch_size': 30})

    @contextmanager
    def within(runner: Runner) -> Iterator[None]:
        runner.register_hook(TurnHook(pause, check))
        yield

    run_trial(trial_config(cfg.to_dict(), None, folder), lambda asha: None, within=within)


def test_before_each_step_and_before_each_batch_of_a_validation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[str] = []
    monkeypatch.setattr(SeedHook, 'before_train_iter', lambda self, *args, **kwargs: called.append('seed'))
    run(tmp_path, lambda: called.append('hands on'), lambda: called.append('looks'))
    assert called == ['seed', 'hands on'] * 3 + ['looks'] * 2


def test_a_run_that_is_to_end(tmp_path: Path) -> None:
    steps: list[int] = []

    def check() -> None:
        steps.append(len(steps))
        if len(steps) == 2:
            raise KeyboardInterrupt

    for pause, look in ((check, lambda: None), (lambda: None, check)):
        steps.clear()
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / f'{pause is check}', pause, look)
        assert steps == [0, 1]
