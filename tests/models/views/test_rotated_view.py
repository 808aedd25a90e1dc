import numpy as np
import pytest
import torch

from ktg_mm.errors import ConfigError
from ktg_mm.models.views import RotatedView, ViewContext
from ktg_mm.structures import SampleRows


def context(number):
    return ViewContext('turned', 3, torch.tensor(0.5, dtype=torch.float64), SampleRows.of(torch.zeros(number)))


def test_each_image_is_turned_as_often_as_drawn():
    images = torch.rand(20, 3, 5, 5)
    known = context(20)
    made, turns = RotatedView('net1')(None, images, known), known.turns(4)
    assert set(turns.tolist()) == {0, 1, 2, 3}
    for image, turned, turn in zip(images.numpy(), made.numpy(), turns.tolist(), strict=True):
        assert np.array_equal(turned, np.rot90(image, turn, (1, 2)))


def test_images_that_are_not_square():
    with pytest.raises(ConfigError, match=r'^model\.views\.turned: turns square images, and these are 4 x 5'):
        RotatedView('net1')(None, torch.rand(2, 1, 4, 5), context(2))


def test_tokens_are_no_images():
    with pytest.raises(ConfigError, match=r'^model\.views\.turned: turns square images'):
        RotatedView('net1')(None, torch.zeros(2, 7, dtype=torch.int64), context(2))
