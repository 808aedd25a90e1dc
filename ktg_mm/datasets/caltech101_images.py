"""Caltech-101 without lists."""

import hashlib
from pathlib import Path
from typing import Any

from mmpretrain.datasets import BaseDataset, Caltech101
from mmpretrain.registry import DATASETS

from ktg_mm.datasets.download import how_to_get
from ktg_mm.errors import ConfigError, DataError

_BACKGROUND = 'BACKGROUND_Google'
_TRAIN = 30  # images a class


@DATASETS.register_module()
class Caltech101Images(BaseDataset):
    """Caltech-101 (Fei-Fei et al., 2004): 101 classes, 30 images of each to train on and the other 5,647 to test on.

    The official archive has no lists. mmpretrain's ``Caltech101`` takes OpenMMLab's, which count the background as a
    class of its own; here there are the 101 classes of the thesis. Thirty training images a class are the usual number;
    which they are is our choice: those with the lowest SHA-256 of ``class/file``, the same everywhere. Layout, as the
    archive unpacks, or the folder ``101_ObjectCategories`` in ``data_root`` itself::

        data_root
        `-- caltech-101
            `-- 101_ObjectCategories
                |-- BACKGROUND_Google            (left out)
                |-- Faces
                |   |-- image_0001.jpg
                |   `-- ...
                `-- ... (101 folders)

    Each sample has ``img_path`` and ``gt_label``, 0 to 100 by the folders' names.

    Args:
        data_root: Folder of the data set.
        split: ``'train'`` or ``'test'``. Defaults to ``'train'``.
        test_mode: Whether a sample refused by the pipeline is an error. Defaults to None: for the test images.
        **kwargs: Options of mmpretrain's ``BaseDataset``, such as ``pipeline``.

    Raises:
        ConfigError: If the split is neither of the two.
        DataError: If a class's folder is missing, or has no image to test on, or there is one more.

    Example:
        >>> Caltech101Images(data_root='data/nowhere')
        Traceback (most recent call last):
        ...
        ktg_mm.errors.DataError: Caltech-101: data/nowhere/101_ObjectCategories/Faces has 0 images, must have more ...
    """

    METAINFO = {'classes': tuple(name for name in Caltech101.METAINFO['classes'] if name != _BACKGROUND)}

    def __init__(self, data_root: str, split: str = 'train', test_mode: bool | None = None, **kwargs: Any) -> None:
        if split not in ('train', 'test'):
            raise ConfigError('dataset.split', f"Caltech-101 has the splits 'train' and 'test', got {split!r}")
        self.split = split
        super().__init__(
            ann_file='',
            data_root=data_root,
            test_mode=split == 'test' if test_mode is None else test_mode,
            **kwargs,
        )

    def load_data_list(self) -> list[dict[str, Any]]:
        """Returns the part's samples, each with ``img_path`` and ``gt_label``."""
        root = Path(self.data_root).expanduser()
        unpacked = root / 'caltech-101'
        root = (unpacked if unpacked.is_dir() else root) / '101_ObjectCategories'
        classes = self.METAINFO['classes']
        others = {path.name for path in root.glob('*') if path.is_dir()} - {*classes, _BACKGROUND}
        if others:
            raise DataError(f'{root}: has the folder {min(others)!r}, which is no class of Caltech-101')
        samples = []
        for label, name in enumerate(classes):
            files = sorted((root / name).glob('*.jpg'))
            if len(files) <= _TRAIN:
                how = how_to_get('caltech101', self.data_root)
                raise DataError(
                    f'Caltech-101: {root / name} has {len(files)} images, must have more than {_TRAIN}; {how}'
                )
            train = set(sorted(files, key=_rank)[:_TRAIN])
            chosen = [file for file in files if (file in train) == (self.split == 'train')]
            samples += [{'img_path': str(file), 'gt_label': label} for file in chosen]
        return samples

    def extra_repr(self) -> list[str]:
        """Returns the lines that ``repr`` adds for this data set."""
        return [f'Root of dataset: \t{self.data_root}', f'Split: \t{self.split}']


def _rank(file: Path) -> str:
    return hashlib.sha256(f'{file.parent.name}/{file.name}'.encode()).hexdigest()
