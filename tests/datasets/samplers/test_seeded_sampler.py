import copy
import pickle

import pytest
import torch
from mmengine.dataset import DefaultSampler
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from ktg_mm.datasets import Digits, SeededIndex, SeededSampler
from ktg_mm.datasets.samplers import seeded_sampler
from ktg_mm.errors import ConfigError

PIPELINE = [
    dict(type='SeedRandom'),
    dict(type='PadRandomCrop', crop_size=8, padding=2),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackInputs'),
]


def loader(num_workers, seed=3):
    """What a run makes of a config's train_dataloader."""
    config = dict(
        batch_size=16,
        num_workers=num_workers,
        persistent_workers=num_workers > 0,
        drop_last=True,
        dataset=dict(type='Digits', split='val', pipeline=PIPELINE),
        sampler=dict(type='SeededSampler', shuffle=True),
        collate_fn=dict(type='default_collate'),
    )
    return Runner.build_dataloader(config, seed=seed)


def epoch_of(data_loader, epoch):
    data_loader.sampler.set_epoch(epoch)
    batches = list(data_loader)
    labels = [sample.gt_label for batch in batches for sample in batch['data_samples']]
    return torch.cat([batch['inputs'] for batch in batches]), torch.cat(labels)


def same(one, two):
    return all(torch.equal(a, b) for a, b in zip(one, two, strict=True))


@pytest.mark.usefixtures('mmpretrain_scope')
def test_batches_do_not_depend_on_workers_nor_on_resuming():
    reference = loader(0)
    first, second = epoch_of(reference, 0), epoch_of(reference, 1)
    assert first[0].shape == (176, 1, 8, 8)
    assert not torch.equal(first[0], second[0])
    for num_workers in (0, 1, 2):
        torch.manual_seed(num_workers)
        again = loader(num_workers)
        assert same(epoch_of(again, 0), first)
        assert same(epoch_of(again, 1), second)
        resumed = loader(num_workers)
        assert same(epoch_of(resumed, 1), second)
    assert not torch.equal(epoch_of(loader(0, seed=4), 0)[0], first[0])


@pytest.mark.usefixtures('mmpretrain_scope')
def test_an_image_looks_different_each_epoch_and_alike_in_any_batch_size():
    digits = Digits(split='val', pipeline=PIPELINE)
    views = [digits[SeededIndex(5, seed=0, epoch=epoch)]['inputs'] for epoch in range(10)]
    assert len({view.numpy().tobytes() for view in views}) > 5
    assert torch.equal(digits[SeededIndex(5, seed=0, epoch=4)]['inputs'], views[4])


@pytest.mark.usefixtures('mmpretrain_scope')
@pytest.mark.parametrize('num_workers', [0, 2])
def test_index_reaches_the_pipeline_and_comes_back(num_workers):
    sampler = SeededSampler(range(180), seed=5)
    sampler.set_epoch(7)
    digits = Digits(split='val', pipeline=[dict(type='PackInputs')])
    loaded = DataLoader(digits, batch_size=90, sampler=sampler, num_workers=num_workers, collate_fn=list)
    indices = [item['data_samples'].sample_idx for batch in loaded for item in batch]
    assert sorted(indices) == list(range(180))
    assert {(type(index), index.seed, index.epoch) for index in indices} == {(SeededIndex, 5, 7)}


@pytest.mark.parametrize('serialize_data', [True, False])
def test_data_sets_keep_the_index(serialize_data):
    index = Digits(serialize_data=serialize_data).get_data_info(SeededIndex(2, seed=0, epoch=1))['sample_idx']
    assert isinstance(index, SeededIndex)


@pytest.mark.parametrize('copied', [copy.copy, copy.deepcopy, lambda index: pickle.loads(pickle.dumps(index))])
def test_index_survives_copies(copied):
    index = copied(SeededIndex(4, seed=1, epoch=2))
    assert (index, index.seed, index.epoch) == (4, 1, 2)


@pytest.mark.parametrize('shuffle', [True, False])
def test_order_is_the_default_samplers(shuffle):
    ours, default = (kind(range(50), shuffle=shuffle, seed=2) for kind in (SeededSampler, DefaultSampler))
    for epoch in (0, 3):
        ours.set_epoch(epoch)
        default.set_epoch(epoch)
        assert list(ours) == list(default)
        assert {index.epoch for index in ours} == {epoch}


def test_processes_share_the_samples(monkeypatch):
    parts = []
    for rank in range(3):
        monkeypatch.setattr('mmengine.dataset.sampler.get_dist_info', lambda rank=rank: (rank, 3))
        sampler = seeded_sampler.SeededSampler(range(10), seed=0)
        parts.append(list(sampler))
        assert len(sampler) == len(parts[-1]) == 4
    whole = [index for group in zip(*parts, strict=True) for index in group]
    monkeypatch.undo()
    assert whole[:10] == list(SeededSampler(range(10), seed=0))  # rank-strided, so augmentation is the same too
    assert whole[10:] == whole[:2]
    assert all((index.seed, index.epoch) == (0, 0) for index in whole)


def test_an_epoch_under_way_keeps_its_number():
    sampler = SeededSampler(range(4), seed=0)
    indices = iter(sampler)
    next(indices)
    sampler.set_epoch(1)
    assert next(indices).epoch == 0


@pytest.mark.parametrize('seed', [-1, 0.5, True, 'zero'])
def test_wrong_seeds(seed):
    with pytest.raises(ConfigError, match=r'^sampler\.seed: must be a whole number, at least 0, got '):
        SeededSampler(range(3), seed=seed)
