import pytest
import torch
from mmengine.dataset import DefaultSampler
from torch.utils.data import DataLoader, Dataset

from ktg_mm.datasets.prefetch_loader import PrefetchLoader, _sent, one_ahead


class Numbers(Dataset):
    def __init__(self, size=10, bad=None):
        self.size, self.bad = size, bad

    def __len__(self):
        return self.size

    def __getitem__(self, index):
        if index == self.bad:
            raise ValueError(f'sample {index} is broken')
        return dict(inputs=torch.tensor([index]), data_samples=index)


def loader(dataset=None, shuffle=True, **options):
    dataset = dataset or Numbers()
    sampler = DefaultSampler(dataset, shuffle=shuffle, seed=0)
    return DataLoader(dataset, batch_size=2, sampler=sampler, num_workers=2, persistent_workers=True, **options)


def read(batches):
    return [batch['inputs'].flatten().tolist() for batch in batches]


@pytest.mark.parametrize('size', [0, 1, 2, 5])
def test_the_order_stays(size):
    assert list(one_ahead(range(size))) == list(range(size))


def test_one_is_made_ahead():
    made = []
    items = one_ahead(made.append(number) or number for number in range(3))
    assert made == []
    assert [(next(items), list(made)) for _ in range(3)] == [(0, [0, 1]), (1, [0, 1, 2]), (2, [0, 1, 2])]
    assert next(items, 'end') == 'end' and next(items, 'end') == 'end'


@pytest.mark.parametrize('bad', [0, 2, 4])
def test_an_error_of_a_worker_comes_at_its_batch(bad):
    batches = one_ahead(loader(Numbers(6, bad=bad), shuffle=False))
    assert [next(batches)['data_samples'].tolist() for _ in range(bad // 2)] == [[0, 1], [2, 3]][: bad // 2]
    with pytest.raises(ValueError, match=f'sample {bad} is broken'):
        next(batches)
    assert next(batches, None) is None


def test_on_a_cpu_it_is_the_loader():
    plain, prefetched = loader(), PrefetchLoader(loader(), torch.device('cpu'))
    assert isinstance(prefetched, DataLoader) and len(prefetched) == 5 and not prefetched.pin_memory
    assert prefetched.sampler.dataset is prefetched.dataset and prefetched.batch_size == 2
    for epoch in range(3):
        for one in (plain, prefetched):
            one.sampler.set_epoch(epoch)
        torch.manual_seed(0)
        expected, drawn = read(plain), torch.rand(())
        torch.manual_seed(0)
        assert read(prefetched) == expected and torch.rand(()) == drawn


def test_a_pass_that_is_left_does_not_disturb_the_next():
    plain, ahead = loader(), loader()
    batches = one_ahead(ahead)
    next(batches), next(batches)
    for one in (plain, ahead):
        one.sampler.set_epoch(1)
    assert read(one_ahead(ahead)) == read(plain)


def test_images_alone_are_sent_in_one_piece():
    images, sent = torch.ones(2, 3), []

    def change(tensor):
        sent.append(tensor)
        return tensor + 1

    assert torch.equal(_sent(dict(inputs=images, data_samples=[1]), change)['inputs'], images + 1)
    views = _sent(dict(inputs=dict(weak=images, strong=images), data_samples=[1]), change)
    assert views['data_samples'] == [1] and torch.equal(views['inputs']['strong'], images + 1)
    assert len(sent) == 3
    for other in ([images], dict(inputs=[images]), dict(data_samples=[1]), dict(inputs=dict(a=[images]))):
        assert _sent(other, change) is other
    assert len(sent) == 3
