import warnings

import numpy as np
import pytest

from ktg_mm.datasets import FashionMNISTFiles, fashion_mnist
from ktg_mm.errors import ConfigError, DataError


@pytest.mark.parametrize('zipped', [True, False])
def test_the_split_decides(tmp_path, miniatures, zipped):
    root = miniatures.write_fashion_mnist(tmp_path, zipped=zipped)
    with warnings.catch_warnings():
        warnings.simplefilter('error', UserWarning)
        train, test = FashionMNISTFiles(str(root)), FashionMNISTFiles(str(root), split='test')
    assert (len(train), len(test)) == (100, 20)
    assert (train.test_mode, test.test_mode) == (False, True)
    assert len(FashionMNISTFiles(str(root), split='test', test_mode=False)) == 20
    sample = train[37]
    assert (sample['img'].shape, sample['img'].dtype, sample['gt_label']) == ((28, 28), np.uint8, 7)
    assert np.all(sample['img'] == 37)
    assert train.metainfo['classes'][9] == 'Ankle boot'


def test_first_existing_folder_is_the_default(tmp_path, monkeypatch, miniatures):
    root = miniatures.write_fashion_mnist(tmp_path / 'debian')
    monkeypatch.setattr(fashion_mnist, 'DATA_ROOTS', (str(tmp_path / 'none'), str(root)))
    assert FashionMNISTFiles().data_root == str(root)
    monkeypatch.setattr(fashion_mnist, 'DATA_ROOTS', (str(tmp_path / 'none'), str(tmp_path / 'neither')))
    with pytest.raises(
        DataError, match=r'^Fashion-MNIST: \S+none/train-images-idx3-ubyte \(or .gz\) is missing; get it'
    ):
        FashionMNISTFiles()


@pytest.mark.parametrize('zipped', [True, False])
@pytest.mark.parametrize('keep', [0, 3, 30, -5])
@pytest.mark.parametrize('name', ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte'])
def test_truncated_file_is_named(tmp_path, miniatures, zipped, keep, name):
    path = miniatures.write_fashion_mnist(tmp_path, zipped=zipped) / (name + '.gz' * zipped)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match=f'^{path}: truncated or not an idx file') as caught:
        FashionMNISTFiles(str(tmp_path))
    assert '\n' not in str(caught.value)


def test_labels_in_place_of_images(tmp_path, miniatures):
    miniatures.write_fashion_mnist(tmp_path, zipped=False)
    content = (tmp_path / 'train-labels-idx1-ubyte').read_bytes()
    (tmp_path / 'train-images-idx3-ubyte').write_bytes(content)
    with pytest.raises(DataError, match=r'must hold bytes in 3 dimension\(s\), holds uint8 in 1'):
        FashionMNISTFiles(str(tmp_path))


def test_counts_must_agree(tmp_path, miniatures):
    miniatures.write_fashion_mnist(tmp_path, zipped=False)
    (tmp_path / 'train-labels-idx1-ubyte').write_bytes(miniatures.idx_bytes(np.arange(7)))
    with pytest.raises(DataError, match=r'has 100 images, but \S+ 7 labels'):
        FashionMNISTFiles(str(tmp_path))


@pytest.mark.parametrize(('labels', 'reason'), [([3, 10], 'has the label 10, must be 0 to 9'), ([], 'is empty')])
def test_other_labels(tmp_path, miniatures, labels, reason):
    miniatures.write_fashion_mnist(tmp_path, train=len(labels), zipped=False)
    (tmp_path / 'train-labels-idx1-ubyte').write_bytes(miniatures.idx_bytes(np.array(labels)))
    with pytest.raises(DataError, match=rf'train-labels-idx1-ubyte: not the labels of Fashion-MNIST; {reason}$'):
        FashionMNISTFiles(str(tmp_path))


def test_unknown_split(tmp_path):
    with pytest.raises(ConfigError, match=r'^dataset.split: '):
        FashionMNISTFiles(str(tmp_path), split='val')
