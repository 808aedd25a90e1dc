import numpy as np
import pytest
from mmpretrain.registry import TRANSFORMS

from ktg_mm.datasets import PadRandomCrop


@pytest.mark.parametrize('shape', [(32, 32, 3), (32, 32)])
def test_crops_are_windows_of_the_reflected_image(shape):
    image = np.random.default_rng(0).integers(1, 256, shape).astype(np.uint8)
    padded = np.pad(image, [(4, 4), (4, 4)] + [(0, 0)] * (len(shape) - 2), mode='reflect')
    windows = {padded[y : y + 32, x : x + 32].tobytes(): (y, x) for y in range(9) for x in range(9)}
    np.random.seed(0)
    crop = PadRandomCrop(32, padding=4)
    found = {windows[crop({'img': image})['img'].tobytes()] for _ in range(800)}
    assert len(found) == 81  # each of the 9 x 9 places


def test_constant_border():
    np.random.seed(0)
    crop = PadRandomCrop(8, padding=4, padding_mode='constant', pad_val=9)
    images = [crop({'img': np.ones((8, 8), np.uint8)})['img'] for _ in range(20)]
    assert {int(value) for image in images for value in np.unique(image)} == {1, 9}


def test_mmpretrains_crop_still_ignores_the_mode():
    # The reason for the class. If this fails, mmpretrain has mended it, and the class can go.
    crop = TRANSFORMS.build(dict(type='RandomCrop', crop_size=32, padding=4, padding_mode='reflect'))
    np.random.seed(0)
    assert any((crop({'img': np.ones((32, 32, 3), np.uint8)})['img'] == 0).any() for _ in range(5))


def test_random_flip_mirrors_half_of_the_images():
    flip = TRANSFORMS.build(dict(type='RandomFlip', prob=0.5))
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    np.random.seed(0)
    results = [flip({'img': image.copy()})['img'] for _ in range(400)]
    mirrored = sum(np.array_equal(result, image[:, ::-1]) for result in results)
    assert mirrored + sum(np.array_equal(result, image) for result in results) == 400
    assert 160 < mirrored < 240


def test_repr():
    assert repr(PadRandomCrop(32, 4)) == "PadRandomCrop(crop_size=(32, 32), padding=4, padding_mode='reflect')"
