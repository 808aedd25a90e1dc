import shutil

import numpy as np
import pytest

from ktg_mm.datasets import StanfordDogs
from ktg_mm.errors import ConfigError, DataError


@pytest.fixture
def root(tmp_path, miniatures):
    return miniatures.write_stanford_dogs(tmp_path / 'dogs', num_classes=4)


def test_official_layout(tmp_path, miniatures):
    root = miniatures.write_stanford_dogs(tmp_path, lists='lists')
    train, test = StanfordDogs(str(root)), StanfordDogs(str(root), split='test')
    assert (len(train), len(test)) == (240, 120)
    assert len(train.metainfo['classes']) == 120
    assert train.metainfo['classes'] == test.metainfo['classes']
    assert train.metainfo['classes'][3] == 'Breed_3'
    assert np.array_equal(np.bincount(train.get_gt_labels()), np.full(120, 2))
    info = train.get_data_info(2)
    assert info['gt_label'] == 1
    assert info['img_path'] == str(root / 'Images' / 'n02085621-Breed_1' / 'n02085621_0.jpg')
    assert (train.test_mode, test.test_mode) == (False, True)


def test_lists_beside_the_images(root):
    assert len(StanfordDogs(str(root))) == 8


def test_one_image_in_the_list(tmp_path, miniatures):
    root = miniatures.write_stanford_dogs(tmp_path / 'one', num_classes=1, train_per_class=1)
    assert len(StanfordDogs(str(root))) == 1


def test_images_are_read(root):
    dogs = StanfordDogs(str(root), pipeline=[dict(type='LoadImage'), dict(type='PackInputs')])
    assert dogs[0]['inputs'].shape == (3, 40, 48)


def test_class_names_of_the_config_win(root):
    assert StanfordDogs(str(root), metainfo=dict(classes=tuple('abcd'))).metainfo['classes'] == tuple('abcd')


@pytest.mark.parametrize(
    ('missing', 'message'),
    [
        ('.', r'folder \S+dogs is missing'),
        ('train_list.mat', r'list \S+train_list.mat \(or \S+lists/train_list.mat\) is missing'),
        ('Images', r'image folder \S+n02085620-Breed_0 is missing'),
        ('Images/n02085622-Breed_2', r'image folder \S+n02085622-Breed_2 is missing'),
    ],
)
def test_what_is_missing_is_named(root, missing, message):
    path = root / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    how = r'; get it with: python tools/download_dataset.py stanford_dogs --data-root \S+dogs$'
    with pytest.raises(DataError, match='^Stanford Dogs: ' + message + how) as caught:
        StanfordDogs(str(root))
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize('content', [b'', b'not a mat file' * 50])
def test_damaged_list_is_named(root, content):
    (root / 'train_list.mat').write_bytes(content)
    with pytest.raises(DataError, match=r'train_list.mat: not an official list of Stanford Dogs') as caught:
        StanfordDogs(str(root))
    assert '\n' not in str(caught.value)


def test_list_without_labels(root):
    from scipy.io import savemat

    savemat(str(root / 'train_list.mat'), {'file_list': np.array([['a/b.jpg']], dtype=object)})
    with pytest.raises(DataError, match='labels'):
        StanfordDogs(str(root))


@pytest.mark.parametrize('labels', [[], [0], [1, 3], [2, 3]])
def test_list_of_other_labels(root, labels):
    from scipy.io import savemat

    files = np.empty((len(labels), 1), dtype=object)
    files[:, 0] = [f'n0208562{label}-Breed_{label}/a.jpg' for label in labels]
    savemat(str(root / 'train_list.mat'), {'file_list': files, 'labels': np.array(labels, np.uint8)[:, None]})
    with pytest.raises(DataError, match=r'train_list.mat: not an official list .*labels must be 1 to the number'):
        StanfordDogs(str(root))


def test_unknown_split(root):
    with pytest.raises(ConfigError, match=r"^dataset.split: .*got 'val'$"):
        StanfordDogs(str(root), split='val')
