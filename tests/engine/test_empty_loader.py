import pytest
from torch.utils.data import DataLoader, IterableDataset

from ktg_mm.engine.empty_loader import refuse_empty
from ktg_mm.errors import ConfigError


class Endless(IterableDataset):
    def __iter__(self):
        while True:
            yield 1


@pytest.mark.parametrize(('number', 'drop_last'), [(1, False), (4, True), (5, True)])
def test_a_batch_is_enough(number, drop_last):
    refuse_empty(DataLoader([0] * number, batch_size=4, drop_last=drop_last), 'train_dataloader')


def test_what_has_no_length_passes():
    refuse_empty(DataLoader(Endless(), batch_size=4), 'train_dataloader')


def test_no_batch():
    with pytest.raises(ConfigError, match=r'^val_dataloader\.drop_last: leaves no batch; .* here 3 of 4$'):
        refuse_empty(DataLoader([0] * 3, batch_size=4, drop_last=True), 'val_dataloader')


@pytest.mark.parametrize('drop_last', [False, True])
def test_no_samples(drop_last):
    with pytest.raises(ConfigError, match=r'^val_dataloader\.dataset: has no samples$'):
        refuse_empty(DataLoader([], batch_size=4, drop_last=drop_last), 'val_dataloader')


def test_no_batches_of_a_batch_sampler():
    with pytest.raises(ConfigError, match=r'^val_dataloader\.batch_sampler: yields no batch$'):
        refuse_empty(DataLoader([0], batch_sampler=[]), 'val_dataloader')
