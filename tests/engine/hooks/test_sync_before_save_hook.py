"""Batch-norm statistics are averaged over the processes before a checkpoint between two validations."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmengine.hooks import CheckpointHook, LoggerHook
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop
from torch import nn

from ktg_mm.apis import load_config
from ktg_mm.apis.required_hooks import add_required_hooks
from ktg_mm.engine.hooks import SafeCheckpointHook, SyncBeforeSaveHook, sync_before_save_hook

CONFIGS = Path(__file__).parents[3] / 'configs'


class Network(nn.BatchNorm1d):
    """Batch norm, and what FlexMatch's gate keeps."""

    def __init__(self):
        super().__init__(3)
        self.register_buffer('selected', torch.tensor([2**25 + 1, -1]))
        self.register_buffer('started', torch.tensor(True))


def runner(loop=IterBasedTrainLoop, **options):
    hook = SafeCheckpointHook(**dict(by_epoch=False, interval=4) | options)
    train_loop = loop.__new__(loop)  # neither data nor a model
    return SimpleNamespace(train_loop=train_loop, hooks=[LoggerHook(), hook], model=Network(), iter=0, max_iters=10)


@pytest.fixture
def synchronized(monkeypatch):
    """Two processes, of which the other one has zeros; returns the buffers that are averaged, by iteration."""

    def average(buffers, op):
        assert op == 'mean'
        for buffer in buffers:
            buffer /= 2
        found.append(buffers)

    found = []
    monkeypatch.setattr(sync_before_save_hook, 'get_world_size', lambda: 2)
    monkeypatch.setattr(sync_before_save_hook, 'all_reduce_params', average)
    return found


def iterations_of(run, synchronized):
    """The iterations, counted from 1, after which buffers were averaged."""
    found = []
    for iteration in range(run.max_iters):
        run.iter, before = iteration, len(synchronized)
        SyncBeforeSaveHook().after_train_iter(run, iteration)
        found += [iteration + 1] * (len(synchronized) - before)
    return found


@pytest.mark.parametrize(
    ('options', 'expected'),
    [
        ({}, [4, 8, 10]),
        (dict(save_last=False), [4, 8]),
        (dict(save_begin=5), [5, 9, 10]),
        (dict(interval=5), [5, 10]),
        (dict(interval=-1), [10]),
        (dict(by_epoch=True), []),
    ],
)
def test_when(synchronized, options, expected):
    run = runner(**options)
    assert iterations_of(run, synchronized) == expected
    saved = []
    hook = run.hooks[1]
    hook._save_checkpoint = lambda run: saved.append(run.iter + 1)  # the checkpoints that the hook itself saves
    run.logger = SimpleNamespace(info=lambda text: None)
    for iteration in range(run.max_iters):
        run.iter = iteration
        hook.after_train_iter(run, iteration)
    assert saved == expected


def test_once_for_two_hooks_that_save(synchronized):
    run = runner()
    run.hooks.append(CheckpointHook(by_epoch=False, interval=2))
    assert iterations_of(run, synchronized) == [2, 4, 6, 8, 10]


def test_loops_over_epochs_are_left_alone(synchronized):
    assert iterations_of(runner(EpochBasedTrainLoop), synchronized) == []


def test_a_single_process_is_left_alone(synchronized, monkeypatch):
    monkeypatch.setattr(sync_before_save_hook, 'get_world_size', lambda: 1)
    assert iterations_of(runner(), synchronized) == []


def test_integers_stay_exact(synchronized):
    run = runner()
    run.iter = 3
    run.model(torch.tensor([[1.0, 2, 3], [3, 4, 5]]))
    mean = run.model.running_mean.clone()
    SyncBeforeSaveHook().after_train_iter(run, 3)
    assert mean.min() > 0 and torch.equal(run.model.running_mean, mean / 2)
    assert run.model.num_batches_tracked == 1
    assert run.model.selected.tolist() == [2**25 + 1, -1] and run.model.started
    assert not {tensor.dtype for tensor in synchronized[0]} & {torch.int64, torch.bool}


def test_it_comes_before_the_checkpoint(tiny_runner, iteration_config):
    run = tiny_runner(iteration_config | {'custom_hooks': [dict(type='SyncBeforeSaveHook')]})
    kinds = [type(hook) for hook in run.hooks]
    assert kinds.index(SyncBeforeSaveHook) < kinds.index(SafeCheckpointHook)


def test_loops_over_iterations_have_it():
    config = load_config(CONFIGS / 'semi/fixmatch_cifar10.py')
    add_required_hooks(config)
    assert [hook.type for hook in config.custom_hooks].count('SyncBeforeSaveHook') == 1
    assert len(config.custom_hooks) > 1
