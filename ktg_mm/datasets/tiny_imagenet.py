"""Tiny-ImageNet."""

from pathlib import Path
from typing import Any

from mmpretrain.datasets import BaseDataset
from mmpretrain.registry import DATASETS

from ktg_mm.datasets.download import how_to_get
from ktg_mm.errors import ConfigError, DataError
from ktg_mm.mmengine_private import own_metainfo


@DATASETS.register_module()
class TinyImageNet(BaseDataset):
    """Tiny-ImageNet (Stanford CS231n, 2015): 200 classes of ImageNet, 100,000 training and 10,000 validation images.

    The images have 64 x 64 pixels. The folder may be the one that the official archive was unpacked into, or the one
    that it makes there::

        data_root
        `-- tiny-imagenet-200
            |-- wnids.txt                        (WordNet's numbers of the classes)
            |-- words.txt                        (what each of them means)
            |-- train
            |   `-- n01443537
            |       `-- images
            |           `-- n01443537_0.JPEG     (500)
            `-- val
                |-- images
                |   `-- val_0.JPEG               (10,000)
                `-- val_annotations.txt          (val_0.JPEG, n03444034, a box, with tabs between)

    The labels of its test images were never published; papers evaluate on the validation images. Each sample has
    ``img_path`` and ``gt_label``, 0 to 199 in the order of WordNet's numbers, as ImageNet's classes are ordered.

    Args:
        data_root: Folder of the data set.
        split: ``'train'`` or ``'val'``. Defaults to ``'train'``.
        test_mode: Whether a sample refused by the pipeline is an error. Defaults to None: for the validation images.
        **kwargs: Options of mmpretrain's ``BaseDataset``, such as ``pipeline``.

    Raises:
        ConfigError: If the split is neither of the two.
        DataError: If a list or a class's folder is missing, or a list is damaged.

    Example:
        >>> TinyImageNet(data_root='data/nowhere')
        Traceback (most recent call last):
        ...
        ktg_mm.errors.DataError: Tiny-ImageNet: data/nowhere/wnids.txt is missing; get it with: python tools/...
    """

    def __init__(self, data_root: str, split: str = 'train', test_mode: bool | None = None, **kwargs: Any) -> None:
        if split not in ('train', 'val'):
            advice = "; its test labels aren't published, evaluate on 'val'" if split == 'test' else ''
            raise ConfigError('dataset.split', f"Tiny-ImageNet has the splits 'train' and 'val', got {split!r}{advice}")
        self.split = split
        super().__init__(
            ann_file='',
            data_root=data_root,
            test_mode=split == 'val' if test_mode is None else test_mode,
            **kwargs,
        )

    def load_data_list(self) -> list[dict[str, Any]]:
        """Returns the split's samples, each with ``img_path`` and ``gt_label``; sets the class names."""
        root = Path(self.data_root).expanduser()
        unpacked = root / 'tiny-imagenet-200'
        root = unpacked if unpacked.is_dir() else root
        numbers = sorted(line.strip() for line in self._lines(root / 'wnids.txt') if line.strip())
        words = dict(line.rstrip().split('\t', 1) for line in self._lines(root / 'words.txt') if '\t' in line)
        names = (f'{number} {words.get(number, "").split(",")[0]}'.rstrip() for number in numbers)
        own_metainfo(self).setdefault('classes', tuple(names))
        labels = {number: label for label, number in enumerate(numbers)}
        return self._train(root, labels) if self.split == 'train' else self._val(root, labels)

    def _train(self, root: Path, labels: dict[str, int]) -> list[dict[str, Any]]:
        samples = []
        for number, label in labels.items():
            folder = root / 'train' / number / 'images'
            files = sorted(folder.glob('*.JPEG'))
            if not files:
                raise self._missing(folder)
            samples += [{'img_path': str(file), 'gt_label': label} for file in files]
        return samples

    def _val(self, root: Path, labels: dict[str, int]) -> list[dict[str, Any]]:
        path = root / 'val' / 'val_annotations.txt'
        samples = []
        for row, line in enumerate(self._lines(path), 1):
            name, number, *_ = (*line.split('\t'), '', '')
            if number.strip() not in labels:
                raise DataError(f'{path}: line {row} has the class {number.strip()!r}, which wnids.txt has not')
            samples.append({'img_path': str(path.parent / 'images' / name), 'gt_label': labels[number.strip()]})
        if not samples:
            raise DataError(f'{path}: is empty; must have a line for each image')
        return samples

    def _lines(self, path: Path) -> list[str]:
        try:
            return path.read_text(encoding='utf-8').splitlines()
        except FileNotFoundError as error:
            raise self._missing(path) from error

    def _missing(self, path: Path) -> DataError:
        return DataError(f'Tiny-ImageNet: {path} is missing; {how_to_get("tiny_imagenet", self.data_root)}')

    def extra_repr(self) -> list[str]:
        """Returns the lines that ``repr`` adds for this data set."""
        return [f'Root of dataset: \t{self.data_root}', f'Split: \t{self.split}']
