"""Miniature data sets in the official layouts, written where a test wants them.

Tests get this module as the fixture ``miniatures``: pytest's importlib mode does not put this folder on the path.
"""

import gzip
import hashlib
import json
import pickle
import struct
import tarfile
from pathlib import Path

import cv2
import numpy as np
from mmpretrain.datasets import categories
from PIL import Image
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


def write_images(folder: Path, label: int, names: list[str], size: tuple[int, int] = (40, 48)) -> None:
    """Writes an image of a class under each of the names; they are one file."""
    folder.mkdir(parents=True, exist_ok=True)
    first, *others = (folder / name for name in names)
    first.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(first), class_image(label, size=size))
    for path in others:
        path.hardlink_to(first)


def write_tiny_imagenet(root: Path, train_per_class: int = 2, val_per_class: int = 1, num_classes: int = 200) -> Path:
    """Writes tiny-imagenet-200 with train/<number>/images, val/images and the lists; returns ``root``."""
    folder = root / 'tiny-imagenet-200'
    (folder / 'val' / 'images').mkdir(parents=True)
    numbers = [f'n{1443537 + 1000 * label:08d}' for label in range(num_classes)]
    rows: list[str] = []
    for label, number in enumerate(numbers):
        names = [f'{number}_{i}.JPEG' for i in range(train_per_class)]
        write_images(folder / 'train' / number / 'images', label, names, (64, 64))
        for _ in range(val_per_class):
            name = f'val_{len(rows)}.JPEG'
            grey = class_image(label, 1, (64, 64))[..., 0]  # some of the official ones are
            cv2.imwrite(str(folder / 'val' / 'images' / name), grey)
            rows.append(f'{name}\t{number}\t0\t0\t62\t62\n')
    (folder / 'val' / 'val_annotations.txt').write_text(''.join(rows[::-1]))
    (folder / 'wnids.txt').write_text(''.join(f'{number}\n' for number in numbers[::-1]))  # not in order, officially
    words = (f'{number}\tthing {label}, Res {label}\n' for label, number in enumerate(numbers))
    (folder / 'words.txt').write_text('n00001740\tentity\n' + ''.join(words))
    return root


def write_cinic10(root: Path, per_class: int = 2) -> Path:
    """Writes train, valid and test/<class>/*.png; returns ``root``."""
    classes = ('airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck')
    for part in ('train', 'valid', 'test'):
        for label, name in enumerate(classes):
            names = [f'n{i}_{part}.png' for i in range(per_class)]
            write_images(root / part / name, label, names, (32, 32))
    return root


def write_caltech101(root: Path, per_class: int = 32) -> Path:
    """Writes caltech-101/101_ObjectCategories/<class>/*.jpg, the background among them; returns ``root``."""
    for label, name in enumerate(categories.CALTECH101_CATEGORIES):
        names = [f'image_{i + 1:04d}.jpg' for i in range(per_class)]
        write_images(root / 'caltech-101' / '101_ObjectCategories' / name, label, names)
    return root


def write_fgvc_aircraft(root: Path) -> Path:
    """Writes an image a variant for each of train, val and test, and the official lists; returns the inner folder."""
    folder = root / 'fgvc-aircraft-2013b'
    lists: dict[str, list[str]] = {'train': [], 'val': [], 'trainval': [], 'test': []}
    for label, variant in enumerate(categories.FGVCAIRCRAFT_CATEGORIES):
        numbers = [f'{1000 * i + label:07d}' for i in range(3)]
        write_images(folder / 'data' / 'images', label, [f'{number}.jpg' for number in numbers])
        for number, parts in zip(numbers, (('train', 'trainval'), ('val', 'trainval'), ('test',)), strict=True):
            for part in parts:
                lists[part].append(f'{number} {variant}\n')
    for part, rows in lists.items():
        (folder / 'data' / f'images_variant_{part}.txt').write_text(''.join(rows))
    variants = ''.join(f'{name}\n' for name in categories.FGVCAIRCRAFT_CATEGORIES)
    (folder / 'data' / 'variants.txt').write_text(variants)
    return folder


def write_food101(root: Path) -> Path:
    """Writes two training images and a test image a dish, and the official lists; returns the inner folder."""
    folder = root / 'food-101'
    (folder / 'meta').mkdir(parents=True)
    lists: dict[str, dict[str, list[str]]] = {'train': {}, 'test': {}}
    for label, name in enumerate(sorted(categories.FOOD101_CATEGORIES)):
        numbers = [str(100 * label + i) for i in range(3)]
        write_images(folder / 'images' / name, label, [f'{number}.jpg' for number in numbers])
        lists['train'][name] = [f'{name}/{number}' for number in numbers[:2]]
        lists['test'][name] = [f'{name}/{numbers[2]}']
    for part, names in lists.items():
        (folder / 'meta' / f'{part}.json').write_text(json.dumps(names))
        (folder / 'meta' / f'{part}.txt').write_text(''.join(f'{name}\n' for rows in names.values() for name in rows))
    return folder


def write_oxford_pets(root: Path) -> Path:
    """Writes two training images and a test image a breed, and the official lists; returns ``root``."""
    (root / 'annotations').mkdir(parents=True)
    lists: dict[str, list[str]] = {'trainval': [], 'test': []}
    for label, breed in enumerate(sorted(categories.OxfordIIITPet_CATEGORIES, key=str.lower)):
        names = [f'{breed}_{i}' for i in range(1, 4)]
        write_images(root / 'images', label, [f'{name}.jpg' for name in names])
        kind = 1 if breed[0].isupper() else 2  # the cats' names are
        rows = [f'{name} {label + 1} {kind} 1\n' for name in names]
        lists['trainval'] += rows[:2]
        lists['test'] += rows[2:]
    for part, rows in lists.items():
        (root / 'annotations' / f'{part}.txt').write_text(''.join(rows))
    return root


def write_flowers102(root: Path) -> Path:
    """Writes jpg/image_*.jpg, an image a class for each part, imagelabels.mat and setid.mat; returns ``root``."""
    for label in range(102):
        write_images(root / 'jpg', label, [f'image_{102 * part + label + 1:05d}.jpg' for part in range(3)])
    savemat(str(root / 'imagelabels.mat'), {'labels': np.tile(np.arange(1, 103, dtype=np.uint8), 3)[None]})
    numbers = np.arange(1, 307, dtype=np.uint16).reshape(3, 1, 102)
    savemat(str(root / 'setid.mat'), dict(zip(('trnid', 'valid', 'tstid'), numbers, strict=True)))
    return root


def write_sun397(root: Path) -> Path:
    """Writes two training images and a test image a scene, a GIF among them, and the first division's lists."""
    nested = {'apartment_building_outdoor': 'apartment_building/outdoor', 'church_indoor': 'church/indoor'}
    (root / 'Partitions').mkdir(parents=True)
    lists: dict[str, list[str]] = {'Training': [], 'Testing': []}
    for label, name in enumerate(categories.SUN397_CATEGORIES):
        folder = f'/{name[0]}/{nested.get(name, name)}'
        names = [f'sun_a{chr(97 + i)}.jpg' for i in range(3)]
        write_images(root / 'SUN397' / folder[1:], label, names)
        lists['Training'] += [f'{folder}/{name}\n' for name in names[:2]]
        lists['Testing'] += [f'{folder}/{names[2]}\n']
    gif = root / 'SUN397' / lists['Testing'][0].strip()[1:]
    gif.unlink()
    Image.fromarray(class_image(0)).save(gif, format='GIF')
    for part, rows in lists.items():
        (root / 'Partitions' / f'{part}_01.txt').write_text(''.join(rows))
    return root


def write_dtd(root: Path) -> Path:
    """Writes an image a texture for each of train, val and test, imdb.mat and the first division's lists."""
    folder = root / 'dtd'
    for name in ('imdb', 'labels'):
        (folder / name).mkdir(parents=True)
    rows: list[tuple[str, int, int]] = []
    for label, texture in enumerate(categories.DTD_CATEGORIES):
        names = [f'{texture}/{texture}_{i:04d}.jpg' for i in range(3)]
        write_images(folder / 'images' / texture, label, [name.split('/')[1] for name in names])
        rows += [(name, label + 1, part) for part, name in enumerate(names, 1)]
    names = np.empty((1, len(rows)), dtype=object)
    names[0] = [name for name, _, _ in rows]
    numbers = {key: np.array([[row[i] for row in rows]], dtype=np.uint8) for key, i in (('class', 1), ('set', 2))}
    savemat(str(folder / 'imdb' / 'imdb.mat'), {'images': {'name': names, **numbers}})
    for number, part in enumerate(('train', 'val', 'test'), 1):
        text = ''.join(f'{name}\n' for name, _, its in rows if its == number)
        (folder / 'labels' / f'{part}1.txt').write_text(text)
    return folder


def write_imagenet(root: Path, train_per_class: int = 2) -> Path:
    """Writes train and val/<number>/*.JPEG for 1,000 classes; returns ``root``."""
    names = [f'{part}/n{label:08d}' for part in ('train', 'val') for label in range(1000)]
    for name in names:
        (root / name).mkdir(parents=True)
    files = [f'{name}/{i}.JPEG' for name in names for i in range(train_per_class if name.startswith('train') else 1)]
    write_images(root, 0, files)
    return root
