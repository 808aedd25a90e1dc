import shutil

import numpy as np
import pytest

from ktg_mm.datasets import CUB2011, split_dataset
from ktg_mm.errors import ConfigError, DataError


@pytest.fixture
def root(tmp_path, miniatures):
    return miniatures.write_cub(tmp_path / 'cub', num_classes=4)


def test_official_layout(tmp_path, miniatures):
    root = miniatures.write_cub(tmp_path)
    train, test = CUB2011(str(root)), CUB2011(str(root), split='test')
    assert (len(train), len(test)) == (400, 200)
    assert len(train.metainfo['classes']) == 200
    assert np.array_equal(np.bincount(train.get_gt_labels()), np.full(200, 2))
    info = test.get_data_info(3)
    assert info['gt_label'] == 3
    assert info['img_path'] == str(root / 'CUB_200_2011/images/004.Species_3/Species_3_0002.jpg')
    assert (train.test_mode, test.test_mode) == (False, True)
    assert not {s['img_path'] for s in train.load_data_list()} & {s['img_path'] for s in test.load_data_list()}


def test_the_folder_itself_will_do(root):
    assert len(CUB2011(str(root / 'CUB_200_2011'))) == 8


def test_images_are_read(root):
    birds = CUB2011(str(root), pipeline=[dict(type='LoadImage'), dict(type='PackInputs')])
    assert birds[0]['inputs'].shape == (3, 40, 48)


def test_half_of_the_training_images_validate(root):
    train, val = (split_dataset('CUB2011', part, 0.5, data_root=str(root)) for part in ('train', 'val'))
    assert (len(train), len(val)) == (4, 4)
    assert np.array_equal(np.bincount(val.get_gt_labels()), np.ones(4))
    paths = [{data[i]['img_path'] for i in range(len(data))} for data in (train, val)]
    assert not paths[0] & paths[1]
    assert not {path for part in paths for path in part if path.endswith('_0002.jpg')}  # the test images


@pytest.mark.parametrize(
    ('missing', 'message'),
    [
        ('.', 'cub/images.txt'),
        ('CUB_200_2011/images.txt', 'CUB_200_2011/images.txt'),
        ('CUB_200_2011/image_class_labels.txt', 'CUB_200_2011/image_class_labels.txt'),
        ('CUB_200_2011/train_test_split.txt', 'CUB_200_2011/train_test_split.txt'),
    ],
)
def test_what_is_missing_is_named(root, missing, message):
    path = root / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    how = rf'; get it with: python tools/download_dataset.py cub --data-root {root}$'
    with pytest.raises(DataError, match=rf'^CUB-200-2011: \S+{message} is missing' + how) as caught:
        CUB2011(str(root))
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize('content', ['1\n', 'one two\n', '1 images/a.jpg\n', ''])
def test_damaged_list_is_named(root, content):
    (root / 'CUB_200_2011/images.txt').write_text(content)
    with pytest.raises(DataError, match=r'CUB_200_2011: not the official lists of CUB-200-2011 \(.+\)$') as caught:
        CUB2011(str(root))
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize(
    ('name', 'old', 'new', 'message'),
    [
        ('image_class_labels', '1 1\n', '1 0\n', r'Species_0_0000.jpg is of class 0, must be 1 to 200'),
        ('image_class_labels', '1 1\n', '1 201\n', r'Species_0_0000.jpg is of class 201, must be 1 to 200'),
        ('train_test_split', ' 1\n', ' 0\n', "no image is in the split 'train'"),
    ],
)
def test_wrong_lists(root, name, old, new, message):
    path = root / f'CUB_200_2011/{name}.txt'
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(DataError, match=rf'not the official lists of CUB-200-2011 \(\S*{message}\)$'):
        CUB2011(str(root))


def test_unknown_split(root):
    with pytest.raises(ConfigError, match=r"^dataset.split: .*got 'val'$"):
        CUB2011(str(root), split='val')
