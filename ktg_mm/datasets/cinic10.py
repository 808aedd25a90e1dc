"""CINIC-10."""

from pathlib import Path
from typing import Any

from mmpretrain.datasets import CIFAR10, BaseDataset
from mmpretrain.registry import DATASETS

from ktg_mm.datasets.download import how_to_get
from ktg_mm.errors import ConfigError, DataError

_FOLDERS = dict(train='train', val='valid', test='test')


@DATASETS.register_module()
class CINIC10(BaseDataset):
    """CINIC-10 (Darlow et al., 2018): CIFAR-10's classes, 90,000 images each to train, to validate and to test on.

    20,000 images of each part are CIFAR-10's, 70,000 are ImageNet's, made as small: 32 x 32 pixels. Layout, as the
    official archive unpacks::

        data_root
        |-- train
        |   |-- airplane
        |   |   |-- cifar10-train-21469.png
        |   |   `-- ...
        |   `-- ... (10 folders)
        |-- valid
        `-- test

    Each sample has ``img_path`` and ``gt_label``, 0 to 9, as in CIFAR-10.

    Args:
        data_root: Folder of the data set.
        split: ``'train'``, ``'val'`` or ``'test'``. Defaults to ``'train'``.
        test_mode: Whether a sample refused by the pipeline is an error. Defaults to None: unless it is the training
            part.
        **kwargs: Options of mmpretrain's ``BaseDataset``, such as ``pipeline``.

    Raises:
        ConfigError: If the split is none of the three.
        DataError: If a class's folder is missing or empty, or there is one more.

    Example:
        >>> CINIC10(data_root='data/nowhere')
        Traceback (most recent call last):
        ...
        ktg_mm.errors.DataError: CINIC-10: data/nowhere/train/airplane has no images; get it with: python tools/...
    """

    METAINFO = CIFAR10.METAINFO

    def __init__(self, data_root: str, split: str = 'train', test_mode: bool | None = None, **kwargs: Any) -> None:
        if split not in _FOLDERS:
            raise ConfigError('dataset.split', f'CINIC-10 has the splits {", ".join(_FOLDERS)}, got {split!r}')
        self.split = split
        super().__init__(
            ann_file='',
            data_root=data_root,
            test_mode=split != 'train' if test_mode is None else test_mode,
            **kwargs,
        )

    def load_data_list(self) -> list[dict[str, Any]]:
        """Returns the part's samples, each with ``img_path`` and ``gt_label``."""
        root = Path(self.data_root).expanduser() / _FOLDERS[self.split]
        classes = self.METAINFO['classes']
        others = {path.name for path in root.glob('*') if path.is_dir()} - set(classes)
        if others:
            raise DataError(f'{root}: has the folder {min(others)!r}, which is no class of CINIC-10')
        samples = []
        for label, name in enumerate(classes):
            files = sorted((root / name).glob('*.png'))
            if not files:
                how = how_to_get('cinic10', self.data_root)
                raise DataError(f'CINIC-10: {root / name} has no images; {how}')
            samples += [{'img_path': str(file), 'gt_label': label} for file in files]
        return samples

    def extra_repr(self) -> list[str]:
        """Returns the lines that ``repr`` adds for this data set."""
        return [f'Root of dataset: \t{self.data_root}', f'Split: \t{self.split}']
