import cv2
import mmcv
import numpy as np
import pytest
import torch

from ktg_mm.datasets.in_memory import pixel_operations

FACTORS = [*np.linspace(0, 3, 61), *np.random.default_rng(0).uniform(-0.5, 3, 100)]


def every_pair():
    """An image that has each value beside each other one."""
    one, other = np.meshgrid(np.arange(256, dtype=np.uint8), np.arange(256, dtype=np.uint8))
    return np.stack([one, other, one[::-1]], axis=-1)


def batch(image, number):
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))).expand(number, -1, -1, -1)


def unlike(images, expected):
    return sum(int((one.permute(1, 2, 0).numpy() != other).sum()) for one, other in zip(images, expected, strict=True))


@pytest.mark.parametrize(
    ('ours', 'theirs'),
    [
        (pixel_operations.contrast, mmcv.adjust_contrast),
        (pixel_operations.color, mmcv.adjust_color),
        (pixel_operations.sharpness, mmcv.adjust_sharpness),
    ],
)
def test_every_value_and_many_factors(ours, theirs):
    image = every_pair()
    for factors in np.array_split(np.array(FACTORS), 16):
        changed = ours(batch(image, len(factors)), torch.from_numpy(factors))
        assert unlike(changed, [theirs(image, float(factor)) for factor in factors]) == 0


@pytest.mark.parametrize(
    ('ours', 'theirs'),
    [(pixel_operations.auto_contrast, mmcv.auto_contrast), (pixel_operations.equalize, mmcv.imequalize)],
)
def test_every_range_of_values(ours, theirs):
    rng = np.random.default_rng(0)
    bounds = [(low, high) for low in range(0, 256, 5) for high in range(low, 256, 7)]
    images = np.stack([rng.integers(low, high + 1, (9, 40, 3), dtype=np.uint8) for low, high in bounds])
    changed = ours(torch.from_numpy(images).permute(0, 3, 1, 2).contiguous())
    assert unlike(changed, [theirs(image) for image in images]) == 0


def test_grey_is_that_of_opencv():
    images = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (9, 3, 300, 300), dtype=np.uint8))
    grey = pixel_operations._grey(images)
    expected = [cv2.cvtColor(image.permute(1, 2, 0).numpy(), cv2.COLOR_BGR2GRAY) for image in images]
    assert np.array_equal(grey.numpy(), np.stack(expected))
