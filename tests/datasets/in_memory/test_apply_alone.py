import numpy as np
import pytest
import torch
from mmpretrain.datasets import Cutout

from ktg_mm.datasets import SeededIndex, SeedRandom
from ktg_mm.datasets.in_memory.apply_alone import apply_alone
from ktg_mm.datasets.in_memory.seeded_draws import seeds_of

INDICES = [SeededIndex(index, seed=0, epoch=2) for index in range(20)]


@pytest.mark.parametrize('channels', [1, 3])
@pytest.mark.parametrize('used', [0, 1, 6])
def test_the_streams_go_on(channels, used):
    images = torch.randint(0, 256, (20, channels, 6, 5), dtype=torch.uint8)
    step = Cutout(shape=2, prob=0.5)
    changed = apply_alone(images, [step], seeds_of(INDICES).tolist(), [used] * 20)
    for image, index, found in zip(images, INDICES, changed, strict=True):
        SeedRandom()({'sample_idx': index})
        for _ in range(used):
            np.random.randint(2**32, dtype=np.uint32)
        assert step({'img': image.permute(1, 2, 0).numpy()})['img'].tolist() == found.permute(1, 2, 0).tolist()
    assert not torch.equal(changed, images)
