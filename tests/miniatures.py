"""Miniature data sets in the official layouts, written where a test wants them.

Tests get this module as the fixture ``miniatures``: pytest's importlib mode does not put this folder on the path.
"""

import gzip
import hashlib
import pickle
import struct
import tarfile
from pathlib import Path

import cv2
import numpy as np
from scipy.io import savemat


def class_image(label: int, variant: int = 0, size: tuple[int, int] = (40, 48)) -> np.ndarray:
    """Returns an image (H, W, 3), uint8, whose colour tells its class; the variant adds noise."""
    colour = np.random.default_rng(label).integers(0, 256, 3)
    noise = np.random.default_rng((label, variant)).integers(-20, 21, (*size, 3))
    return np.clip(colour + noise, 0, 255).astype(np.uint8)


def write_stanford_dogs(
    root: Path,
    train_per_class: int = 2,
    test_per_class: int = 1,
    num_classes: int = 120,
    size: tuple[int, int] = (40, 48),
    lists: str = '',
) -> Path:
    """Writes Images/<number>-<breed>/*.jpg and the official lists of it; returns ``root``.

    Args:
        root: Folder to write into.
        train_per_class: Training images a class.
        test_per_class: Test images a class.
        num_classes: Folders; the official number is 120.
        size: Height and width in pixels.
        lists: Folder of the .mat files under root; the official archive has none.
    """
    entries: dict[str, list[tuple[str, int]]] = {'train': [], 'test': []}
    for label in range(num_classes):
        number = f'n{2085620 + label:08d}'
        folder = f'{number}-Breed_{label}'
        (root / 'Images' / folder).mkdir(parents=True)
        for variant in range(train_per_class + test_per_class):
            name = f'{folder}/{number}_{variant}.jpg'
            cv2.imwrite(str(root / 'Images' / name), class_image(label, variant, size))
            entries['train' if variant < train_per_class else 'test'].append((name, label + 1))
    (root / lists).mkdir(exist_ok=True)
    for part, rows in (*entries.items(), ('file', entries['train'] + entries['test'])):
        names = np.empty((len(rows), 1), dtype=object)
        names[:, 0] = [name for name, _ in rows]
        labels = np.array([[label] for _, label in rows], dtype=np.uint8)
        savemat(str(root / lists / f'{part}_list.mat'), {'file_list': names, 'labels': labels})
    return root


def write_stanford_cars(root: Path, train_per_class: int = 2, test_per_class: int = 1, num_classes: int = 5) -> Path:
    """Writes car_ims/*.jpg and cars_annos.mat; returns ``root``."""
    (root / 'car_ims').mkdir(parents=True)
    rows = []
    for label in range(num_classes):
        for variant in range(train_per_class + test_per_class):
            name = f'car_ims/{len(rows):06d}.jpg'
            cv2.imwrite(str(root / name), class_image(label, variant))
            rows.append((name, np.uint8(label + 1), np.uint8(variant >= train_per_class)))
    annotations = np.array([rows], dtype=[('relative_im_path', object), ('class', object), ('test', object)])
    savemat(str(root / 'cars_annos.mat'), {'annotations': annotations})
    return root


def write_cub(root: Path, train_per_class: int = 2, test_per_class: int = 1, num_classes: int = 200) -> Path:
    """Writes CUB_200_2011 with images/<number>.<species>/*.jpg and the three official lists; returns ``root``."""
    folder = root / 'CUB_200_2011'
    lists: dict[str, list[str]] = {'images': [], 'image_class_labels': [], 'train_test_split': []}
    for label in range(num_classes):
        species = f'{label + 1:03d}.Species_{label}'
        (folder / 'images' / species).mkdir(parents=True)
        for variant in range(train_per_class + test_per_class):
            name = f'{species}/Species_{label}_{variant:04d}.jpg'
            cv2.imwrite(str(folder / 'images' / name), class_image(label, variant))
            for rows, value in zip(lists.values(), (name, label + 1, int(variant < train_per_class)), strict=True):
                rows.append(f'{len(rows) + 1} {value}\n')
    for kind, rows in lists.items():
        (folder / f'{kind}.txt').write_text(''.join(rows))
    return root


def write_cifar(root: Path, dataset: type, images_per_file: int = 100) -> dict[str, list[list[str]]]:
    """Writes miniature CIFAR batches, the classes in turn.

    Args:
        root: Folder to write into.
        dataset: mmpretrain's CIFAR10 or CIFAR100.
        images_per_file: Images in each of the files.

    Returns:
        ``train_list`` and ``test_list`` with the miniature's MD5 sums, to be set on ``dataset`` with monkeypatch:
        mmpretrain unpickles nothing whose sum is not the expected one.
    """
    folder = root / dataset.base_folder
    folder.mkdir(parents=True)
    classes = len(dataset.METAINFO['classes'])
    lists: dict[str, list[list[str]]] = {}
    for key in ('train_list', 'test_list'):
        lists[key] = []
        for name, _ in getattr(dataset, key):
            labels = [i % classes for i in range(images_per_file)]
            images = [class_image(label, i, (32, 32)).transpose(2, 0, 1).ravel() for i, label in enumerate(labels)]
            label_key = 'labels' if classes == 10 else 'fine_labels'
            content = pickle.dumps({'data': np.stack(images), label_key: labels})
            (folder / name).write_bytes(content)
            lists[key].append([name, hashlib.md5(content).hexdigest()])
    return lists


def idx_bytes(array: np.ndarray) -> bytes:
    """Returns an array of bytes as an idx file's content."""
    return struct.pack(f'>{array.ndim + 1}I', 0x0800 + array.ndim, *array.shape) + array.astype(np.uint8).tobytes()


def write_fashion_mnist(root: Path, train: int = 100, test: int = 20, zipped: bool = True) -> Path:
    """Writes the four idx files, the classes in turn; every pixel of image i is i. Returns ``root``."""
    root.mkdir(parents=True, exist_ok=True)
    for part, count in (('train', train), ('t10k', test)):
        numbers = np.arange(count)
        for kind, array in (
            ('images-idx3', np.broadcast_to(numbers[:, None, None], (count, 28, 28))),
            ('labels-idx1', numbers % 10),
        ):
            path = root / f'{part}-{kind}-ubyte'
            if zipped:
                path.with_name(path.name + '.gz').write_bytes(gzip.compress(idx_bytes(array)))
            else:
                path.write_bytes(idx_bytes(array))
    return root


def write_tar(path: Path, root: Path, *names: str) -> str:
    """Packs files or folders of ``root`` into a tar archive and returns its MD5 sum."""
    with tarfile.open(path, 'w') as tar:
        for name in names:
            tar.add(root / name, arcname=name)
    return hashlib.md5(path.read_bytes()).hexdigest()


def write_penn_treebank(root: Path, words: int = 50, lines: int = 60) -> Path:
    """Writes ptb.train.txt, ptb.valid.txt and ptb.test.txt; returns ``root``.

    Args:
        root: Folder to write into.
        words: Different words of the training text, ``<unk>`` among them and the end of a line not.
        lines: Of the training text, of six words each, beyond those in which every word comes once.
    """
    root.mkdir(parents=True, exist_ok=True)
    known = ['<unk>', *(f'word{number}' for number in range(words - 1))]
    rng = np.random.default_rng(0)
    for split, number in dict(train=lines, valid=10, test=12).items():
        drawn = [[known[i] for i in rng.integers(0, words, 6)] for _ in range(number)]
        every = [known] if split == 'train' else []
        text = ''.join(f' {" ".join(line)} \n' for line in every + drawn)
        (root / f'ptb.{split}.txt').write_text(text)
    return root
