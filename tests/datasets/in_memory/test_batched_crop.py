import numpy as np
import pytest
import torch
from mmpretrain.datasets import RandomCrop

from ktg_mm.datasets import PadRandomCrop, SeededIndex, SeedRandom
from ktg_mm.datasets.in_memory.batched_crop import BatchedCrop
from ktg_mm.datasets.in_memory.places import Places
from ktg_mm.datasets.in_memory.seeded_draws import SeededDraws

INDICES = [SeededIndex(index, seed=0, epoch=2) for index in range(40)]


@pytest.mark.parametrize(
    'step',
    [
        *(PadRandomCrop(8, 3, padding_mode=mode) for mode in ('reflect', 'symmetric', 'edge', 'constant')),
        PadRandomCrop((6, 11), 3),
        PadRandomCrop(8, 2, padding_mode='constant', pad_val=200),
        PadRandomCrop(8, 2, padding_mode='constant', pad_val=(1, 2, 3)),
        RandomCrop(5),
        RandomCrop((8, 6)),  # of the same height, for which nothing is drawn
        RandomCrop((8, 10)),
        RandomCrop(20),
        RandomCrop(8, padding=4, pad_val=9, padding_mode='reflect'),
        RandomCrop(8, padding=(1, 2)),
        RandomCrop(8, padding=(1, 2, 3, 4)),
        RandomCrop(15, padding=1, pad_if_needed=True, padding_mode='edge'),
        RandomCrop(13, pad_if_needed=True),
    ],
    ids=repr,
)
def test_crops_are_those_of_the_step(step):
    images = np.random.default_rng(0).integers(0, 256, (len(INDICES), 8, 10, 3), dtype=np.uint8)
    stored = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()
    crop = BatchedCrop(step, (3, 8, 10))
    own = Places(torch.arange(8).expand(40, -1), torch.arange(10).expand(40, -1))
    crops = crop.move(own, crop.draw(SeededDraws(INDICES))).look_up(stored, crop.fill)
    assert crops.shape[1:] == crop.shape
    for image, index, found in zip(images, INDICES, crops, strict=True):
        SeedRandom()({'sample_idx': index})
        assert step({'img': image})['img'].tolist() == found.permute(1, 2, 0).tolist()
