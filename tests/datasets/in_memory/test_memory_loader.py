import pytest
import torch
from torch.utils.data import DataLoader

from ktg_mm.datasets.in_memory import ImagesInMemory, MemoryLoader

CPU = torch.device('cpu')


def in_memory(loader):
    return MemoryLoader(loader, ImagesInMemory(loader.dataset, CPU, 'train_dataloader.dataset'))


def passes(loader, epochs):
    for epoch in epochs:
        loader.sampler.set_epoch(epoch)
        yield from loader


@pytest.mark.parametrize('name', ['cifar10', 'fashion_mnist'])
def test_two_workers_make_the_same(shipped, same, name):
    workers = shipped(name, number=40, num_workers=2, persistent_workers=True)
    memory = in_memory(shipped(name, number=40))
    assert isinstance(memory, DataLoader) and len(memory) == len(workers) and memory.batch_size == 7
    for one, other in zip(passes(workers, range(2)), passes(memory, range(2)), strict=True):
        assert same(one, other)


def test_a_later_epoch_does_not_depend_on_those_before(shipped, same):
    whole, resumed = (in_memory(shipped('cifar10')) for _ in range(2))
    list(passes(whole, range(2)))
    for one, other in zip(passes(whole, [2]), passes(resumed, [2]), strict=True):
        assert same(one, other)


def test_an_endless_sampler_can_begin_anywhere(shipped, same):
    loader = in_memory(shipped('fashion_mnist_semi_weak'))
    assert loader.sampler.infinite
    batches = iter(loader)
    for _ in range(50):
        next(batches)
    loader.sampler.start_at(50)
    resumed = iter(loader)
    for _ in range(20):
        assert same(next(batches), next(resumed))


@pytest.mark.parametrize('rank', [0, 1])
def test_each_of_two_processes_has_its_share(shipped, same, rank, monkeypatch):
    monkeypatch.setattr('mmengine.dataset.sampler.get_dist_info', lambda: (rank, 2))
    loader = shipped('cifar10')
    assert len(loader.sampler) == 50
    for one, other in zip(loader, in_memory(loader), strict=True):
        assert same(one, other)


def test_torch_draws_as_with_its_own_loader(shipped):
    loader = shipped('digits', 'val')
    drawn = []
    for kind in (loader, in_memory(loader)):
        torch.manual_seed(0)
        list(kind)
        drawn.append(torch.rand(()).item())
    assert drawn[0] == drawn[1]
