import numpy as np
import torch
from mmpretrain.registry import MODELS

from ktg_mm.datasets.seen_pixels import scale_to_one, undo_normalization


def test_what_is_normalised_is_what_comes_back():
    normalising = MODELS.build(dict(type='ClsDataPreprocessor', mean=[7.0], std=[3.0]))
    image = torch.randint(0, 256, (1, 5, 4), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    seen = undo_normalization(normalising, image)
    np.testing.assert_allclose(seen, np.repeat(image.permute(1, 2, 0).numpy(), 3, axis=2), atol=1e-4)
    plain = MODELS.build(dict(type='ClsDataPreprocessor'))
    np.testing.assert_array_equal(undo_normalization(plain, image), seen.round())


def test_brightest_is_one():
    dark, bright = np.array([0.0, 1.0]), np.array([128.0, 300.0])
    assert [image.tolist() for image in scale_to_one([dark, bright])] == [[0, 1 / 255], [128 / 255, 1]]
    assert scale_to_one([dark])[0].tolist() == [0, 1]
    assert scale_to_one([]) == []
