import numpy as np
import pytest

from ktg_mm.datasets import Digits
from ktg_mm.errors import ConfigError


def pixels(split):
    return np.stack([sample['img'] for sample in Digits(split=split)])


@pytest.mark.parametrize(('split', 'size'), [('train', 1257), ('val', 180), ('test', 360), ('trainval', 1437)])
def test_sizes_and_class_proportions(split, size):
    digits = Digits(split=split)
    counts = np.bincount(digits.get_gt_labels(), minlength=10)
    assert len(digits) == size
    assert counts.max() - counts.min() <= 0.06 * size / 10 + 2  # as even as the whole data set: 174 to 183 a class
    assert digits.metainfo['classes'] == tuple('0123456789')
    assert digits.test_mode == (split in ('val', 'test'))


def test_splits_are_disjoint_and_cover_everything():
    from sklearn.datasets import load_digits

    parts = np.concatenate([pixels(split) for split in ('train', 'val', 'test')])
    everything = np.round(load_digits().images * 255 / 16)
    rows = sorted(map(bytes, parts.reshape(len(parts), -1)))
    assert rows == sorted(map(bytes, everything.astype(np.uint8).reshape(len(everything), -1)))


def test_trainval_is_train_and_val():
    assert sorted(map(bytes, pixels('trainval'))) == sorted([*map(bytes, pixels('train')), *map(bytes, pixels('val'))])


def test_images_are_grey_bytes_over_the_full_range():
    images = pixels('train')
    assert images.dtype == np.uint8
    assert images.shape == (1257, 8, 8)
    assert (images.min(), images.max()) == (0, 255)


def test_the_split_never_changes():
    # A few labels of the fixed split; another division would give published numbers another meaning.
    assert Digits(split='test').get_gt_labels()[:12].tolist() == [1, 4, 8, 6, 5, 9, 9, 1, 3, 2, 2, 2]


def test_unknown_split_is_one_line():
    with pytest.raises(ConfigError, match=r"^dataset.split: Digits has no split 'tran'; did you mean 'train'\?$"):
        Digits(split='tran')
