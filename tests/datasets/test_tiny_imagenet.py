import shutil

import numpy as np
import pytest

from ktg_mm.datasets import TinyImageNet, split_dataset
from ktg_mm.errors import ConfigError, DataError


@pytest.fixture
def root(tmp_path, miniatures):
    return miniatures.write_tiny_imagenet(tmp_path / 'tiny', num_classes=4)


def test_official_layout(tmp_path, miniatures):
    root = miniatures.write_tiny_imagenet(tmp_path)
    train, val = TinyImageNet(str(root)), TinyImageNet(str(root), split='val')
    assert (len(train), len(val)) == (400, 200)
    assert np.array_equal(np.bincount(train.get_gt_labels()), np.full(200, 2))
    assert np.array_equal(np.bincount(val.get_gt_labels()), np.ones(200))
    # The lists are in another order; the classes are in that of their numbers.
    assert train.metainfo == val.metainfo
    assert train.metainfo['classes'][:2] == ('n01443537 thing 0', 'n01444537 thing 1')
    folder = root / 'tiny-imagenet-200'
    assert train.get_data_info(2)['img_path'] == str(folder / 'train/n01444537/images/n01444537_0.JPEG')
    assert train.get_data_info(2)['gt_label'] == 1
    assert val.get_data_info(0)['img_path'] == str(folder / 'val/images/val_199.JPEG')
    assert val.get_data_info(0)['gt_label'] == 199
    assert (train.test_mode, val.test_mode) == (False, True)


def test_the_folder_itself_will_do(root):
    assert len(TinyImageNet(str(root / 'tiny-imagenet-200'))) == 8


def test_grey_images_have_three_channels(root):
    val = TinyImageNet(str(root), split='val', pipeline=[dict(type='LoadImage'), dict(type='PackInputs')])
    assert val[0]['inputs'].shape == (3, 64, 64)


def test_ten_thousand_of_the_training_images_validate(root):
    train, val = (split_dataset('TinyImageNet', part, 4, data_root=str(root)) for part in ('train', 'val'))
    assert (len(train), len(val)) == (4, 4)
    paths = [{data[i]['img_path'] for i in range(len(data))} for data in (train, val)]
    assert not paths[0] & paths[1] and all('/train/' in path for path in paths[0] | paths[1])


@pytest.mark.parametrize(
    ('missing', 'split'),
    [
        ('wnids.txt', 'train'),
        ('words.txt', 'train'),
        ('train/n01444537/images', 'train'),
        ('val/val_annotations.txt', 'val'),
    ],
)
def test_what_is_missing_is_named(root, missing, split):
    path = root / 'tiny-imagenet-200' / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    how = rf'; get it with: python tools/download_dataset.py tiny_imagenet --data-root {root}$'
    with pytest.raises(DataError, match=rf'^Tiny-ImageNet: \S+{missing} is missing' + how) as caught:
        TinyImageNet(str(root), split=split)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ('', 'is empty; must have a line for each image$'),
        ('val_0.JPEG\tn99999999\t0\t0\t1\t1\n', "line 1 has the class 'n99999999', which wnids.txt has not$"),
        ('val_0.JPEG n01443537\n', "line 1 has the class '', which wnids.txt has not$"),
    ],
)
def test_damaged_annotations(root, content, message):
    (root / 'tiny-imagenet-200/val/val_annotations.txt').write_text(content)
    with pytest.raises(DataError, match=r'val_annotations.txt: ' + message):
        TinyImageNet(str(root), split='val')


@pytest.mark.parametrize(('split', 'message'), [('valid', "got 'valid'$"), ('test', "got 'test'; its test labels")])
def test_unknown_split(root, split, message):
    with pytest.raises(ConfigError, match=rf"^dataset.split: .*'train' and 'val', {message}"):
        TinyImageNet(str(root), split=split)
