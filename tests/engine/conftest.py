"""A tiny graph and its Runner, with all the hooks of a real run."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.runner import Runner

from ktg_mm.apis import build_runner, load_config

CONFIG = """
_base_ = [
    '{base}/default_runtime.py',
    '{base}/datasets/digits.py',
    '{base}/schedules/sgd_30e_digits.py',
]
network = dict(
    type='ImageClassifier',
    backbone=dict(type='CIFARResNet', depth=8, base_channels=4, in_channels=1),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', num_classes=10, in_channels=16, loss=dict(type='CrossEntropyLoss')),
)
model = dict(
    type='KnowledgeTransferGraph',
    target='net1',
    nodes=dict(net1=dict(type='NetworkNode', network=network), net2=dict(type='NetworkNode', network=network)),
    edges={{
        'label->net1': dict(loss=dict(type='CrossEntropy')),
        'label->net2': dict(loss=dict(type='CrossEntropy')),
        'net2->net1': dict(loss=dict(type='KLDivergence'), gate=dict(type='CorrectGate')),
        'net1->net2': dict(loss=dict(type='KLDivergence'), gate=dict(type='LinearGate')),
    }},
)
# 64 images in batches of 16: 4 iterations an epoch, 2 epochs.
train_dataloader = dict(batch_size=16, dataset=dict(indices=64))
val_dataloader = dict(batch_size=32, dataset=dict(indices=32))
test_dataloader = dict(batch_size=32, dataset=dict(indices=32))
train_cfg = dict(max_epochs=2)
param_scheduler = dict(end=2)
default_hooks = dict(logger=dict(interval=2))
"""


@pytest.fixture
def tiny_config(tmp_path: Path) -> Callable[..., Config]:
    """Makes the config of two small ResNets that teach each other, changed by values by their path."""

    def make(changes: dict[str, Any] | None = None, name: str = 'tiny') -> Config:
        base = Path(__file__).parents[2] / 'configs/_base_'
        path = tmp_path / f'{name}.py'
        path.write_text(CONFIG.format(base=base))
        config = load_config(path, changes)
        config.__dict__['_format_python_code'] = False  # half of such a short run's time
        return config

    return make


@pytest.fixture
def tiny_runner(tiny_config: Callable[..., Config], tmp_path: Path) -> Iterator[Callable[..., Runner]]:
    """Makes Runners of that config as the tools do; they work in ``tmp_path / 'run'`` unless told otherwise."""
    runners = []

    def make(changes: dict[str, Any] | None = None, work_dir: str = 'run', **options: Any) -> Runner:
        runners.append(build_runner(tiny_config(changes), tmp_path / work_dir, **options))
        return runners[-1]

    yield make
    for runner in runners:
        runner.visualizer.close()
        for handler in runner.logger.handlers:
            if isinstance(handler, logging.FileHandler):
                handler.close()
    MMLogger._instance_dict.clear()


@pytest.fixture
def iteration_config() -> dict[str, Any]:
    """Changes that turn the tiny config's epochs into a loop of 6 iterations."""
    return {
        'train_dataloader.dataset.indices': 128,  # 8 batches: starting anew makes mmengine wait two seconds
        'train_cfg': dict(_delete_=True, type='IterBasedTrainLoop', max_iters=6, val_interval=3),
        'param_scheduler': dict(_delete_=True, type='CosineAnnealingLR', by_epoch=False, begin=0, end=6),
        'default_hooks.checkpoint': dict(by_epoch=False, interval=3),
        'log_processor.by_epoch': False,
    }
