"""mmpretrain's readers of data sets that configs take as they are, beside torchvision's, on miniatures."""

from collections import Counter
from pathlib import Path

import pytest
from mmpretrain.registry import DATASETS
from torchvision import datasets

import ktg_mm.datasets  # noqa: F401  registers


def ours(kind, root, split, prefix=''):
    """How often each file is of which class."""
    data = DATASETS.build(dict(type=kind, data_root=str(root), split=split))
    infos = [data.get_data_info(i) for i in range(len(data))]
    return Counter(
        (Path(info['img_path']).relative_to(root).as_posix(), data.CLASSES[info['gt_label']]) for info in infos
    )


def theirs(root, files, data, name=lambda text: text):
    """The same of torchvision's."""
    labels = data._labels if hasattr(data, '_labels') else data.y
    pairs = zip(files, labels, strict=True)
    return Counter((Path(file).relative_to(root).as_posix(), name(data.classes[label])) for file, label in pairs)


@pytest.mark.parametrize('split', ['train', 'val', 'trainval', 'test'])
def test_fgvc_aircraft(tmp_path, miniatures, split):
    folder = miniatures.write_fgvc_aircraft(tmp_path)
    other = datasets.FGVCAircraft(tmp_path, split=split)
    assert ours('FGVCAircraft', folder, split) == theirs(folder, other._image_files, other)
    assert other.classes == list(DATASETS.get('FGVCAircraft').METAINFO['classes'])  # in the official order


@pytest.mark.parametrize('split', ['train', 'test'])
def test_food101(tmp_path, miniatures, split):
    folder = miniatures.write_food101(tmp_path)
    other = datasets.Food101(tmp_path, split=split)
    assert ours('Food101', folder, split) == theirs(folder, other._image_files, other)


@pytest.mark.parametrize('split', ['trainval', 'test'])
def test_oxford_pets(tmp_path, miniatures, split):
    folder = miniatures.write_oxford_pets(tmp_path / 'oxford-iiit-pet')
    other = datasets.OxfordIIITPet(tmp_path, split=split)
    found = ours('OxfordIIITPet', folder, split)
    title = Counter({(file, name.replace('_', ' ').title()): number for (file, name), number in found.items()})
    assert title == theirs(folder, other._images, other)


@pytest.mark.parametrize('split', ['train', 'val', 'test'])
def test_flowers102(tmp_path, miniatures, monkeypatch, split):
    folder = miniatures.write_flowers102(tmp_path / 'flowers-102')
    monkeypatch.setattr(datasets.Flowers102, '_check_integrity', lambda self: True)
    other = datasets.Flowers102(tmp_path, split=split)
    assert ours('OxfordFlowers102', folder, split) == theirs(folder, other._image_files, other)


@pytest.mark.parametrize('split', ['train', 'val', 'test'])
def test_dtd(tmp_path, miniatures, split):
    folder = miniatures.write_dtd(tmp_path / 'dtd')
    other = datasets.DTD(tmp_path, split=split)
    assert ours('DTD', folder, split) == theirs(folder, other._image_files, other)


def test_sun397(tmp_path, miniatures):
    root = miniatures.write_sun397(tmp_path)
    listed = [line for path in (root / 'Partitions').iterdir() for line in path.read_text().splitlines()]
    classes = sorted({line.rsplit('/', 1)[0] for line in listed})
    (root / 'SUN397' / 'ClassName.txt').write_text(''.join(f'{name}\n' for name in classes))
    other = datasets.SUN397(root)
    found = ours('SUN397', root, 'train') + ours('SUN397', root, 'test')
    assert found == theirs(root, other._image_files, other, name=lambda text: text.replace('/', '_'))
    assert not ours('SUN397', root, 'train').keys() & ours('SUN397', root, 'test').keys()


def test_caltech101(tmp_path, miniatures):
    folder = miniatures.write_caltech101(tmp_path, per_class=31) / 'caltech-101'
    folder.rename(tmp_path / 'caltech101')
    other = datasets.Caltech101(tmp_path)
    found = ours('Caltech101Images', tmp_path / 'caltech101', 'train')
    found += ours('Caltech101Images', tmp_path / 'caltech101', 'test')
    assert len(found) == len(other) == 31 * 101
    assert {name for _, name in found} == set(other.categories)
    assert DATASETS.get('Caltech101Images').METAINFO['classes'] == tuple(other.categories)
