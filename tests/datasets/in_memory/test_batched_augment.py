from pathlib import Path

import mmcv
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpretrain.registry import TRANSFORMS

from ktg_mm.datasets import SeededIndex
from ktg_mm.datasets.in_memory.apply_alone import apply_alone
from ktg_mm.datasets.in_memory.batched_augment import BatchedAugment, can_be_batched
from ktg_mm.datasets.in_memory.seeded_draws import SeededDraws, seeds_of
from ktg_mm.shipped import found

INF = dict(magnitude_level=10, magnitude_std='inf')


@pytest.fixture(autouse=True)
def _scope(mmpretrain_scope):
    pass


def images(shape, number):
    """Noise, then flat images, two values, dark and light ones, gradients."""
    made = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (number, *shape), dtype=np.uint8))
    for value, image in zip((0, 1, 127, 255), made, strict=False):
        image.fill_(value)
    made[4] //= 255
    made[5] //= 16
    made[6] = 255 - made[6] // 16
    made[7] = torch.arange(made[7].numel()).view(shape) % 256
    made[8, ..., 1:] = 3
    return made


def assert_same(step, shape, number=300, epoch=2):
    step = TRANSFORMS.build(step)
    assert can_be_batched(step, shape)
    indices = [SeededIndex(index, seed=0, epoch=epoch) for index in range(number)]
    batched, draws, given = BatchedAugment(step, shape), SeededDraws(indices), images(shape, number)
    changed = batched.change(given, batched.draw(draws))
    assert torch.equal(given, images(shape, number))  # left alone
    expected = apply_alone(given, [step], seeds_of(indices).tolist(), [0] * number)
    unlike = (changed != expected).flatten(1).any(dim=1)
    assert not unlike.any(), unlike.nonzero().flatten().tolist()
    assert not torch.equal(changed, given)
    return draws


ANY = [
    dict(type='Brightness', magnitude_range=(-1, 1.5), **INF),
    dict(type='Brightness', magnitude=0.5),
    dict(type='Sharpness', magnitude_range=(-0.95, 2), **INF),
    dict(type='Sharpness', magnitude=1),
    dict(type='Posterize', magnitude_range=(8, 0), **INF),
    dict(type='Posterize', bits=3),
    dict(type='Solarize', magnitude_range=(0, 256), **INF),
    dict(type='Solarize', thr=100),
    dict(type='SolarizeAdd', magnitude_range=(0, 110), **INF),
    dict(type='SolarizeAdd', magnitude=110, thr=200),
    dict(type='Invert'),
    dict(type='Rotate', magnitude_range=(-180, 180), **INF),
    dict(type='Rotate', angle=30, center=(1.0, 2.0), scale=0.7, pad_val=9),
    dict(type='Shear', magnitude_range=(-0.3, 0.3), interpolation='nearest', **INF),
    dict(type='Shear', magnitude=1, interpolation='nearest', direction='vertical', pad_val=3),
    dict(type='Translate', magnitude_range=(-0.5, 0.5), **INF),
    dict(type='Translate', magnitude_range=(0, 1), magnitude_level=3, direction='vertical', pad_val=0),
    dict(type='Translate', magnitude=0.25, random_negative_prob=1.0),
    dict(type='Cutout', magnitude_range=(0, 12), **INF),
    dict(type='Cutout', shape=(3, 6), pad_val=7),
    dict(type='Cutout', shape=30, prob=1.0),
]
COLOUR = [
    dict(type='AutoContrast'),
    dict(type='Equalize'),
    dict(type='Contrast', magnitude_range=(-0.95, 1.5), **INF),
    dict(type='Contrast', magnitude=0.3, prob=1.0),
    dict(type='ColorTransform', magnitude_range=(-0.95, 1.5), **INF),
    dict(type='ColorTransform', magnitude=1),
    dict(type='Rotate', angle=45.0, pad_val=(1, 2, 3)),
    dict(type='Shear', magnitude=0.7, interpolation='nearest', pad_val=(1, 2, 3)),
    dict(type='Cutout', shape=3, pad_val=(1, 2, 3)),
]


@pytest.mark.parametrize('step', [*ANY, *COLOUR], ids=str)
@pytest.mark.parametrize('size', [(16, 19), (21, 32)], ids=str)
def test_colour_images_are_those_of_the_step(step, size):
    assert_same(step, (3, *size))


@pytest.mark.parametrize('step', ANY, ids=str)
@pytest.mark.parametrize('size', [(8, 11), (14, 14)], ids=str)
def test_grey_images_are_those_of_the_step(step, size):
    assert_same(step, (1, *size))


@pytest.mark.parametrize('size', [(1, 9), (9, 1), (2, 2)], ids=str)
@pytest.mark.parametrize('kind', ['Sharpness', 'Contrast', 'ColorTransform'])
def test_images_of_few_pixels(kind, size):
    assert_same(dict(type=kind, magnitude=0.9, prob=1.0), (3, *size))


@pytest.mark.parametrize('epoch', range(3))
@pytest.mark.parametrize(('name', 'shape'), [('randaugment', (3, 32, 32)), ('randaugment_grey', (1, 14, 14))])
def test_shipped_randaugment(name, shape, epoch):
    step = Config.fromfile(found(Path('configs/_base_/augmentations/randaugment.py')))[name]
    draws = assert_same(step, shape, number=500, epoch=epoch)
    assert len(set(draws.used)) > 5  # each image draws as much as it needs


@pytest.mark.parametrize('num_policies', [1, 4])
def test_several_operations_in_a_row(num_policies):
    always = [dict(step, prob=0.9) for step in [*ANY, *COLOUR]]
    policies = [{key: value for key, value in step.items() if key not in INF} for step in always]
    step = dict(type='RandAugment', policies=policies, num_policies=num_policies, magnitude_level=7)
    assert_same(dict(step, magnitude_std='inf'), (3, 9, 12))
    assert_same(dict(step, magnitude_std=0), (3, 9, 12))


@pytest.mark.parametrize(
    ('step', 'shape'),
    [
        (dict(type='Shear', magnitude=0.1), (3, 8, 8)),  # bicubic
        (dict(type='Rotate', angle=10.0, interpolation='bilinear'), (3, 8, 8)),
        (dict(type='Rotate', angle=10.0), (3, 257, 256)),  # more pixels than two bytes can count
        (dict(type='Rotate', angle=10.0), (2, 8, 8)),
        (dict(type='GaussianBlur', radius=1), (3, 8, 8)),
        (dict(type='Brightness', magnitude_range=(0, 1), magnitude_std=0.5), (3, 8, 8)),
        (dict(type='AutoContrast'), (1, 8, 8)),  # fails
        (dict(type='Cutout', shape=2, pad_val=(1, 2)), (3, 8, 8)),  # likewise
        (dict(type='Cutout', shape=2, pad_val=300), (3, 8, 8)),
    ],
    ids=str,
)
def test_what_runs_on_each_image_alone(step, shape):
    assert not can_be_batched(TRANSFORMS.build(step), shape)
    randaugment = dict(type='RandAugment', policies=[dict(type='Invert'), step], num_policies=1, magnitude_level=1)
    randaugment['magnitude_std'] = step.get('magnitude_std', 0)
    assert not can_be_batched(TRANSFORMS.build(randaugment), shape)


def test_steps_that_another_backend_computes_run_alone(monkeypatch):
    contrast = TRANSFORMS.build(dict(type='Contrast', magnitude_range=(-0.9, 0.9), **INF))
    assert can_be_batched(contrast, (3, 8, 8))
    monkeypatch.setattr(mmcv.image.photometric, 'imread_backend', 'pillow')
    assert not can_be_batched(contrast, (3, 8, 8))


def test_numpys_generator_is_left_alone():
    np.random.seed(1)
    expected = np.random.rand()
    np.random.seed(1)
    assert_same(dict(type='Cutout', shape=3), (3, 8, 8))
    assert np.random.rand() == expected
