"""Resuming a loop over iterations without loading what it has had."""

import copy
import multiprocessing
import time
from types import SimpleNamespace

import pytest
import torch
from mmengine.hooks import DistSamplerSeedHook
from mmengine.runner import IterBasedTrainLoop
from mmengine.runner.loops import _InfiniteDataloaderIterator
from torch.utils.data import DataLoader

from ktg_mm.datasets import SeededSampler, SemiSupervisedSampler
from ktg_mm.engine.hooks import FastResumeHook

ITERATIONS = 25  # a pass has 7 batches


class Numbers:
    """Samples that are their index and pass; counts what is loaded, in all processes."""

    metainfo: dict = {}
    num_labeled, num_unlabeled = 5, 23

    def __init__(self):
        self.loaded = multiprocessing.get_context('fork').Value('i', 0)

    def __len__(self):
        return 28

    def __getitem__(self, index):
        with self.loaded.get_lock():
            self.loaded.value += 1
        return int(index), index.epoch


class RecordedLoader(DataLoader):
    """Keeps the iterators that it gives."""

    def __iter__(self):
        vars(self).setdefault('iterators', []).append(super().__iter__())
        return self.iterators[-1]


class OwnLoop(IterBasedTrainLoop):
    """A loop of a user."""


class Recorder(SimpleNamespace):
    """A Runner without a model, that keeps the batches."""

    def __init__(self, hooks, done=0):
        super().__init__(hooks=hooks, epoch=0, batches=[], val_loop=None, visualizer=SimpleNamespace())
        self.model = SimpleNamespace(train=lambda: None, train_step=lambda batch, optim_wrapper: self.keep(batch))
        self.optim_wrapper = None

    def keep(self, batch):
        self.batches.append(torch.stack(batch, dim=1).tolist())
        return {}

    @property
    def iter(self):
        return self.train_loop.iter

    def call_hook(self, name, **arguments):
        for hook in self.hooks:
            getattr(hook, name)(self, **arguments)


def run(done=0, num_workers=0, persistent=False, hooks=None, sampler=None, loop=IterBasedTrainLoop):
    """Runs a loop from an iteration on, as a resumed run does; returns it with the number of samples it loaded."""
    data = Numbers()
    sampler = (sampler or (lambda data: SemiSupervisedSampler(data, 2, 3, infinite=True, seed=1)))(data)
    loader = RecordedLoader(data, 5, sampler=sampler, num_workers=num_workers, persistent_workers=persistent)
    runner = Recorder([DistSamplerSeedHook(), FastResumeHook()] if hooks is None else hooks)
    runner.train_loop = loop(runner, loader, max_iters=ITERATIONS)
    runner.train_loop._iter = done  # as Runner.resume does
    runner.train_loop.run()
    return runner, data.loaded.value


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr(time, 'sleep', lambda seconds: None)  # mmengine's two seconds between passes


@pytest.fixture(scope='module')
def uninterrupted():
    return run(hooks=[])[0].batches


@pytest.mark.parametrize('loop', [IterBasedTrainLoop, OwnLoop])
@pytest.mark.parametrize('done', [1, 6, 7, 20, ITERATIONS - 1])
def test_goes_on_with_the_next_batch(uninterrupted, done, loop):
    runner, loaded = run(done, loop=loop)
    assert runner.batches == uninterrupted[done:]
    assert loaded == 5 * (ITERATIONS - done)  # nothing was loaded for nothing


@pytest.mark.parametrize('persistent', [False, True])
@pytest.mark.parametrize('num_workers', [1, 2])
def test_workers(uninterrupted, num_workers, persistent):
    before = set(multiprocessing.active_children())
    runner, loaded = run(20, num_workers, persistent)
    assert runner.batches == uninterrupted[20:]
    # Each worker loads two batches ahead: of the first iterator, and after the last iteration.
    assert loaded <= 5 * (5 + 4 * num_workers)
    alive = set(multiprocessing.active_children()) - before
    assert len(alive) == num_workers  # the first iterator's ended, or they serve the second
    iterator = runner.train_loop.dataloader.iterators[-1]
    assert alive == set(iterator._workers)
    iterator._shutdown_workers()
    assert not set(multiprocessing.active_children()) - before


def test_a_new_run_is_left_alone(uninterrupted):
    runner, loaded = run(0)
    assert runner.batches == uninterrupted
    assert loaded == 5 * ITERATIONS
    assert type(runner.train_loop.dataloader_iterator) is _InfiniteDataloaderIterator


@pytest.mark.parametrize(
    'sampler',
    [
        lambda data: SemiSupervisedSampler(data, 2, 3, seed=1),
        lambda data: SeededSampler(data, seed=1),
    ],
)
def test_other_samplers_work_as_mmengine_does(sampler):
    whole = run(sampler=sampler, hooks=[DistSamplerSeedHook()])[0].batches
    runner, loaded = run(20, sampler=sampler)
    assert runner.batches == whole[20:]
    assert loaded > 5 * 20


def test_passes_are_the_endless_samplers(uninterrupted):
    finite = run(sampler=lambda data: SemiSupervisedSampler(data, 2, 3, seed=1))[0].batches
    assert finite == uninterrupted


def test_loops_over_epochs_are_left_alone():
    loop = SimpleNamespace(iter=5, dataloader=None)
    FastResumeHook().before_train_epoch(SimpleNamespace(train_loop=loop))  # looks at nothing


def test_a_resumed_run_ends_as_the_uninterrupted_one(tiny_runner, iteration_config, tmp_path):
    changes = iteration_config | {
        'train_dataloader.dataset': dict(
            _delete_=True,
            type='SemiSupervised',
            dataset=dict(type='Digits'),
            num_labels=100,
            pipeline=[dict(type='SeedRandom'), dict(type='RandomFlip', prob=0.5), dict(type='PackInputs')],
        ),
        'train_dataloader.sampler': dict(
            _delete_=True, type='SemiSupervisedSampler', labeled=16, unlabeled=0, infinite=True
        ),
        'default_hooks.checkpoint.max_keep_ckpts': 2,
    }
    del changes['train_dataloader.dataset.indices']
    whole = tiny_runner(copy.deepcopy(changes), work_dir='whole')
    whole.train()
    resumed = tiny_runner(changes, work_dir='resumed', resume=str(tmp_path / 'whole' / 'iter_3.pth'))
    resumed.train()
    assert type(resumed.train_loop.dataloader_iterator).__name__ == '_Rest'
    expected = whole.model.state_dict()
    for name, value in resumed.model.state_dict().items():
        assert torch.equal(value, expected[name]), name
