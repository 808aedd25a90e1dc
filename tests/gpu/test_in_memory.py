"""Images on a GPU are changed there as on a CPU."""

from itertools import islice

import pytest
import torch

from ktg_mm.datasets import SeededIndex
from ktg_mm.datasets.in_memory import ImagesInMemory, MemoryLoader
from ktg_mm.datasets.in_memory.seeded_draws import SeededDraws
from ktg_mm.errors import ConfigError

STRONG = ('cifar10_semi', 'fashion_mnist_semi')  # with RandAugment and Cutout


@pytest.mark.parametrize('name', ['cifar10', 'fashion_mnist_3000', 'cifar100_diverse', *STRONG])
def test_batches_are_those_of_the_loader(shipped, device, name):
    loader = shipped(name)
    memory = MemoryLoader(loader, ImagesInMemory(loader.dataset, torch.device(device), 'train_dataloader.dataset'))
    for batch, expected in islice(zip(memory, loader, strict=True), 15):
        if not isinstance(expected['inputs'], dict):
            batch, expected = ({**one, 'inputs': {'': one['inputs']}} for one in (batch, expected))
        assert batch['inputs'].keys() == expected['inputs'].keys()
        for view, images in batch['inputs'].items():
            assert images.device.type == device and torch.equal(images.cpu(), expected['inputs'][view])
        for sample, its in zip(batch['data_samples'], expected['data_samples'], strict=True):
            assert sample.gt_label.device.type == device and torch.equal(sample.gt_label.cpu(), its.gt_label)
            assert dict(sample.metainfo_items()) == dict(its.metainfo_items())


@pytest.mark.parametrize('name', STRONG)
def test_strong_views_do_not_wait_for_the_gpu(shipped, device, name):
    memory = ImagesInMemory(shipped(name).dataset, torch.device(device), 'train_dataloader.dataset')
    draws = SeededDraws([SeededIndex(number, seed=0, epoch=0) for number in range(len(memory.images))])
    images = memory.images
    for step in memory.views['strong'][-2:]:
        drawn = step.draw(draws)
        if device == 'cuda':
            torch.cuda.set_sync_debug_mode('error')
        try:
            images = step.change(images, drawn)
        finally:
            if device == 'cuda':
                torch.cuda.set_sync_debug_mode('default')
    assert images.device == memory.images.device and not torch.equal(images, memory.images)


def test_more_than_there_is_room_for(shipped, device, monkeypatch, tmp_path):
    (tmp_path / 'meminfo').write_text('MemAvailable: 9 kB\n')
    monkeypatch.setattr('ktg_mm.datasets.in_memory.free_memory._MEMORY', tmp_path / 'meminfo')
    monkeypatch.setattr(torch.cuda, 'mem_get_info', lambda device: (0, 0))
    monkeypatch.setattr(torch.cuda, 'memory_reserved', torch.cuda.memory_allocated)
    with pytest.raises(ConfigError, match=rf'^train_dataloader.dataset: needs .* in the memory of {device}, of which '):
        ImagesInMemory(shipped('cifar10', number=2000).dataset, torch.device(device), 'train_dataloader.dataset')


def test_a_run_as_on_the_cpu(tiny_runner, device):
    crop = dict(type='PadRandomCrop', crop_size=8, padding=2)
    pipeline = [dict(type='SeedRandom'), crop, dict(type='RandomFlip', prob=0.5), dict(type='PackInputs')]
    changes = {'train_dataloader.dataset.pipeline': pipeline, 'randomness.deterministic': True}
    weights = []
    for in_memory in (False, True):
        loaders = {f'{kind}_dataloader.in_memory': in_memory for kind in ('train', 'val', 'test')}
        runner = tiny_runner(changes | loaders, work_dir=f'run{in_memory}')
        runner.train()
        runner.test()
        weights.append({name: value.cpu().tolist() for name, value in runner.model.state_dict().items()})
    assert weights[0] == weights[1]
