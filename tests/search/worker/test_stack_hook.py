"""A run in a stack has its weights before it validates or saves them, and not at each step."""

from pathlib import Path
from typing import Any

import pytest

from ktg_mm.engine.hooks import SafeCheckpointHook
from ktg_mm.search.worker.run_trial import quiet_runner
from ktg_mm.search.worker.stack_hook import StackHook
from ktg_mm.search.worker.trial_config import trial_config


@pytest.mark.parametrize('by_epoch', [True, False])
def test_before_others_look(by_epoch: bool, two_networks: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cfg = two_networks(epochs=2)  # two iterations each
    if not by_epoch:
        cfg.train_cfg = dict(by_epoch=False, max_iters=3, val_interval=2)
        cfg.param_scheduler = None
        cfg.default_hooks = dict(checkpoint=dict(type='SafeCheckpointHook', by_epoch=False, interval=2))
    said: list[str] = []
    before = SafeCheckpointHook.before_save_checkpoint

    def save(self: SafeCheckpointHook, runner: Any, checkpoint: dict) -> None:
        said.append('saves')
        before(self, runner, checkpoint)

    monkeypatch.setattr(SafeCheckpointHook, 'before_save_checkpoint', save)
    config = cfg.to_dict()
    config.pop('search')
    with quiet_runner(trial_config(config, None, tmp_path)) as runner:
        validate = runner.val_loop.run
        monkeypatch.setattr(runner.val_loop, 'run', lambda: (said.append('validates'), validate())[1])
        runner.register_hook(StackHook(lambda: said.append('brings'), 1 if by_epoch else 2))
        runner.train()
    places = [i for i, what in enumerate(said) if what == 'saves']
    assert len(places) == 2 and 'validates' in said
    assert all(said[i - 1] == 'brings' for i in places)
    assert 'brings' in said[said.index('validates') :] and said.count('brings') <= 5
