"""CUB-200-2011."""

from pathlib import Path
from typing import Any

from mmpretrain.datasets import CUB
from mmpretrain.registry import DATASETS

from ktg_mm.datasets.download import how_to_get
from ktg_mm.errors import ConfigError, DataError


@DATASETS.register_module()
class CUB2011(CUB):
    """CUB-200-2011 (Wah et al., 2011): 200 species of birds, 5,994 training and 5,794 test images.

    mmpretrain's ``CUB``, except that missing or damaged lists are one line, and that the folder may be the one that the
    official archive was unpacked into, or the one that it makes there::

        data_root
        `-- CUB_200_2011
            |-- images
            |   |-- 001.Black_footed_Albatross
            |   `-- ... (200 folders)
            |-- images.txt
            |-- image_class_labels.txt
            `-- train_test_split.txt

    Args:
        data_root: Folder of the data set.
        split: ``'train'`` or ``'test'``. Defaults to ``'train'``.
        test_mode: Whether a sample refused by the pipeline is an error. Defaults to None: for the test split.
        **kwargs: Options of mmpretrain's ``BaseDataset``, such as ``pipeline``.

    Raises:
        ConfigError: If the split is neither of the two.
        DataError: If a list is missing or damaged.

    Example:
        >>> CUB2011(data_root='data/nowhere')
        Traceback (most recent call last):
        ...
        ktg_mm.errors.DataError: CUB-200-2011: data/nowhere/images.txt is missing; get it with: python tools/...
    """

    def __init__(self, data_root: str, split: str = 'train', test_mode: bool | None = None, **kwargs: Any) -> None:
        if split not in ('train', 'test'):
            raise ConfigError('dataset.split', f"CUB-200-2011 has the splits 'train' and 'test', got {split!r}")
        root = Path(data_root).expanduser()
        unpacked = root / 'CUB_200_2011'
        try:
            super().__init__(
                str(unpacked if unpacked.is_dir() else root),
                split,
                test_mode=split == 'test' if test_mode is None else test_mode,
                **kwargs,
            )
        except FileNotFoundError as error:
            how = how_to_get('cub', data_root)
            raise DataError(f'CUB-200-2011: {error.filename} is missing; {how}') from error

    def load_data_list(self) -> list[dict[str, Any]]:
        """Returns the official lists' samples, each with ``img_path`` and ``gt_label``."""
        try:
            samples = super().load_data_list()
            wrong = [sample for sample in samples if not 0 <= sample['gt_label'] < len(self.CLASSES)]
            if wrong:
                raise ValueError(f'{wrong[0]["img_path"]} is of class {wrong[0]["gt_label"] + 1}, must be 1 to 200')
            if not samples:
                raise ValueError(f'no image is in the split {self.split!r}')
        except (ValueError, KeyError, AssertionError) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise DataError(f'{self.data_root}: not the official lists of CUB-200-2011 ({reason})') from error
        return samples
