import multiprocessing
import time

import pytest

from ktg_mm.apis.training import train_runner
from ktg_mm.engine.end_loading import end_loading
from ktg_mm.engine.hooks.fast_resume_hook import _Rest
from ktg_mm.mmengine_private import stop_workers


@pytest.mark.parametrize('resumed', [False, True])
def test_a_run_leaves_no_processes(tiny_runner, iteration_config, resumed):
    """Each would take five seconds when its loop is collected as garbage."""
    runner = tiny_runner({**iteration_config, 'train_dataloader.num_workers': 2})
    before = set(multiprocessing.active_children())
    loop = runner.train_loop
    if resumed:  # as FastResumeHook does
        stop_workers(loop.dataloader_iterator)
        loop.dataloader_iterator = _Rest(1, iter(loop.dataloader))
        assert next(loop.dataloader_iterator) == [] and 'inputs' in next(loop.dataloader_iterator)
    assert len(set(multiprocessing.active_children()) - before) == 2
    start = time.monotonic()
    end_loading(runner)
    assert not set(multiprocessing.active_children()) - before
    assert time.monotonic() - start < 4
    end_loading(runner)  # twice is nothing


def test_training_ends_them(tiny_runner, iteration_config):
    before = set(multiprocessing.active_children())
    train_runner(tiny_runner({**iteration_config, 'train_dataloader.num_workers': 2}))
    assert not set(multiprocessing.active_children()) - before


KEPT = dict(num_workers=1, persistent_workers=True)


def test_loaders_that_keep_theirs(tiny_runner):
    changes = {f'{kind}_dataloader': KEPT for kind in ('train', 'val', 'test')}
    before = set(multiprocessing.active_children())
    runner = tiny_runner(changes)
    runner.train()
    runner.test()
    assert len(set(multiprocessing.active_children()) - before) == 3
    start = time.monotonic()
    end_loading(runner)
    assert not set(multiprocessing.active_children()) - before
    assert time.monotonic() - start < 4
    metrics = runner.test()  # goes on with new ones
    assert metrics and len(set(multiprocessing.active_children()) - before) == 1
    end_loading(runner)


def test_loaders_that_keep_none(tiny_runner):
    end_loading(tiny_runner())
