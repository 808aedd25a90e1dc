"""The next batch's images are on the GPU before they are asked for, and are the loader's."""

import pytest
import torch

from ktg_mm.datasets.prefetch_loader import PrefetchLoader

WORKERS = dict(num_workers=2, persistent_workers=True)


@pytest.mark.parametrize('name', ['cifar10', 'cifar100_diverse'])
def test_batches_are_those_of_the_loader(shipped, device, name):
    plain, ahead = shipped(name, **WORKERS), PrefetchLoader(shipped(name, **WORKERS), torch.device(device))
    for epoch in range(2):
        for loader in (plain, ahead):
            loader.sampler.set_epoch(epoch)
        for batch, expected in zip(ahead, plain, strict=True):
            if not isinstance(expected['inputs'], dict):
                batch, expected = ({**one, 'inputs': {'': one['inputs']}} for one in (batch, expected))
            for view, images in batch['inputs'].items():
                assert images.device.type == device
                assert torch.equal(images.cpu(), expected['inputs'][view])
            labels = [[sample.gt_label.tolist() for sample in one['data_samples']] for one in (batch, expected)]
            assert labels[0] == labels[1]


def test_a_run_is_the_same(tiny_runner, device):
    weights = []
    for ahead in (False, True):
        options = {f'train_dataloader.{key}': value for key, value in dict(WORKERS, prefetch_to_device=ahead).items()}
        runner = tiny_runner(options | {'randomness.deterministic': True}, work_dir=f'run{ahead}')
        runner.train()
        weights.append({name: value.cpu().tolist() for name, value in runner.model.state_dict().items()})
    assert weights[0] == weights[1]
