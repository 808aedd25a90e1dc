import numpy as np
import pytest
import torch
from mmcv.transforms import RandomFlip

from ktg_mm.datasets import SeededIndex, SeedRandom
from ktg_mm.datasets.in_memory.batched_flip import BatchedFlip
from ktg_mm.datasets.in_memory.places import Places
from ktg_mm.datasets.in_memory.seeded_draws import SeededDraws

INDICES = [SeededIndex(index, seed=0, epoch=2) for index in range(60)]


@pytest.mark.parametrize(
    'step',
    [
        *(RandomFlip(0.5, direction=direction) for direction in ('horizontal', 'vertical', 'diagonal')),
        RandomFlip(0.0),
        RandomFlip(1.0),
        RandomFlip(0.7, direction=['horizontal', 'vertical']),
        RandomFlip([0.3, 0.1, 0.4], direction=['diagonal', 'horizontal', 'vertical']),
    ],
    ids=repr,
)
def test_flips_are_those_of_the_step(step):
    images = np.random.default_rng(0).integers(0, 256, (len(INDICES), 3, 4), dtype=np.uint8)
    flip = BatchedFlip(step, (1, 3, 4))
    drawn = flip.draw(SeededDraws(INDICES))
    own = Places(torch.arange(3).expand(60, -1), torch.arange(4).expand(60, -1))
    flipped = flip.move(own, drawn).look_up(torch.from_numpy(images)[:, None])
    for image, index, found, number in zip(images, INDICES, flipped, drawn['direction'].tolist(), strict=True):
        SeedRandom()({'sample_idx': index})
        results = step({'img': image})
        assert results['img'].tolist() == found[0].tolist()
        assert results['flip_direction'] == flip.directions[number]
