import random
import re
from itertools import islice

import numpy as np
import pytest
import torch

from ktg_mm.datasets.in_memory import ImagesInMemory, images_in_memory
from ktg_mm.errors import ConfigError

CPU = torch.device('cpu')
SEED, PACK = dict(type='SeedRandom'), dict(type='PackInputs')


def in_memory(dataset):
    return ImagesInMemory(dataset, CPU, 'train_dataloader.dataset')


@pytest.mark.parametrize('kind', ['train', 'val'])
@pytest.mark.parametrize(
    'name',
    [
        'cifar10',
        'fashion_mnist',
        'fashion_mnist_3000',
        'digits',
        'cifar10_semi',
        'cifar100_diverse',
        'fashion_mnist_semi',
        'fashion_mnist_semi_weak',
    ],
)
def test_batches_are_those_of_the_loader(shipped, same, name, kind):
    loader = shipped(name, kind)
    memory = in_memory(loader.dataset)
    for epoch in range(3):
        if hasattr(loader.sampler, 'set_epoch'):
            loader.sampler.set_epoch(epoch)
        batches = iter(loader)
        of_memory = memory.batches(loader.batch_sampler)
        for _ in range(min(len(loader), 15)):
            assert same(next(batches), next(of_memory))


def test_batches_after_many(shipped, same, monkeypatch):
    monkeypatch.setattr(images_in_memory, '_AHEAD', 20)
    loader = shipped('fashion_mnist')
    for one, other in zip(loader, in_memory(loader.dataset).batches(loader.batch_sampler), strict=True):
        assert same(one, other)


def test_steps_of_more_than_one_border_and_flip(noise, same):
    crop = dict(type='RandomCrop', crop_size=9, padding=2)
    steps = [crop, dict(type='RandomFlip', prob=0.9), dict(crop, pad_val=7), dict(type='RandomFlip', prob=0.2)]
    pipeline = [SEED, *steps, dict(type='PackInputs', meta_keys=('flip', 'img_shape'))]
    dataset = noise((8, 8, 3), pipeline=pipeline)
    indices = [images_in_memory.SeededIndex(number, seed=0, epoch=5) for number in range(30)]
    expected = [dataset[index] for index in indices]
    samples = [sample['data_samples'] for sample in expected]
    batch = dict(inputs=torch.stack([sample['inputs'] for sample in expected]), data_samples=samples)
    assert same(batch, next(in_memory(dataset).batches([indices])))
    assert all(not hasattr(sample, 'sample_idx') for sample in samples)


@pytest.mark.parametrize('interpolation', ['bilinear', 'nearest'])
def test_augmentations_without_views(noise, same, interpolation):
    operations = [dict(type='Rotate', angle=30.0, interpolation=interpolation), dict(type='Solarize', thr=128)]
    last = [
        dict(type='RandAugment', policies=operations, num_policies=2, magnitude_level=5),
        dict(type='Cutout', shape=3),
    ]
    last += [dict(type='GaussianBlur', radius=1), dict(type='Invert')]
    pipeline = [SEED, dict(type='RandomFlip', prob=0.5), *last, PACK]
    dataset = noise((8, 9, 3), pipeline=pipeline)
    indices = [images_in_memory.SeededIndex(number, seed=0, epoch=5) for number in range(30)]
    expected = [dataset[index] for index in indices]
    batch = dict(
        inputs=torch.stack([sample['inputs'] for sample in expected]),
        data_samples=[sample['data_samples'] for sample in expected],
    )
    memory = ImagesInMemory(dataset, torch.device('meta'), 'train_dataloader.dataset')  # stays on the CPU
    assert len(memory.alone) == (4 if interpolation == 'bilinear' else 2)  # a blur is not batched, nor what follows
    assert same(batch, next(memory.batches([indices])))


@pytest.mark.parametrize('name', ['cifar10_semi', 'fashion_mnist_semi'])
def test_shipped_strong_views_are_batched(shipped, name):
    memory = in_memory(shipped(name).dataset)
    assert not memory.alone
    assert [type(step).__name__ for step in memory.views['strong'][-2:]] == ['BatchedAugment'] * 2


@pytest.mark.parametrize('name', ['cifar10', 'cifar10_semi'])
def test_generators_are_left_alone(shipped, name):
    loader = shipped(name)
    np.random.seed(0), random.seed(0), torch.manual_seed(0)
    expected = np.random.rand(), random.random(), torch.rand(3).tolist()
    np.random.seed(0), random.seed(0), torch.manual_seed(0)
    assert list(in_memory(loader.dataset).batches([list(islice(loader.sampler, 20))]))
    assert (np.random.rand(), random.random(), torch.rand(3).tolist()) == expected


def test_batches_share_nothing(shipped):
    loader = shipped('digits', 'val')
    memory = in_memory(loader.dataset)
    first, second = memory.batches([[0, 1], [0, 1]])
    first['inputs'].zero_()
    first['data_samples'][0].gt_label[0] = 5
    first['data_samples'][0].set_field(1, 'pred_score')
    assert second['inputs'].any() and second['data_samples'][0].gt_label == 0
    assert not hasattr(second['data_samples'][0], 'pred_score')
    (again,) = memory.batches([[0, 1]])
    assert torch.equal(again['inputs'], second['inputs'])


def test_views_share_nothing(noise):
    views = dict(type='Views', one=[], other=[], third=[dict(type='Invert')])
    memory = in_memory(noise(pipeline=[SEED, views, dict(type='PackViews')]))
    index = images_in_memory.SeededIndex(0, seed=0, epoch=0)
    inputs = next(memory.batches([[index]]))['inputs']
    stored = memory.images[:1].clone()
    for view in ('other', 'third'):
        inputs[view].zero_()
    assert torch.equal(inputs['one'], stored) and torch.equal(memory.images[:1], stored)


@pytest.mark.parametrize(
    ('data', 'steps', 'message'),
    [
        (dict(number=0, serialize_data=False), [], ': has no samples'),
        (
            dict(shape=[(8, 8), (8, 9)]),
            [],
            r'\.pipeline: must make all images uint8 and of one size .* image 1 is uint8',
        ),
        (dict(), [dict(type='Normalize', mean=[0], std=[1])], r'\.pipeline\[1\]: Normalize cannot work'),
        (
            dict(shape=(8, 8, 3)),
            [dict(type='LoadImage', to_float32=True)],
            r'\.pipeline: .* image 0 is float32 \(3, 8, 8\)',
        ),
    ],
)
def test_mistakes(noise, data, steps, message):
    with pytest.raises(ConfigError, match=rf'^train_dataloader\.dataset{message}'):
        in_memory(noise(**data, pipeline=[SEED, *steps, PACK]))


def test_labels_must_be_alike(noise, monkeypatch):
    dataset = noise(number=3, serialize_data=False, pipeline=[PACK])
    dataset.data_list[1]['gt_label'] = [0, 1]
    with pytest.raises(ConfigError, match='must give all images labels of one shape'):
        in_memory(dataset)
    del dataset.data_list[1]['gt_label']
    with pytest.raises(ConfigError, match='must give all images labels of one shape'):
        in_memory(dataset)


def test_an_image_that_cannot_be_read(noise, tmp_path):
    dataset = noise(number=2, serialize_data=False, pipeline=[dict(type='LoadImage', on_error='skip'), PACK])
    dataset.data_list[1] = dict(img_path=str(tmp_path / 'none.png'), gt_label=0)
    with pytest.raises(ConfigError, match=r'^train_dataloader\.dataset: image 1 cannot be read'):
        in_memory(dataset)


def test_a_data_set_of_another_kind(noise):
    class Twice(noise):
        def __getitem__(self, index):
            return super().__getitem__(index)

    for dataset in (Twice(pipeline=[PACK]), [1, 2]):
        with pytest.raises(
            ConfigError, match=rf'^train_dataloader\.dataset: {type(dataset).__name__} cannot be in memory'
        ):
            in_memory(dataset)


def test_more_than_there_is_room_for(noise, monkeypatch):
    monkeypatch.setattr(images_in_memory, 'free_memory', lambda device: 2**20)
    in_memory(noise((512, 512), number=4, pipeline=[PACK]))
    message = 'train_dataloader.dataset: needs 2 MiB in the memory of cpu, of which 1 are free; set in_memory=False'
    with pytest.raises(ConfigError, match=f'^{re.escape(message)}$'):
        in_memory(noise((512, 512), number=8, pipeline=[PACK]))


def test_plain_indices_name_the_sampler(noise):
    memory = in_memory(noise(pipeline=[SEED, dict(type='RandomFlip', prob=0.5), PACK]))
    with pytest.raises(ConfigError, match=r"^train_dataloader\.sampler: .*dict\(type='SeededSampler'\)"):
        next(memory.batches([[0, 1]]))
