"""Stanford Dogs."""

from pathlib import Path
from typing import Any

import numpy as np
from mmpretrain.datasets import BaseDataset
from mmpretrain.registry import DATASETS
from scipy.io import loadmat

from ktg_mm.datasets.download import how_to_get
from ktg_mm.errors import ConfigError, DataError
from ktg_mm.mmengine_private import own_metainfo


@DATASETS.register_module()
class StanfordDogs(BaseDataset):
    """Stanford Dogs (Khosla et al., 2011): 120 breeds, 12,000 training and 8,580 test images.

    Expected layout, as the official ``images.tar`` and ``lists.tar`` unpack; the lists may also lie in a folder
    ``lists``::

        data_root
        |-- Images
        |   |-- n02085620-Chihuahua
        |   |   |-- n02085620_10074.jpg
        |   |   `-- ...
        |   `-- ... (120 folders)
        |-- train_list.mat
        `-- test_list.mat

    Each sample has ``img_path`` and ``gt_label``, 0 to 119; a class is named as its folder is, without the number.

    Args:
        data_root: Folder of the data set.
        split: ``'train'`` or ``'test'``. Defaults to ``'train'``.
        test_mode: Whether a sample refused by the pipeline is an error. Defaults to None: for the test split.
        **kwargs: Options of mmpretrain's ``BaseDataset``, such as ``pipeline``.

    Raises:
        ConfigError: If the split is neither of the two.
        DataError: If the folder, the list or a breed's image folder is missing, or the list cannot be read.

    Example:
        >>> StanfordDogs(data_root='data/nowhere')
        Traceback (most recent call last):
        ...
        ktg_mm.errors.DataError: Stanford Dogs: folder data/nowhere is missing; get it with: python tools/...
    """

    def __init__(self, data_root: str, split: str = 'train', test_mode: bool | None = None, **kwargs: Any) -> None:
        if split not in ('train', 'test'):
            raise ConfigError('dataset.split', f"Stanford Dogs has the splits 'train' and 'test', got {split!r}")
        self.split = split
        super().__init__(
            ann_file='',
            data_root=data_root,
            data_prefix='Images',
            test_mode=split == 'test' if test_mode is None else test_mode,
            **kwargs,
        )

    def load_data_list(self) -> list[dict[str, Any]]:
        """Returns the official list's samples, each with ``img_path`` and ``gt_label``; sets the class names."""
        root = Path(self.data_root).expanduser()
        if not root.is_dir():
            raise self._missing(f'folder {root}')
        files, labels = self._read_list(root)
        # The file names' folders name the classes; the labels, 1 to 120, order them.
        folders = dict(
            sorted({int(label): name.split('/')[0] for name, label in zip(files, labels, strict=True)}.items())
        )
        images = root / 'Images'
        for folder in folders.values():
            if not (images / folder).is_dir():
                raise self._missing(f'image folder {images / folder}')
        own_metainfo(self).setdefault('classes', tuple(folder.split('-', 1)[-1] for folder in folders.values()))
        return [
            {'img_path': str(images / name), 'gt_label': int(label) - 1}
            for name, label in zip(files, labels, strict=True)
        ]

    def _read_list(self, root: Path) -> tuple[list[str], np.ndarray]:
        """Returns file names relative to Images, and labels (N,) from 1."""
        name = f'{self.split}_list.mat'
        path = next((path for path in (root / 'lists' / name, root / name) if path.is_file()), None)
        if path is None:
            raise self._missing(f'list {root / name} (or {root / "lists" / name})')
        try:
            content = loadmat(str(path))
            files = [str(cell.item()) for cell in content['file_list'].ravel()]
            labels = content['labels'].ravel()
            if len(files) != len(labels):
                raise ValueError(f'{len(files)} files but {len(labels)} labels')
            # A class that is not there would shift the numbers of those after it.
            if not files or set(labels) != set(range(1, len(set(labels)) + 1)):
                raise ValueError('its labels must be 1 to the number of classes, and none be missing')
        except Exception as error:  # scipy raises many kinds on a damaged file
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise DataError(f'{path}: not an official list of Stanford Dogs ({reason})') from error
        return files, labels

    def _missing(self, what: str) -> DataError:
        return DataError(f'Stanford Dogs: {what} is missing; {how_to_get("stanford_dogs", self.data_root)}')

    def extra_repr(self) -> list[str]:
        """Returns the lines that ``repr`` adds for this data set."""
        return [f'Root of dataset: \t{self.data_root}', f'Split: \t{self.split}']
