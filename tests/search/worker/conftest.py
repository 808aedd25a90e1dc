"""Searches of a second a trial."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mmengine.config import Config

from ktg_mm.apis import load_config

DIGITS = Path(__file__).parents[3] / 'configs/search/ktg_3node_digits.py'


@pytest.fixture(scope='session')
def two_networks() -> Callable[..., Config]:
    """Makes the config of a search of three graphs of two networks, on 32 images, two steps an epoch; prunes nobody."""

    def make(number: int = 1, epochs: int = 2, hooks: tuple[str, ...] = (), **options: Any) -> Config:
        cfg = load_config(
            DIGITS,
            {
                'train_dataloader.dataset.indices': 32,
                'train_dataloader.batch_size': 16,
                'val_dataloader.dataset.indices': 60,
                'train_cfg.max_epochs': epochs,
            },
        )
        cfg.model.nodes.pop('net3')
        cfg.model.edges = {key: edge for key, edge in cfg.model.edges.items() if 'net3' not in key}
        cfg.search.space = {'model.edges.*.gate': cfg.search.space['model.edges.*.gate']}
        nobody = dict(type='ASHAHook', pruner=dict(type='NopPruner'))
        for name, value in dict(dict(trials=3, hook=nobody, trials_per_worker=number), **options).items():
            cfg.search[name] = value
        cfg.custom_hooks = [*cfg.custom_hooks, *(dict(type=name) for name in hooks)]
        return cfg

    return make
