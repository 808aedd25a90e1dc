import shutil

import numpy as np
import pytest
from mmpretrain.datasets import CIFAR10

from ktg_mm.datasets import CINIC10
from ktg_mm.errors import ConfigError, DataError


@pytest.fixture
def root(tmp_path, miniatures):
    return miniatures.write_cinic10(tmp_path / 'cinic')


@pytest.mark.parametrize(('split', 'folder'), [('train', 'train'), ('val', 'valid'), ('test', 'test')])
def test_official_layout(root, split, folder):
    data = CINIC10(str(root), split=split)
    assert len(data) == 20
    assert np.array_equal(np.bincount(data.get_gt_labels()), np.full(10, 2))
    assert data.metainfo['classes'] == CIFAR10.METAINFO['classes']
    info = data.get_data_info(18)
    assert info['img_path'] == str(root / folder / 'truck' / f'n0_{folder}.png') and info['gt_label'] == 9
    assert data.test_mode == (split != 'train')


def test_images_are_read(root):
    data = CINIC10(str(root), pipeline=[dict(type='LoadImage'), dict(type='PackInputs')])
    assert data[0]['inputs'].shape == (3, 32, 32)


def test_a_class_is_missing(root):
    for path in (root / 'valid' / 'ship').iterdir():
        path.unlink()
    how = f'; get it with: python tools/download_dataset.py cinic10 --data-root {root}$'
    with pytest.raises(DataError, match=rf'^CINIC-10: \S+valid/ship has no images{how}'):
        CINIC10(str(root), split='val')
    shutil.rmtree(root / 'valid' / 'ship')
    with pytest.raises(DataError, match='valid/ship has no images'):
        CINIC10(str(root), split='val')


def test_a_class_too_many(root):
    (root / 'test' / 'zebra').mkdir()
    with pytest.raises(DataError, match=r"cinic/test: has the folder 'zebra', which is no class of CINIC-10$"):
        CINIC10(str(root), split='test')


def test_unknown_split(root):
    with pytest.raises(ConfigError, match=r"^dataset.split: CINIC-10 has the splits train, val, test, got 'valid'$"):
        CINIC10(str(root), split='valid')
