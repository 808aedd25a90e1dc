from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmpretrain.datasets import CIFAR10, CIFAR100
from mmpretrain.registry import MODELS

from ktg_mm.datasets import fashion_mnist

FOLDER = Path(__file__).parents[2] / 'configs' / '_base_' / 'datasets'
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


@pytest.fixture(scope='module')
def roots(tmp_path_factory, miniatures):
    """By config: the folder of its miniature and, for CIFAR, the miniature's file lists with their MD5 sums."""
    root = tmp_path_factory.mktemp('data')
    lists = {
        kind: miniatures.write_cifar(root / kind.__name__, kind, images_per_file=200) for kind in (CIFAR10, CIFAR100)
    }
    return {
        'cifar10': (root / 'CIFAR10', lists[CIFAR10]),
        'cifar100': (root / 'CIFAR100', lists[CIFAR100]),
        'fashion_mnist': (miniatures.write_fashion_mnist(root / 'fashion'), None),
        'stanford_dogs': (miniatures.write_stanford_dogs(root / 'dogs', train_per_class=2), None),
        'stanford_cars': (miniatures.write_stanford_cars(root / 'cars'), None),
        'cub': (miniatures.write_cub(root / 'cub'), None),
        'digits': (None, None),
    }


@pytest.fixture
def load(roots, monkeypatch, mmpretrain_scope):
    """A function that reads a config and points it at the miniature, as a user would: by overriding keys."""

    def load_config(name, val_size=None):
        config = Config.fromfile(FOLDER / f'{name}.py')
        root, lists = roots[name.removesuffix('_search')]
        if lists:
            kind = {'cifar10': CIFAR10, 'cifar100': CIFAR100}[name.removesuffix('_search')]
            for key, value in lists.items():
                monkeypatch.setattr(kind, key, value)
        monkeypatch.setattr(fashion_mnist, 'DATA_ROOTS', (str(roots['fashion_mnist'][0]),))
        for key in LOADERS:
            dataset = config[key].dataset
            if 'data_root' in dataset:
                dataset.data_root = str(root)
            if val_size is not None and 'val_size' in dataset:
                dataset.val_size = val_size
            config[key].num_workers = 0
            config[key].persistent_workers = False
        return config

    return load_config


# name: sizes of train, val and test in the miniature, its validation size, image shape, classes
CASES = {
    'digits': ((1257, 180, 360), None, (1, 8, 8), 10),
    'fashion_mnist': ((80, 20, 20), 20, (1, 28, 28), 10),
    'cifar10': ((1000, 200, 200), None, (3, 32, 32), 10),
    'cifar10_search': ((800, 200, 200), 200, (3, 32, 32), 10),
    'cifar100': ((200, 200, 200), None, (3, 32, 32), 100),
    'cifar100_search': ((100, 100, 200), 100, (3, 32, 32), 100),
    'stanford_dogs': ((240, 120, 120), None, (3, 224, 224), 120),
    'stanford_dogs_search': ((120, 120, 120), None, (3, 224, 224), 120),
    'stanford_cars': ((10, 5, 5), None, (3, 224, 224), 196),
    'stanford_cars_search': ((5, 5, 5), None, (3, 224, 224), 196),
    'cub': ((400, 200, 200), None, (3, 224, 224), 200),
    'cub_search': ((200, 200, 200), None, (3, 224, 224), 200),
}


@pytest.mark.parametrize('name', CASES)
def test_pipelines_run_on_a_miniature(load, name):
    sizes, val_size, shape, num_classes = CASES[name]
    config = load(name, val_size)
    loaders = [Runner.build_dataloader(config[key], seed=0) for key in LOADERS]
    assert tuple(len(loader.dataset) for loader in loaders) == sizes
    assert config.data_preprocessor.num_classes == num_classes
    assert len(loaders[0].dataset.metainfo['classes']) == num_classes
    preprocessor = MODELS.build(dict(type='ClsDataPreprocessor', **config.data_preprocessor))
    for loader in loaders:
        batch = next(iter(loader))
        size = min(loader.batch_size, len(loader.dataset))
        assert batch['inputs'].shape == (size, *shape)
        assert batch['inputs'].dtype == torch.uint8
        assert isinstance(batch['data_samples'], list)
        inputs = preprocessor(batch)['inputs']
        assert inputs.shape == (size, *shape)
        assert inputs.abs().max() < 4


@pytest.mark.parametrize('name', [name for name in CASES if name.endswith('_search')])
def test_a_search_never_sees_the_test_set(name):
    config = Config.fromfile(FOLDER / f'{name}.py')
    published = Config.fromfile(FOLDER / f'{name.removesuffix("_search")}.py')
    for key, part in (('train_dataloader', 'train'), ('val_dataloader', 'val')):
        dataset = config[key].dataset
        assert (dataset.type, dataset.part, dataset.split) == ('Split', part, 'train')
        assert dataset.pipeline == published[key].dataset.pipeline
    assert config.train_dataloader.dataset.val_size == config.val_dataloader.dataset.val_size
    assert config.test_dataloader == published.test_dataloader
    assert config.test_dataloader.dataset.split == 'test'


@pytest.mark.parametrize('name', CASES)
def test_training_is_seeded_and_shuffled(name):
    config = Config.fromfile(FOLDER / f'{name}.py')
    assert config.train_dataloader.sampler == dict(type='SeededSampler', shuffle=True)
    assert config.train_dataloader.dataset.pipeline[0] == dict(type='SeedRandom')
    for key in LOADERS[1:]:
        assert config[key].sampler == dict(type='DefaultSampler', shuffle=False)
        assert dict(type='SeedRandom') not in config[key].dataset.pipeline


@pytest.mark.parametrize('name', ['cifar10', 'cifar100'])
def test_missing_cifar_does_not_go_to_the_internet(tmp_path, mmpretrain_scope, name):
    config = Config.fromfile(FOLDER / f'{name}.py', lazy_import=False)
    config.train_dataloader.dataset.data_root = str(tmp_path)
    with pytest.raises(RuntimeError, match=f'^Cannot find {name.upper()} dataset in {tmp_path}') as caught:
        Runner.build_dataloader(config.train_dataloader)
    assert '\n' not in str(caught.value)
