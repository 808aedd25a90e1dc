import logging

import cv2
import numpy as np
import pytest
from mmpretrain.datasets import CustomDataset

from ktg_mm.datasets import LoadImage
from ktg_mm.datasets.transforms import load_image
from ktg_mm.errors import ConfigError, DataError


@pytest.fixture
def folder(tmp_path):
    (tmp_path / 'class').mkdir()
    for name in ('a', 'b', 'c'):
        cv2.imwrite(str(tmp_path / 'class' / f'{name}.png'), np.full((4, 5, 3), 7, np.uint8))
    (tmp_path / 'class' / 'broken.png').write_bytes(b'not an image')
    (tmp_path / 'class' / 'empty.png').write_bytes(b'')
    return tmp_path


@pytest.fixture
def warnings(monkeypatch):
    lines = []
    monkeypatch.setattr(load_image, 'print_log', lambda message, logger, level: lines.append((level, message)))
    return lines


def data_set(folder, on_error, **kwargs):
    pipeline = [dict(type='LoadImage', on_error=on_error), dict(type='PackInputs')]
    return CustomDataset(data_prefix=str(folder), pipeline=pipeline, **kwargs)


def position(dataset, name):
    return [dataset.get_data_info(i)['img_path'].endswith(name) for i in range(len(dataset))].index(True)


def test_reads_as_the_parent_does(folder):
    results = LoadImage()({'img_path': str(folder / 'class' / 'a.png')})
    assert results['img'].shape == (4, 5, 3)
    assert results['img_shape'] == results['ori_shape'] == (4, 5)
    grey = LoadImage(color_type='grayscale')({'img_path': str(folder / 'class' / 'a.png')})
    assert grey['img'].shape == (4, 5)


@pytest.mark.parametrize('name', ['broken.png', 'empty.png', 'missing.png'])
def test_unreadable_file_is_named(folder, name):
    with pytest.raises(DataError, match=rf'^\S+{name}: cannot be read as an image \(.+\)$') as caught:
        LoadImage()({'img_path': str(folder / 'class' / name)})
    assert '\n' not in str(caught.value)


def test_skip_warns_once_a_file_and_draws_another(folder, warnings):
    train = data_set(folder, 'skip')
    for name in ('broken.png', 'broken.png', 'empty.png'):
        assert train[position(train, name)]['inputs'].shape == (3, 4, 5)
    assert [level for level, _ in warnings] == [logging.WARNING] * len(warnings)
    named = [message for _, message in warnings]
    assert len([message for message in named if 'broken.png' in message]) == 1
    assert len([message for message in named if 'empty.png' in message]) == 1


def test_skip_ends_where_nothing_can_be_read(folder, warnings):
    for path in folder.glob('class/?.png'):
        path.unlink()
    train = data_set(folder, 'skip')
    with pytest.raises(DataError, match=r'\.png: cannot be read as an image \(.+\), nor can the 99 before it$'):
        train[0]


@pytest.mark.parametrize('on_error', ['raise', 'skip'])
def test_evaluation_always_stops(folder, warnings, on_error):
    test = data_set(folder, on_error, test_mode=True)
    with pytest.raises(DataError if on_error == 'raise' else Exception):
        test[position(test, 'broken.png')]
    assert on_error == 'raise' or 'broken.png' in warnings[0][1]


def test_mistake_is_one_line():
    with pytest.raises(ConfigError, match=r"^LoadImage.on_error: must be 'raise' or 'skip', got 'ignore'$"):
        LoadImage(on_error='ignore')


def test_a_loaded_image_passes_with_the_channels_that_are_wanted():
    colour = np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    grey = colour[..., 0]
    passed = LoadImage()({'img': colour, 'ori_shape': (9, 9)})
    assert passed['img'] is colour
    assert (passed['img_shape'], passed['ori_shape']) == ((4, 5), (9, 9))
    three = LoadImage(to_float32=True)({'img': grey})
    assert three['img'].dtype == np.float32 and three['ori_shape'] == (4, 5)
    np.testing.assert_array_equal(three['img'], np.repeat(grey[..., None], 3, axis=2))
    np.testing.assert_array_equal(LoadImage()({'img': grey[..., None]})['img'], three['img'])
    one = LoadImage(color_type='grayscale')
    np.testing.assert_array_equal(one({'img': colour})['img'], cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY))
    np.testing.assert_array_equal(one({'img': grey[..., None]})['img'], grey)
    assert one({'img': grey})['img'] is grey


def test_neither_file_nor_image():
    with pytest.raises(KeyError, match='img_path'):
        LoadImage()({})
