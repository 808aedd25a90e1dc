import cv2
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.dataset import Compose
from mmpretrain.registry import TRANSFORMS

import ktg_mm.datasets
import ktg_mm.evaluation  # noqa: F401  registers
from ktg_mm.apis.plain_config import PlainData, plain_network
from ktg_mm.config.config_text import Reference
from ktg_mm.errors import ConfigError

PACK = dict(type='PackInputs')


def data_of(dataset, channels=3, **more):
    cfg = dict(model=dict(), test_dataloader=dict(dataset=dict(dataset)), **more)
    return PlainData(Config(cfg), channels)


def seen(data, image, folder):
    """The input that comes of an image's file, RGB or grey, (C, H, W)."""
    path = str(folder / 'image.png')
    cv2.imwrite(path, image[..., ::-1] if image.ndim == 3 else image)
    return Compose([TRANSFORMS.build(step) for step in data.pipeline()])(dict(img_path=path))['inputs'].numpy()


def test_a_grey_image_of_a_file_is_that_of_memory(mmpretrain_scope, tmp_path):
    image = np.arange(0, 256, dtype=np.uint8)[np.linspace(0, 255, 64).round().astype(int)].reshape(8, 8)
    data = data_of(dict(type='Digits', split='test', pipeline=[dict(type='SeedRandom'), PACK]), channels=1)
    assert [step['type'] for step in data.pipeline()] == [
        'LoadImageFromFile',
        'RandomGrayscale',
        'Resize',
        'PackInputs',
    ]
    np.testing.assert_array_equal(seen(data, image, tmp_path), image[None])
    assert seen(data, np.zeros((20, 30), np.uint8), tmp_path).shape == (1, 8, 8)


@pytest.mark.parametrize('values', [range(256)])
def test_no_grey_level_changes(mmpretrain_scope, tmp_path, values):
    steps = [dict(type='LoadImage', color_type='grayscale'), PACK]
    data = data_of(dict(type='CustomDataset', data_root='a', pipeline=steps), channels=1)
    image = np.array(values, dtype=np.uint8).reshape(16, 16)
    np.testing.assert_array_equal(seen(data, image, tmp_path), image[None])


@pytest.mark.parametrize('to_rgb', [False, True])
def test_a_colour_image_of_a_file_is_that_of_memory(mmpretrain_scope, tmp_path, to_rgb):
    from mmpretrain.registry import MODELS

    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    given = dict(mean=[1.0, 2.0, 3.0], std=[4.0, 5.0, 6.0], to_rgb=to_rgb)
    data = data_of(dict(type='CIFAR10', pipeline=[PACK]), data_preprocessor=given)
    batch = [Compose([TRANSFORMS.build(PACK)])(dict(img=image))['inputs']]
    in_memory = MODELS.build(dict(given, type='GraphDataPreprocessor'))(dict(inputs=batch))['inputs']
    steps = Compose([TRANSFORMS.build(step) for step in data.pipeline()])
    cv2.imwrite(str(tmp_path / 'a.png'), image[..., ::-1])
    batch = [steps(dict(img_path=str(tmp_path / 'a.png')))['inputs']]
    of_file = MODELS.build(data.preprocessor())(dict(inputs=batch))['inputs']
    assert in_memory.equal(of_file)


def test_files_of_mmpretrains_data_sets_stay(mmpretrain_scope):
    steps = [dict(type='LoadImage', on_error='skip', imdecode_backend='pillow'), PACK]
    dataset = dict(type='CustomDataset', data_root='mine', pipeline=steps)
    data = data_of(dataset, data_preprocessor=dict(to_rgb=True, num_classes=3, batch_augments=dict(augments=[])))
    assert data.pipeline() == [dict(type='LoadImageFromFile', imdecode_backend='pillow'), PACK]
    assert data.preprocessor() == dict(type='ClsDataPreprocessor', to_rgb=True, num_classes=3)
    expected = dict(type='CustomDataset', data_root='mine', pipeline=Reference('test_pipeline'))
    assert data.loader()['dataset'] == expected
    dogs = data_of(dict(dataset, type='StanfordDogs', split='test'))
    assert dogs.loader()['dataset']['type'] == 'CustomDataset' and 'split' not in dogs.loader()['dataset']


def test_classes(mmpretrain_scope):
    data = data_of(dict(type='CIFAR10', pipeline=[PACK]))
    assert data.classes(dict(classes=['a', 'b']), 2) == ('a', 'b')
    assert data.classes({}, 10)[:2] == ('airplane', 'automobile')
    assert data.classes(dict(classes=['a', 'b']), 3) == ('0', '1', '2')  # of other classes
    named = data_of(dict(type='CustomDataset', metainfo=dict(classes=('x', 'y')), pipeline=[PACK]))
    assert named.classes({}, 2) == ('x', 'y')


def test_metrics(mmpretrain_scope):
    def found(given):
        return data_of(dict(type='CIFAR10', pipeline=[PACK]), test_evaluator=given).evaluators()

    accuracy = dict(type='Accuracy', topk=(1, 5))
    assert found(dict(type='NodeMetric', metric=accuracy)) == [accuracy]
    assert found([dict(type='NodeMetric'), dict(type='ConfusionMatrix')]) == [
        dict(type='Accuracy'),
        dict(type='ConfusionMatrix'),
    ]
    assert found(dict(type='DiversityMetric')) == [dict(type='Accuracy', topk=(1,))]


def test_weights_to_begin_with_are_left_out():
    backbone = dict(type='ResNet', depth=18, init_cfg=dict(type='Pretrained', checkpoint='a.pth'))
    stages = [dict(pretrained=True, a=1), (2, dict(checkpoint_path='b.pth'))]
    assert plain_network(dict(type='A', backbone=backbone, pretrained='c.pth', stages=stages)) == dict(
        type='A', backbone=dict(type='ResNet', depth=18), stages=[dict(a=1), (2, {})]
    )


def test_parts_of_ktg_mm_are_refused(mmpretrain_scope):
    crop = dict(type='PadRandomCrop', crop_size=8, padding=1)
    with pytest.raises(
        ConfigError, match=r'^test_dataloader\.dataset\.pipeline\[1\]\.type: PadRandomCrop is a part of'
    ):
        data_of(dict(type='CIFAR10', pipeline=[PACK, crop])).pipeline()
    preprocessor = dict(type='TokenPreprocessor')
    with pytest.raises(ConfigError, match=r'^data_preprocessor\.type: TokenPreprocessor is none that mmpretrain has'):
        data_of(dict(type='CIFAR10', pipeline=[PACK]), data_preprocessor=preprocessor).preprocessor()
    with pytest.raises(ConfigError, match=r'^test_dataloader: is missing'):
        PlainData(Config(dict(model=dict())), 3)
