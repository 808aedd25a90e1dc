import numpy as np
import pytest

from ktg_mm.datasets import Caltech101Images
from ktg_mm.errors import ConfigError, DataError


@pytest.fixture(scope='module')
def shared(tmp_path_factory, miniatures):
    return miniatures.write_caltech101(tmp_path_factory.mktemp('data') / 'caltech')


@pytest.fixture
def root(tmp_path, miniatures):
    return miniatures.write_caltech101(tmp_path / 'caltech', per_class=31)


def paths(data):
    return [data.get_data_info(i)['img_path'] for i in range(len(data))]


def test_official_layout(shared):
    train, test = Caltech101Images(str(shared)), Caltech101Images(str(shared), split='test')
    assert (len(train), len(test)) == (3030, 202)
    assert np.array_equal(np.bincount(train.get_gt_labels()), np.full(101, 30))
    assert np.array_equal(np.bincount(test.get_gt_labels()), np.full(101, 2))
    assert len(train.metainfo['classes']) == 101 and 'BACKGROUND_Google' not in train.metainfo['classes']
    for data in (train, test):
        names = [data.metainfo['classes'][label] for label in data.get_gt_labels()]
        assert [path.split('/')[-2] for path in paths(data)] == names
    assert not set(paths(train)) & set(paths(test))
    assert (train.test_mode, test.test_mode) == (False, True)


def test_the_division_is_always_the_same(shared):
    test = Caltech101Images(str(shared), split='test')
    assert [path.split('/')[-1] for path in paths(test)[:4]] == [
        'image_0010.jpg',
        'image_0032.jpg',
        'image_0022.jpg',
        'image_0023.jpg',
    ]


def test_the_folder_itself_will_do(shared):
    assert len(Caltech101Images(str(shared / 'caltech-101'))) == 3030


def test_a_partial_class(root):
    (root / 'caltech-101/101_ObjectCategories/ant/image_0001.jpg').unlink()
    how = f'; get it with: python tools/download_dataset.py caltech101 --data-root {root}$'
    with pytest.raises(DataError, match=rf'^Caltech-101: \S+/ant has 30 images, must have more than 30{how}'):
        Caltech101Images(str(root))


def test_a_class_too_many(root):
    (root / 'caltech-101/101_ObjectCategories/zebra').mkdir()
    with pytest.raises(DataError, match=r"101_ObjectCategories: has the folder 'zebra', which is no class of"):
        Caltech101Images(str(root))


def test_unknown_split(shared):
    with pytest.raises(ConfigError, match=r"^dataset.split: .*got 'val'$"):
        Caltech101Images(str(shared), split='val')
