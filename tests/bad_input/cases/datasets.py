"""Mistakes in data sets, their arguments, their files and their downloads."""

import gzip
import hashlib
import struct
import tarfile
from pathlib import Path

import cv2
import numpy as np
from scipy.io import savemat

CONFIGS = Path(__file__).resolve().parents[3] / 'configs'
FASHION = 'configs/single/resnet8_fashion_mnist.py'
CIFAR = 'configs/single/resnet32_cifar10.py'
DOGS = 'configs/single/abn_resnet18_dogs.py'
CUB = 'configs/ktg/ens_2node_cub.py'

TRAIN, VAL, TEST = ('train_dataloader.dataset', 'val_dataloader.dataset', 'test_dataloader.dataset')


def split(part: str = 'train', loader: str = 'train', **changes: object) -> str:
    """A config that divides the digits; an argument that is None is left out."""
    arguments = dict(of='Digits', part=part, val_size=100, split='trainval') | changes
    given = ', '.join(f'{name}={value!r}' for name, value in arguments.items() if value is not None)
    return f"{loader}_dataloader = dict(dataset=dict(type='Split', {given}))"


SEMI = f"""
_base_ = [
    '{CONFIGS}/_base_/graphs/fixmatch.py',
    '{CONFIGS}/_base_/datasets/digits.py',
    '{CONFIGS}/_base_/models/networks_small.py',
    '{CONFIGS}/_base_/schedules/sgd_1500it_semi.py',
    '{CONFIGS}/_base_/default_runtime_iterations.py',
]
model = dict(nodes=dict(net1=dict(network=_base_.resnet8), ema=dict(network=_base_.resnet8)))
_steps = [dict(type='SeedRandom'), dict(type='Views', weak=[], strong=[]), dict(type='PackViews')]
train_dataloader = dict(
    batch_size=32,
    dataset=dict(_delete_=True, type='SemiSupervised', dataset=dict(type='Digits'), num_labels=40, pipeline=_steps),
    sampler=dict(_delete_=True, type='SemiSupervisedSampler', labeled=12, unlabeled=20, infinite=True),
)
param_scheduler = dict(end=2)
train_cfg = dict(max_iters=2, val_interval=2)
"""


def semi(dataset: str = '', sampler: str = '', loader: str = '') -> dict[str, object]:
    """A semi-supervised config of the digits with other arguments."""
    text = SEMI.replace('num_labels=40', dataset) if dataset else SEMI
    text = text.replace('labeled=12, unlabeled=20, infinite=True', sampler) if sampler else text
    return dict(config=text.replace('batch_size=32', loader) if loader else text, whole=True)


# Folders of images.

FOLDERS = """
_steps = [dict(type='LoadImage', color_type='grayscale'), dict(type='PackInputs')]
_data = dict(type='CustomDataset', data_root='images', pipeline=_steps, _delete_=True)
train_dataloader = dict(dataset=dict(_data, pipeline=[dict(type='SeedRandom'), *_steps]{}))
"""
OTHER_FOLDER = "val_dataloader = dict(dataset=dict(_data, data_root='others'))"
SPLIT_FOLDER = """
train_dataloader.update(dataset=dict(_delete_=True, type='Split', of='CustomDataset', part='train', val_size=0.5,
    data_root='images', data_prefix='training', pipeline=train_dataloader['dataset']['pipeline']))
val_dataloader = dict(dataset=_data)
"""


def write_images(folder: Path, classes: int = 10, number: int = 8) -> Path:
    """Grey images of 8 x 8 pixels, a folder a class."""
    for label in range(classes):
        (folder / f'images/{label}').mkdir(parents=True)
        for i in range(number):
            cv2.imwrite(str(folder / f'images/{label}/{i}.jpg'), np.full((8, 8), 20 * label + i, np.uint8))
    return folder / 'images'


def images(change: object = None, **counts: int) -> object:
    """A function that writes images, and then changes something about them."""

    def setup(folder: Path) -> None:
        root = write_images(folder, **counts)
        if change is not None:
            change(root)

    return setup


def other_folder(folder: Path) -> None:
    write_images(folder).rename(folder / 'others')
    (folder / 'others/9').rename(folder / 'others/x')
    write_images(folder)


def all_broken(root: Path) -> None:
    for path in root.rglob('*.jpg'):
        path.write_bytes(path.read_bytes()[:40])


def text_files(root: Path) -> None:
    for path in root.rglob('*.jpg'):
        path.write_text('no image')


def no_images(root: Path) -> None:
    for path in root.rglob('*.jpg'):
        path.rename(path.with_suffix('.tga'))


def annotations(*lines: str) -> object:
    return lambda root: (root / 'list.txt').write_text('\n'.join(lines) + '\n')


# Fashion-MNIST's files.


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f'>{array.ndim + 1}I', 0x0800 + array.ndim, *array.shape) + array.astype(np.uint8).tobytes()


def fashion(**changes: bytes | None) -> object:
    """A function that writes the four files; one that is None is left out."""

    def setup(folder: Path) -> None:
        root = folder / 'data/fashion-mnist'
        root.mkdir(parents=True)
        for part, number in (('train', 200), ('t10k', 20)):
            files = dict(images_idx3=idx(np.zeros((number, 28, 28))), labels_idx1=idx(np.arange(number) % 10))
            for kind, content in files.items():
                name = f'{part}_{kind}'
                if (content := changes.get(name, content)) is not None:
                    (root / f'{name.replace("_", "-")}-ubyte.gz').write_bytes(gzip.compress(content))

    return setup


def not_zipped(folder: Path) -> None:
    fashion()(folder)
    (folder / 'data/fashion-mnist/train-images-idx3-ubyte.gz').write_bytes(b'<html>not found</html>')


def folder_of(name: str) -> object:
    return lambda folder: (folder / name).mkdir(parents=True)


def dogs(lists: bool = True, labels: tuple[int, ...] = (1, 2), folders: tuple[int, ...] = (1, 2)) -> object:
    def setup(folder: Path) -> None:
        root = folder / 'data/stanford_dogs'
        root.mkdir(parents=True)
        for label in folders:
            (root / f'Images/n0-dog{label}').mkdir(parents=True)
        for part in ('train', 'test') if lists else ():
            files = np.empty((len(labels), 1), dtype=object)
            files[:, 0] = [f'n0-dog{label}/a.jpg' for label in labels]
            savemat(str(root / f'{part}_list.mat'), dict(file_list=files, labels=np.array(labels, np.uint8)[:, None]))

    return setup


def cub(**lines: str) -> object:
    def setup(folder: Path) -> None:
        root = folder / 'data/cub'
        root.mkdir(parents=True)
        content = dict(images='1 a/a.jpg\n2 b/b.jpg', image_class_labels='1 1\n2 2', train_test_split='1 1\n2 0')
        for name, text in (content | lines).items():
            (root / f'{name}.txt').write_text(text + '\n')

    return setup


# Data sets of photographs, as published.


def published(name: str, classes: int = 120, options: str = '') -> dict[str, object]:
    """A config of one network for so many classes on a data set, all its lines."""
    files = (
        'graphs/single',
        f'datasets/{name}',
        'models/networks_imagenet',
        'schedules/sgd_300e_ens',
        'default_runtime',
    )
    config = f"""
_base_ = {[f'{CONFIGS}/_base_/{file}.py' for file in files]}
_head = dict(_base_.resnet18['head'], num_classes={classes})
model = dict(nodes=dict(net1=dict(network=dict(_base_.resnet18, head=_head))))
{options}
"""
    return dict(config=config, whole=True)


def files(**contents: str) -> object:
    """A function that writes files under data; two underscores divide folders, a name that ends so is one."""

    def setup(folder: Path) -> None:
        for name, content in contents.items():
            path = folder / 'data' / name.replace('__', '/').replace('_DOT_', '.')
            path.parent.mkdir(parents=True, exist_ok=True)
            path.mkdir() if name.endswith('__') else path.write_text(content)

    return setup


FOOD = 'food101__food-101__meta__{}_DOT_txt'


def archive(name: str, write: object, known: bool = True) -> object:
    """A function that puts an archive where the download leaves it, and the sum of its first download beside it."""

    def setup(folder: Path) -> None:
        path = folder / 'data' / name
        path.parent.mkdir()
        write(path)
        if known:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            path.with_name(f'{name}.sha256').write_text(f'{digest}  {name}\n')

    return setup


def escaping(path: Path) -> None:
    with tarfile.open(path, 'w:gz') as tar:
        tar.addfile(tarfile.TarInfo('../outside.txt'))


def cut(path: Path) -> None:
    escaping(path)
    path.write_bytes(path.read_bytes()[:30])


REFUSED_PROXY = dict(https_proxy='http://127.0.0.1:1', no_proxy='')

CASES = [
    # The digits.
    dict(options=[f'{TRAIN}.type=Digit'], says=f'{TRAIN}.type'),
    dict(options=[f'{TRAIN}.type=torchvision.datasets.MNIST'], says=TRAIN),
    dict(options=[f'{TRAIN}.split=training'], says='dataset.split'),
    dict(options=[f'{VAL}.split=validation'], says='dataset.split'),
    dict(options=[f'{TEST}.split=5'], says='dataset.split'),
    dict(options=[f"{TRAIN}.split=['train','val']"], says='dataset.split'),
    dict(options=[f'{TRAIN}.test_mode=yes'], says=f'{TRAIN}.test_mode'),
    dict(options=[f'{TRAIN}.data_root=data/digits'], says=f'{TRAIN}.data_root'),
    dict(options=[f'{TRAIN}.sort=True'], says=TRAIN),
    dict(options=[f'{TRAIN}.indices=0'], says=f'{TRAIN}.indices'),
    dict(options=[f'{TRAIN}.indices=0.5'], says=f'{TRAIN}.indices'),
    dict(options=[f'{TRAIN}.indices=half'], says=f'{TRAIN}.indices'),
    dict(options=[f'{VAL}.indices=True'], says=f'{VAL}.indices'),
    dict(config=f'{TRAIN.split(".", maxsplit=1)[0]} = dict(dataset=dict(indices=[]))', says=f'{TRAIN}.indices'),
    dict(config='val_dataloader = dict(dataset=dict(indices=[0, 1.5]))', says=f'{VAL}.indices'),
    dict(config='train_dataloader = dict(dataset=dict(indices=[0, 5000]))', says=TRAIN, data=True),
    dict(config="train_dataloader = dict(dataset='Digits')", says=TRAIN),
    dict(config="train_dataloader = dict(dataset=[dict(type='Digits')])", says=TRAIN),
    dict(config="val_dataloader = dict(dataset=dict(_delete_=True, split='val'))", says=VAL),
    dict(options=['train_dataloader.drop_last=True', 'train_dataloader.batch_size=65'], says='drop_last', data=True),
    dict(options=['val_dataloader.drop_last=True', 'val_dataloader.batch_size=181'], says='val_dataloader', data=True),
    dict(
        options=['test_dataloader.drop_last=True', 'test_dataloader.batch_size=361'], says='test_dataloader', data=True
    ),
    # Divisions.
    dict(config=split(part='training'), says=f'{TRAIN}.part'),
    dict(config=split(part='both', loader='val'), says=f'{VAL}.part'),
    dict(config=split(part=1), says=f'{TRAIN}.part'),
    dict(config=split(part=None), says=f'{TRAIN}.part'),
    dict(config=split(of=None), says=f'{TRAIN}.of'),
    dict(config=split(val_size=None), says=f'{TRAIN}.val_size'),
    dict(config=split(of='digits'), says=f'{TRAIN}.of'),
    dict(config=split(of='SemiSupervised', num_labels=40), says=f'{TRAIN}.of'),
    dict(config=split(of='Split'), says=f'{TRAIN}.of'),
    dict(config=split(val_size=0), says=f'{TRAIN}.val_size'),
    dict(config=split(val_size=-100), says=f'{TRAIN}.val_size'),
    dict(config=split(val_size=1.0), says=f'{TRAIN}.val_size'),
    dict(config=split(val_size=20.0), says=f'{TRAIN}.val_size'),
    dict(config=split(val_size='20%'), says=f'{TRAIN}.val_size'),
    dict(config=split(val_size=True), says=f'{TRAIN}.val_size'),
    dict(config=split(train_size=0), says=f'{TRAIN}.train_size'),
    dict(config=split(train_size=1.5), says=f'{TRAIN}.train_size'),
    dict(config=split(seed=-1), says=f'{TRAIN}.seed'),
    dict(config=split(seed='zero'), says=f'{TRAIN}.seed'),
    dict(config=split(seed=2**32), says=f'{TRAIN}.seed'),
    dict(config=split(valsize=5), says=TRAIN),
    dict(config=split(split='trainvalid'), says='dataset.split'),
    dict(config=split(val_size=5), says='dataset.val_size', data=True),  # ten classes
    dict(config=split(val_size=1437), says='dataset.val_size', data=True),
    dict(config=split(val_size=5000, part='val', loader='val'), says='dataset.val_size', data=True),
    dict(config=split(train_size=1400), says='dataset.val_size', data=True),
    dict(config=split(train_size=0.6, val_size=0.6), says='dataset.val_size', data=True),
    dict(config=split(indices=5), says='dataset.val_size', data=True),
    # Few labels.
    dict(**semi('num_labels=0'), says=f'{TRAIN}.num_labels'),
    dict(**semi('num_labels=-40'), says=f'{TRAIN}.num_labels'),
    dict(**semi('num_labels=0.1'), says=f'{TRAIN}.num_labels'),
    dict(**semi("num_labels='40'"), says=f'{TRAIN}.num_labels'),
    dict(**semi('num_labels=None'), says=f'{TRAIN}.num_labels'),
    dict(**semi('num_label=40'), says=TRAIN),
    dict(**semi('num_labels=40, seed=-1'), says=f'{TRAIN}.seed'),
    dict(**semi('num_labels=40, seed=0.5'), says=f'{TRAIN}.seed'),
    dict(**semi("num_labels=40, labeled_as_unlabeled='no'"), says=f'{TRAIN}.labeled_as_unlabeled'),
    dict(**semi('num_labels=40, split_folder=True'), says=f'{TRAIN}.split_folder'),
    dict(**semi('num_labels=40, indices=200'), says=f'{TRAIN}.indices'),
    dict(config=SEMI.replace("dataset=dict(type='Digits')", "dataset='Digits'"), whole=True, says=f'{TRAIN}.dataset'),
    dict(config=SEMI.replace("dataset=dict(type='Digits')", 'dataset=dict()'), whole=True, says=f'{TRAIN}.dataset'),
    dict(config=SEMI.replace("type='Digits'", "type='Digit'"), whole=True, says=f'{TRAIN}.dataset.type'),
    dict(config=SEMI.replace("type='Digits'", "type='Digits', split='all'"), whole=True, says='dataset.split'),
    dict(config=SEMI.replace("type='Digits'", "type='Digits', indices=0"), whole=True, says=f'{TRAIN}.dataset.indices'),
    dict(**semi('num_labels=5'), says=f'{TRAIN}.num_labels', data=True),
    dict(**semi('num_labels=1258'), says=f'{TRAIN}.num_labels', data=True),
    dict(**semi('num_labels=1250'), says=f'{TRAIN}.num_labels', data=True),
    dict(
        **semi("num_labels=40, split_folder='splits'"),
        setup=lambda folder: (folder / 'splits').write_text(''),
        says='splits',
        data=True,
    ),
    # Their sampler.
    dict(**semi(sampler='labeled=-12, unlabeled=44, infinite=True'), says='train_dataloader.sampler.labeled'),
    dict(**semi(sampler='labeled=12.0, unlabeled=20, infinite=True'), says='train_dataloader.sampler.labeled'),
    dict(**semi(sampler='labeled=12, infinite=True'), says='train_dataloader'),
    dict(**semi(sampler="labeled=12, unlabeled='all', infinite=True"), says='train_dataloader.sampler.unlabeled'),
    dict(**semi(sampler="labeled=12, unlabeled=20, infinite='no'"), says='train_dataloader.sampler.infinite'),
    dict(**semi(sampler='labeled=12, unlabeled=20, infinite=True, seed=-1'), says='sampler.seed'),
    dict(**semi(sampler='labeled=12, unlabeled=20, infinite=True, shuffle=True'), says='train_dataloader.sampler'),
    dict(**semi(loader='batch_size=64'), says='train_dataloader.batch_size'),
    dict(
        **semi(sampler='labeled=1, unlabeled=1218, infinite=True', loader='batch_size=1219'),
        says='train_dataloader.sampler.unlabeled',
        data=True,
    ),
    dict(
        config="train_dataloader = dict(sampler=dict(_delete_=True, type='SemiSupervisedSampler', labeled=64,"
        ' unlabeled=0))',
        says='train_dataloader.sampler',
        data=True,
    ),
    dict(options=['train_dataloader.sampler.seed=-1'], says='sampler.seed'),
    dict(options=['train_dataloader.sampler.seed=first'], says='sampler.seed'),
    # Folders and lists of images.
    dict(config=FOLDERS.format(''), says=f'{TRAIN}.data_root'),
    dict(config=FOLDERS.format(", data_prefix='training'"), setup=images(), says=TRAIN, data=True),
    dict(config=FOLDERS.format(''), setup=folder_of('images'), says=TRAIN, data=True),
    dict(config=FOLDERS.format(''), setup=images(no_images), says=TRAIN, data=True),
    dict(config=FOLDERS.format(''), setup=images(all_broken), says='.jpg', data=True),
    dict(config=FOLDERS.format(''), setup=images(text_files), says='.jpg', data=True),
    dict(
        config=FOLDERS.format('').replace("type='LoadImage'", "type='LoadImage', on_error='skip'"),
        setup=images(all_broken),
        says='.jpg',
        data=True,
    ),
    dict(config=FOLDERS.format(", ann_file='list.txt'"), setup=images(), says='list.txt', data=True),
    dict(
        config=FOLDERS.format(", ann_file='list.txt'"),
        setup=images(annotations('0/0.jpg', '1/0.jpg')),
        says=TRAIN,
        data=True,
    ),
    dict(
        config=FOLDERS.format(", ann_file='list.txt'"),
        setup=images(annotations('0/0.jpg zero', '1/0.jpg one')),
        says=TRAIN,
        data=True,
    ),
    dict(
        config=FOLDERS.format(", ann_file='list.txt'"),
        setup=images(annotations(*(f'{label}/nowhere.jpg {label}' for label in range(10)))),
        says='nowhere.jpg',
        data=True,
    ),
    dict(config=FOLDERS.format(", classes=['a', 'b']"), setup=images(), says=TRAIN, data=True),
    dict(config=FOLDERS.format('') + OTHER_FOLDER, setup=other_folder, says="class 9 is 'x', but '9'", data=True),
    dict(config=FOLDERS.format('') + SPLIT_FOLDER, setup=images(), says=f'{TRAIN}: ', data=True),
    # Fashion-MNIST.
    dict(base=FASHION, config=split(of='FashionMNISTFiles', split='val'), says='dataset.split'),
    dict(base=FASHION, options=[f'{TRAIN}.data_root=data/fashion'], says=f'{TRAIN}.data_root'),
    dict(base=FASHION, options=[f'{TRAIN}.download=True'], says=TRAIN),
    dict(base=FASHION, setup=folder_of('data/fashion-mnist'), says='download_dataset.py fashion_mnist', data=True),
    dict(base=FASHION, setup=fashion(train_labels_idx1=None), says='train-labels-idx1-ubyte', data=True),
    dict(base=FASHION, setup=fashion(train_images_idx3=b''), says='train-images-idx3-ubyte', data=True),
    dict(base=FASHION, setup=fashion(train_images_idx3=idx(np.zeros(200))), says='train-images-idx3-ubyte', data=True),
    dict(base=FASHION, setup=fashion(train_labels_idx1=idx(np.zeros(7))), says='train-labels-idx1-ubyte', data=True),
    dict(base=FASHION, setup=fashion(train_labels_idx1=idx(np.arange(200))), says='train-labels-idx1', data=True),
    dict(base=FASHION, setup=fashion(), says='dataset.val_size', data=True),  # 200 of 60,000 images
    dict(base=FASHION, setup=not_zipped, says='train-images-idx3-ubyte.gz', data=True),
    # CIFAR-10.
    dict(base=CIFAR, says=f'{TRAIN}.data_root'),
    dict(base=CIFAR, options=[f'{TRAIN}.data_root=5'], says=f'{TRAIN}.data_root'),
    dict(base=CIFAR, setup=folder_of('data/cifar10'), says='data/cifar10', data=True),
    dict(base=CIFAR, setup=folder_of('data/cifar10'), options=[f'{TRAIN}.split=valid'], says=TRAIN),
    dict(
        base=CIFAR,
        setup=folder_of('data/cifar10'),
        options=[f'{TRAIN}.download=True'],
        environ=REFUSED_PROXY,
        says=TRAIN,
        data=True,
    ),
    # Lists and folders of files.
    dict(base=DOGS, says=f'{TRAIN}.data_root'),
    dict(base=DOGS, setup=dogs(lists=False), says='train_list.mat', data=True),
    dict(base=DOGS, setup=dogs(labels=()), says='train_list.mat', data=True),
    dict(base=DOGS, setup=dogs(labels=(0, 1)), says='train_list.mat', data=True),
    dict(base=DOGS, setup=dogs(folders=(1,)), says='n0-dog2', data=True),
    dict(base=DOGS, setup=dogs(), options=[f'{TRAIN}.split=val'], says='dataset.split'),
    dict(base=CUB, setup=cub(images=''), says='data/cub', data=True),
    dict(base=CUB, setup=cub(image_class_labels='1 0\n2 1'), says='data/cub', data=True),
    dict(base=CUB, setup=cub(train_test_split='1 0\n2 0'), says='data/cub', data=True),
    dict(base=CUB, setup=cub(train_test_split='1 yes'), says='data/cub', data=True),
    dict(base=CUB, setup=folder_of('data/cub'), says='images.txt', data=True),
    # Data sets of photographs.
    dict(**published('food101', 101), says=f'{TRAIN}.data_root'),
    dict(**published('tiny_imagenet', 200), says='download_dataset.py tiny_imagenet'),
    dict(**published('food101', 101), setup=folder_of('data/food101/food-101'), says='meta/train.txt', data=True),
    dict(
        **published('food101', 101),
        setup=files(**{FOOD.format('train'): 'apple_tart/1\n', FOOD.format('test'): 'apple_pie/2\n'}),
        says="has no class 'apple_tart'; did you mean 'apple_pie'?",
        data=True,
    ),
    dict(**published('food101', 101, "train_dataloader = dict(dataset=dict(split='val'))"), says=TRAIN),
    dict(**published('food101', 102), setup=folder_of('data/food101/food-101'), says='num_classes'),
    dict(
        **published('fgvc_aircraft', 102), setup=folder_of('data/fgvc_aircraft/fgvc-aircraft-2013b'), says='num_classes'
    ),
    dict(**published('cinic10', 10), setup=folder_of('data/cinic10'), says='train/airplane has no images', data=True),
    dict(
        **published('cinic10', 10),
        setup=lambda folder: [(folder / f'data/cinic10/train/{name}').mkdir(parents=True) for name in ('cat', 'zebra')],
        says="'zebra'",
        data=True,
    ),
    dict(**published('caltech101', 101), setup=folder_of('data/caltech101'), says='has 0 images', data=True),
    dict(**published('tiny_imagenet', 200), setup=folder_of('data/tiny_imagenet'), says='wnids.txt', data=True),
    dict(
        **published('tiny_imagenet', 200),
        setup=files(tiny_imagenet__wnids_DOT_txt='n01443537', tiny_imagenet__words_DOT_txt=''),
        says='train/n01443537/images is missing',
        data=True,
    ),
    dict(
        **published('tiny_imagenet', 200, "train_dataloader = dict(dataset=dict(split='test'))"),
        setup=folder_of('data/tiny_imagenet'),
        says='dataset.split',
    ),
    # Downloads.
    dict(tool='download_dataset', args=['imagenet', '--data-root', 'data'], says='image-net.org'),
    dict(tool='download_dataset', args=['food', '--data-root', 'data'], says="'food101'"),
    dict(
        tool='download_dataset',
        args=['fgvc_aircraft', '--data-root', '{folder}/data'],
        setup=archive('fgvc-aircraft-2013b.tar.gz', escaping),
        says='outside',
    ),
    dict(
        tool='download_dataset',
        args=['cinic10', '--data-root', '{folder}/data'],
        setup=archive('CINIC-10.tar.gz', cut),
        says='CINIC-10.tar.gz: cannot be downloaded and unpacked',
    ),
    dict(
        tool='download_dataset',
        args=['tiny_imagenet', '--data-root', '{folder}/data'],
        setup=archive('tiny-imagenet-200.zip', escaping),
        environ=REFUSED_PROXY,
        says='tiny-imagenet-200.zip',
    ),
    dict(tool='download_dataset', args=['cifar', '--data-root', '{folder}/data'], says="'cifar10'"),
    dict(tool='download_dataset', args=['dogs', '--data-root', '{folder}/data'], says="'dogs'"),
    dict(tool='download_dataset', args=['stanford_cars', '--data-root', 'data'], says="'stanford_cars'"),
    dict(
        tool='download_dataset',
        args=['cub', '--data-root', '{folder}/data'],
        environ=REFUSED_PROXY,
        says='CUB_200_2011.tgz',
    ),
    dict(
        tool='download_dataset',
        args=['cifar100', '--data-root', '{folder}/data'],
        setup=lambda folder: (folder / 'data').write_text(''),
        says='cifar-100-python.tar.gz',
    ),
    dict(tool='download_dataset', args=['cub', '--data-root', '/proc/data'], says='CUB_200_2011.tgz'),
    # images of both parts
    dict(config=f'{split(seed=1)}\n{split("val", "val")}', says=f'{TRAIN}.seed: is 1, but {VAL}.seed is 0'),
    dict(config=f'{split(val_size=50)}\n{split("val", "val")}', says=f'{TRAIN}.val_size'),
    dict(config=f'{split("val")}\n{split("val", "val")}', says=f'{TRAIN}.part'),
    dict(
        config=f"{split('val', 'val')}\ntrain_dataloader = dict(dataset=dict(split='trainval'))", says=f'{TRAIN}.type'
    ),
]
