"""A hook that writes each process's weights and statistics, and what it has trained on."""

from pathlib import Path
from typing import Any

import torch
from mmengine.dist import get_rank, get_world_size
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS

from ktg_mm.engine.unwrapped import unwrapped


@HOOKS.register_module()
class StateDump(Hook):
    priority = 'LOWEST'

    def before_train(self, runner: Runner) -> None:
        model = unwrapped(runner.model)
        self.initial = {name: value.clone() for name, value in model.state_dict().items()}
        self.indices = []

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        self.indices.append([int(sample.sample_idx) for sample in data_batch['data_samples']])

    def after_train(self, runner: Runner) -> None:
        model = unwrapped(runner.model)
        dump = dict(
            state_dict=model.state_dict(),
            initial=self.initial,
            indices=self.indices,
            world_size=get_world_size(),
            wrapped=is_model_wrapper(runner.model),
        )
        torch.save(dump, Path(runner.work_dir) / f'rank_{get_rank()}.dump')
