from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmpretrain.datasets import CIFAR10, CIFAR100
from mmpretrain.registry import DATASETS, MODELS, TRANSFORMS

import ktg_mm.evaluation  # noqa: F401  registers
from ktg_mm.apis import load_config
from ktg_mm.apis.check_config import check_config
from ktg_mm.datasets import SeededIndex, SeedRandom, fashion_mnist
from ktg_mm.errors import ConfigError
from ktg_mm.models.graph_data_preprocessor import GraphDataPreprocessor

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
        'imagenet': (miniatures.write_imagenet(root / 'imagenet'), None),
        'tiny_imagenet': (miniatures.write_tiny_imagenet(root / 'tiny'), None),
        'cinic10': (miniatures.write_cinic10(root / 'cinic', per_class=10), None),
        'caltech101': (miniatures.write_caltech101(root / 'caltech'), None),
        'fgvc_aircraft': (miniatures.write_fgvc_aircraft(root / 'aircraft'), None),
        'food101': (miniatures.write_food101(root / 'food'), None),
        'oxford_pets': (miniatures.write_oxford_pets(root / 'pets'), None),
        'flowers102': (miniatures.write_flowers102(root / 'flowers'), None),
        'sun397': (miniatures.write_sun397(root / 'sun'), None),
        'dtd': (miniatures.write_dtd(root / 'textures'), None),
    }


@pytest.fixture
def load(roots, monkeypatch, mmpretrain_scope):
    """A function that reads a config and points it at the miniature, as a user would: by overriding keys."""

    def load_config(name, val_size=None):
        config = Config.fromfile(FOLDER / f'{name}.py')
        name = name.removesuffix('_search').removesuffix('_semi')
        root, lists = roots[name]
        if lists:
            kind = {'cifar10': CIFAR10, 'cifar100': CIFAR100}[name]
            for key, value in lists.items():
                monkeypatch.setattr(kind, key, value)
        monkeypatch.setattr(fashion_mnist, 'DATA_ROOTS', (str(roots['fashion_mnist'][0]),))
        for key in LOADERS:
            dataset = config[key].dataset
            dataset = dataset.get('dataset', dataset)
            if 'data_root' in dataset:
                dataset.data_root = str(root)
            if val_size is not None and 'val_size' in dataset:
                dataset.val_size = val_size
            if 'train_size' in dataset:
                dataset.train_size = 80
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
    'imagenet': ((2000, 1000, 1000), None, (3, 224, 224), 1000),
    'imagenet_search': ((1000, 1000, 1000), 1000, (3, 224, 224), 1000),
    'tiny_imagenet': ((400, 200, 200), None, (3, 64, 64), 200),
    'tiny_imagenet_search': ((200, 200, 200), 200, (3, 64, 64), 200),
    'cinic10': ((100, 100, 100), None, (3, 32, 32), 10),
    'cinic10_search': ((100, 100, 100), None, (3, 32, 32), 10),
    'caltech101': ((3030, 202, 202), None, (3, 224, 224), 101),
    'caltech101_search': ((1515, 1515, 202), None, (3, 224, 224), 101),
    'fgvc_aircraft': ((200, 100, 100), None, (3, 224, 224), 100),
    'fgvc_aircraft_search': ((100, 100, 100), None, (3, 224, 224), 100),
    'food101': ((202, 101, 101), None, (3, 224, 224), 101),
    'food101_search': ((101, 101, 101), None, (3, 224, 224), 101),
    'oxford_pets': ((74, 37, 37), None, (3, 224, 224), 37),
    'oxford_pets_search': ((37, 37, 37), None, (3, 224, 224), 37),
    'flowers102': ((204, 102, 102), None, (3, 224, 224), 102),
    'flowers102_search': ((102, 102, 102), None, (3, 224, 224), 102),
    'sun397': ((794, 397, 397), None, (3, 224, 224), 397),
    'sun397_search': ((397, 397, 397), None, (3, 224, 224), 397),
    'dtd': ((94, 47, 47), None, (3, 224, 224), 47),
    'dtd_search': ((47, 47, 47), None, (3, 224, 224), 47),
}
# What a search divides, and what it never sees, where these are not called train and test.
DIVIDED = {'oxford_pets_search': 'trainval'}
UNSEEN = {'tiny_imagenet_search': 'val', 'imagenet_search': 'val'}
# Their validation images are published, beside training and test images.
OWN_VALIDATION = ('cinic10_search', 'fgvc_aircraft_search', 'flowers102_search', 'dtd_search')


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
        if name in OWN_VALIDATION:
            assert (dataset.type, dataset.split) == (published[key].dataset.type, part)
        else:
            assert (dataset.type, dataset.part) == ('Split', part)
            assert (dataset.of, dataset.split) == (published[key].dataset.type, DIVIDED.get(name, 'train'))
        assert dataset.pipeline == published[key].dataset.pipeline
    assert config.train_dataloader.dataset.get('val_size') == config.val_dataloader.dataset.get('val_size')
    assert config.test_dataloader == published.test_dataloader
    assert config.test_dataloader.dataset.split == UNSEEN.get(name, 'test')


OVER = {
    name: 'dml/dml_2node_cifar100' if shape[-1] in (32, 64) else 'ktg/ens_2node_dogs'
    for name, (_, _, shape, _) in CASES.items()
    if shape[-1] > 28
}


@pytest.mark.parametrize('name', OVER)
def test_an_experiment_takes_it_by_two_overlays(name):
    overlays = [FOLDER / f'{name}.py', FOLDER.parent / 'networks' / 'classes.py']
    config = load_config(FOLDER.parents[1] / f'{OVER[name]}.py', overlays=overlays)
    check_config(config)
    classes = CASES[name][3]
    assert config.data_preprocessor.num_classes == classes
    networks = [node.network for node in config.model.nodes.values() if node.type == 'NetworkNode']
    assert len(networks) == 2
    for network in networks:
        assert network.head.num_classes == classes
        assert network.backbone.get('num_classes', classes) == classes
    alone = Config.fromfile(overlays[0])
    for key in LOADERS:
        assert alone[key].dataset.to_dict().items() <= config[key].dataset.to_dict().items()


@pytest.mark.parametrize('name', CASES)
def test_training_is_seeded_and_shuffled(name):
    config = Config.fromfile(FOLDER / f'{name}.py')
    assert config.train_dataloader.sampler == dict(type='SeededSampler', shuffle=True)
    assert config.train_dataloader.dataset.pipeline[0] == dict(type='SeedRandom')
    for key in LOADERS[1:]:
        assert config[key].sampler == dict(type='DefaultSampler', shuffle=False)
        assert dict(type='SeedRandom') not in config[key].dataset.pipeline


@pytest.mark.parametrize('path', sorted(FOLDER.glob('*.py')), ids=lambda path: path.stem)
def test_workers_stay_from_epoch_to_epoch(path):
    config = Config.fromfile(path, lazy_import=False)
    for key in LOADERS:
        if loader := config.get(key):
            assert loader.get('persistent_workers', False) == (loader.get('num_workers', 0) > 0)


@pytest.mark.parametrize('name', ['cifar10', 'cifar100'])
def test_missing_cifar_does_not_go_to_the_internet(tmp_path, mmpretrain_scope, name):
    config = Config.fromfile(FOLDER / f'{name}.py', lazy_import=False)
    config.train_dataloader.dataset.data_root = str(tmp_path)
    with pytest.raises(RuntimeError, match=f'^Cannot find {name.upper()} dataset in {tmp_path}') as caught:
        Runner.build_dataloader(config.train_dataloader)
    assert '\n' not in str(caught.value)


# name: labels, labelled and unlabelled samples a batch, image shape, labels in the miniature
SEMI = {
    'cifar10_semi': (4000, 64, 448, (3, 32, 32), 30),
    'cifar100_semi': (10_000, 64, 448, (3, 32, 32), 100),
    'fashion_mnist_semi': (250, 16, 112, (1, 14, 14), 20),
}


@pytest.mark.parametrize('name', SEMI)
def test_semi_supervised_pipelines_run_on_a_miniature(load, tmp_path, name):
    _, labeled, unlabeled, shape, num_labels = SEMI[name]
    config = load(name, 20)
    config.train_dataloader.dataset |= dict(num_labels=num_labels, split_folder=str(tmp_path))
    batch_size = config.train_dataloader.batch_size
    if unlabeled > 100:  # the miniatures are small
        labeled, unlabeled = 8, 56
        config.train_dataloader.sampler |= dict(labeled=8, unlabeled=56)
        config.train_dataloader.batch_size = 64
    assert batch_size == sum(SEMI[name][1:3])
    loaders = [Runner.build_dataloader(config[key], seed=0) for key in LOADERS]
    assert len(list(tmp_path.glob('*-seed0.json'))) == 1
    train = loaders[0].dataset
    assert train.num_labeled == num_labels
    assert np.unique(train.get_gt_labels()[:num_labels]).size == config.data_preprocessor.num_classes
    batch = next(iter(loaders[0]))
    assert [sample.gt_label.item() >= 0 for sample in batch['data_samples']] == [True] * labeled + [False] * unlabeled
    preprocessor = GraphDataPreprocessor(**config.data_preprocessor)
    inputs = preprocessor(batch, training=True)['inputs']
    assert inputs.keys() == {'weak', 'strong'}
    for view in inputs.values():
        assert view.shape == (labeled + unlabeled, *shape)
        assert view.abs().max() < 4
    assert (inputs['weak'] != inputs['strong']).flatten(1).any(dim=1).float().mean() > 0.9
    for loader in loaders[1:]:
        assert preprocessor(next(iter(loader)))['inputs'].shape[1:] == shape


@pytest.mark.parametrize('name', SEMI)
def test_semi_supervised_configs(name):
    config = Config.fromfile(FOLDER / f'{name}.py')
    num_labels, labeled, unlabeled, _, _ = SEMI[name]
    loader = config.train_dataloader
    assert loader.sampler == dict(type='SemiSupervisedSampler', labeled=labeled, unlabeled=unlabeled, infinite=True)
    assert loader.dataset.num_labels == num_labels and loader.dataset.labeled_as_unlabeled
    assert loader.dataset.pipeline[0] == dict(type='SeedRandom')
    assert 'pipeline' not in loader.dataset.dataset
    supervised = Config.fromfile(FOLDER / f'{dict(fashion_mnist_semi="fashion_mnist_3000").get(name, name[:-5])}.py')
    assert config.data_preprocessor == supervised.data_preprocessor
    assert config.test_dataloader == supervised.test_dataloader
    if name.startswith('cifar'):
        assert config.val_dataloader == supervised.val_dataloader
        assert loader.dataset.dataset.items() <= supervised.train_dataloader.dataset.items()
    check_config(config)


@pytest.mark.usefixtures('mmpretrain_scope')
def test_fashion_mnist_semi_never_validates_on_what_it_trains_on(load):
    config = load('fashion_mnist_semi', 20)
    parts = []
    for key in ('train_dataloader', 'val_dataloader'):
        dataset = config[key].dataset
        part = DATASETS.build(dataset.get('dataset', dataset))
        parts.append({part.get_data_info(i)['img'].tobytes() for i in range(len(part))})
    assert len(parts[0] | parts[1]) == 100 and not parts[0] & parts[1]
    config = Config.fromfile(FOLDER / 'fashion_mnist_semi.py')
    train, val = dict(config.train_dataloader.dataset.dataset), dict(config.val_dataloader.dataset)
    assert (train.pop('part'), val.pop('part'), val.pop('pipeline') is not None) == ('train', 'val', True)
    assert train == val  # the same division: one of other sizes is another one


MISTAKES = {
    'train_dataloader.batch_size': (
        {'train_dataloader.batch_size': 64},
        r"must be the sampler's labeled \+ unlabeled = 64 \+ 448 = 512, got 64$",
    ),
    r'train_dataloader.dataset.pipeline[1].strong[3].type': (
        {'train_dataloader.dataset.pipeline.1.strong.3.type': 'Cutuot'},
        "unknown step of a pipeline 'Cutuot'; did you mean 'Cutout'",
    ),
    r'train_dataloader.dataset.pipeline[1].weak[1]': (
        {'train_dataloader.dataset.pipeline.1.weak.1.paddding': 4},
        "has no argument 'paddding'; did you mean 'padding'",
    ),
    'train_dataloader.dataset.pipeline[1].weak': (
        {'train_dataloader.dataset.pipeline.1.weak': 5},
        'must be a dict, got 5',
    ),
    'train_dataloader.sampler.infinite': (
        {'train_cfg': dict(by_epoch=True, max_epochs=3)},
        'must be False in a loop over epochs',
    ),
}


@pytest.mark.parametrize('key', MISTAKES)
def test_mistakes_in_a_semi_supervised_config(key):
    config = Config.fromfile(FOLDER / 'cifar10_semi.py')
    changes, message = MISTAKES[key]
    config.merge_from_dict(changes)
    with pytest.raises(ConfigError, match=message) as caught:
        check_config(config)
    assert str(caught.value).startswith(f'{key}: ') and '\n' not in str(caught.value)


@pytest.mark.parametrize('by_epoch', [False, None])
def test_endless_sampler_in_other_loops(by_epoch):
    config = Config.fromfile(FOLDER / 'cifar10_semi.py')
    config.train_cfg = dict(by_epoch=False, max_iters=3) if by_epoch is False else dict(type='IterBasedTrainLoop')
    check_config(config)


def augmentations(name):
    """RandAugment's operations, as built out of the config."""
    config = Config.fromfile(FOLDER / f'{name}.py')
    (cfg,) = [step for step in config.train_dataloader.dataset.pipeline[-2].strong if step.type == 'RandAugment']
    return TRANSFORMS.build(cfg)


@pytest.mark.parametrize(
    ('name', 'shape', 'number'), [('cifar10_semi', (32, 32, 3), 14), ('fashion_mnist_semi', (14, 14), 10)]
)
def test_every_operation_of_randaugment_runs(name, shape, number):
    rng = np.random.RandomState(0)
    image = np.clip(rng.normal(110, 30, shape), 20, 230).astype(np.uint8)
    augment = augmentations(name)
    assert len(augment.transforms) == number and augment.num_policies == 2
    np.random.seed(0)
    unchanged = []
    for operation in augment.transforms:
        operation.prob = 1.0
        results = [operation({'img': image.copy()})['img'] for _ in range(12)]
        for result in results:
            assert (result.dtype, result.shape) == (np.uint8, shape), operation
        changed = {result.tobytes() for result in results if not np.array_equal(result, image)}
        if not changed:
            unchanged.append(operation)
        elif operation.magnitude_range is not None:
            assert len(changed) > 2, operation  # its magnitude is drawn
    assert [getattr(operation, 'bits', None) for operation in unchanged] == [8]  # Identity


def test_ranges_of_randaugment():
    # FixMatch, table 12, as factors, bits, degrees and parts of the side.
    operations = augmentations('cifar10_semi').transforms
    np.random.seed(0)
    for operation in operations:
        if operation.magnitude_range is None:
            continue
        kind = type(operation).__name__
        drawn = np.array([operation.random_negative(operation.random_magnitude()) for _ in range(2000)])
        if kind in ('Brightness', 'ColorTransform', 'Contrast', 'Sharpness'):
            low, high, drawn = 0.05, 0.95, 1 + drawn
        elif kind == 'Posterize':
            assert np.bincount(np.ceil(drawn).astype(int)).tolist()[:4] == [0] * 4
            assert np.bincount(np.ceil(drawn).astype(int))[4:].min() > 300 and drawn.max() <= 8
            continue
        else:
            low, high = {'Rotate': (-30, 30), 'Solarize': (0, 256)}.get(kind, (-0.3, 0.3))
        width = high - low
        assert low <= drawn.min() < low + 0.02 * width and high - 0.02 * width < drawn.max() <= high, kind
        assert abs(drawn.mean() - (low + high) / 2) < 0.03 * width, kind


@pytest.mark.parametrize(('name', 'shape'), [('cifar10_semi', (32, 32, 3)), ('fashion_mnist_semi', (14, 14))])
def test_cutout_is_a_grey_square_of_up_to_half_the_side(name, shape):
    config = Config.fromfile(FOLDER / f'{name}.py')
    cutout = TRANSFORMS.build(config.train_dataloader.dataset.pipeline[-2].strong[-1])
    np.random.seed(0)
    sides = []
    for _ in range(500):
        image = cutout({'img': np.zeros(shape, np.uint8)})['img']
        assert set(np.unique(image)) <= {0, 128}
        rows, columns = np.nonzero(image.reshape(*shape[:2], -1)[..., 0])
        sides.append(max(np.ptp(rows), np.ptp(columns)) + 1 if len(rows) else 0)
    assert (min(sides), max(sides)) == (0, shape[0] // 2)
    assert len(set(sides)) == shape[0] // 2 + 1


@pytest.mark.parametrize(('name', 'shape'), [('cifar10_semi', (32, 32, 3)), ('fashion_mnist_semi', (28, 28))])
def test_strong_views_are_seeded(name, shape):
    config = Config.fromfile(FOLDER / f'{name}.py')
    pipeline = [TRANSFORMS.build(step) for step in config.train_dataloader.dataset.pipeline]
    image = np.random.RandomState(0).randint(0, 256, shape).astype(np.uint8)
    assert isinstance(pipeline[0], SeedRandom)

    def packed(epoch):
        results = dict(img=image.copy(), gt_label=0, sample_idx=SeededIndex(1, seed=0, epoch=epoch))
        for step in pipeline:
            results = step(results)
        return results['inputs']

    first = packed(3)
    np.random.seed(1)
    assert all(torch.equal(packed(3)[view], first[view]) for view in first)
    assert len({packed(epoch)['strong'].numpy().tobytes() for epoch in range(10)}) > 8
