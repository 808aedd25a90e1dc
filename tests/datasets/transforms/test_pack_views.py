import numpy as np
import pytest
import torch
from mmengine.dataset import default_collate
from mmpretrain.datasets import PackInputs

from ktg_mm.datasets import PackViews, SeededIndex


def sample(number, shape=(5, 6, 3)):
    image = np.random.RandomState(number).randint(0, 256, shape).astype(np.uint8)
    views = dict(weak=image, strong=image[:, ::-1])  # the second is not contiguous
    return dict(
        img=views, gt_label=number - 1, image_id=number * 10, sample_idx=SeededIndex(number, seed=0, epoch=4), other=1
    )


@pytest.mark.parametrize('shape', [(5, 6, 3), (5, 6)])
def test_each_view_is_packed_as_an_image_is(shape):
    given = sample(3, shape)
    packed = PackViews()(dict(given))
    assert list(packed['inputs']) == ['weak', 'strong']
    for name, image in given['img'].items():
        expected = PackInputs()(dict(img=image))['inputs']
        assert packed['inputs'][name].dtype == torch.uint8
        assert torch.equal(packed['inputs'][name], expected)
        assert packed['inputs'][name].shape == (3 if len(shape) == 3 else 1, 5, 6)


def test_data_sample():
    packed = PackViews()(sample(0))['data_samples']
    assert packed.gt_label.tolist() == [-1]
    assert (packed.image_id, packed.sample_idx.epoch) == (0, 4)
    assert 'other' not in packed
    assert 'image_id' not in PackViews(meta_keys=('sample_idx',))(sample(0))['data_samples']


def test_batches():
    batch = default_collate([PackViews()(sample(i)) for i in range(4)])
    assert batch['inputs'].keys() == {'weak', 'strong'}
    for name, images in batch['inputs'].items():
        assert images.shape == (4, 3, 5, 6)
        assert np.array_equal(images[2].permute(1, 2, 0).numpy(), sample(2)['img'][name])
    assert [data_sample.image_id for data_sample in batch['data_samples']] == [0, 10, 20, 30]
    assert [data_sample.gt_label.item() for data_sample in batch['data_samples']] == [-1, 0, 1, 2]


def test_one_image_is_packed_too():
    assert PackViews()(dict(img=np.zeros((5, 6, 3), np.uint8)))['inputs'].shape == (3, 5, 6)
