import random

import cv2
import numpy as np
import pytest
import torch
from mmpretrain.datasets import CustomDataset

from ktg_mm.datasets import SeededIndex, SeedRandom
from ktg_mm.errors import ConfigError


def draws(index):
    SeedRandom()({'sample_idx': index})
    return random.random(), np.random.rand(), torch.rand(()).item()


def test_the_triple_decides_for_all_three_generators():
    base = draws(SeededIndex(3, seed=1, epoch=2))
    random.seed(9), np.random.seed(9), torch.manual_seed(9)
    assert draws(SeededIndex(3, seed=1, epoch=2)) == base
    others = [SeededIndex(2, seed=1, epoch=3), SeededIndex(3, seed=2, epoch=1), SeededIndex(4, seed=1, epoch=2)]
    for other in map(draws, others):
        assert all(one != two for one, two in zip(base, other, strict=True))


def test_streams_of_neighbours_are_unrelated():
    values = np.array([draws(SeededIndex(i, seed=0, epoch=e)) for e in range(4) for i in range(250)])
    assert np.abs(values.mean(axis=0) - 0.5).max() < 0.05
    assert np.abs(np.corrcoef(values[:-1].T, values[1:].T)[:3, 3:]).max() < 0.12


def test_results_pass_unchanged():
    results = {'sample_idx': SeededIndex(0, seed=0, epoch=0), 'img': 'image'}
    assert SeedRandom()(dict(results)) == results


def test_plain_index_names_the_sampler():
    with pytest.raises(ConfigError, match=r"^train_dataloader.sampler: .*dict\(type='SeededSampler'\)"):
        SeedRandom()({'sample_idx': 3})


def test_replacement_of_a_skipped_sample_is_reproducible(tmp_path):
    (tmp_path / 'class').mkdir()
    for i in range(10):
        cv2.imwrite(str(tmp_path / 'class' / f'{i}.png'), np.full((4, 4, 3), i, np.uint8))
    (tmp_path / 'class' / '0.png').write_bytes(b'')
    pipeline = [dict(type='SeedRandom'), dict(type='LoadImage', on_error='skip'), dict(type='PackInputs')]
    train = CustomDataset(data_prefix=str(tmp_path), pipeline=pipeline)

    def drawn(epoch):
        np.random.seed()
        return int(train[SeededIndex(0, seed=0, epoch=epoch)]['inputs'][0, 0, 0])

    first = [drawn(epoch) for epoch in range(20)]
    assert first == [drawn(epoch) for epoch in range(20)]
    assert len(set(first)) > 3
