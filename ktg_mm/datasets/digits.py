"""scikit-learn's handwritten digits."""

import functools
from typing import Any

import numpy as np
from mmpretrain.datasets import BaseDataset
from mmpretrain.registry import DATASETS

from ktg_mm.errors import ConfigError, did_you_mean

_SPLITS = ('train', 'val', 'test', 'trainval')


@DATASETS.register_module()
class Digits(BaseDataset):
    """The 1,797 grey 8x8 digits that come with scikit-learn: no download, an epoch in seconds.

    The split is fixed and stratified: 1,257 training, 180 validation and 360 test images; ``'trainval'`` joins the
    first two. Each sample has ``img`` (8, 8), uint8, 0 to 255, and ``gt_label``, 0 to 9.

    Args:
        split: ``'train'``, ``'val'``, ``'test'`` or ``'trainval'``. Defaults to ``'train'``.
        test_mode: Whether a sample refused by the pipeline is an error. Defaults to None: for val and test.
        **kwargs: Options of mmpretrain's ``BaseDataset``, such as ``pipeline``.

    Raises:
        ConfigError: If the split is not one of the four.

    Example:
        >>> digits = Digits(split='test')
        >>> len(digits), digits[0]['img'].shape
        (360, (8, 8))
    """

    METAINFO = {'classes': tuple('0123456789')}
    image_shape = (8, 8)

    def __init__(self, split: str = 'train', test_mode: bool | None = None, **kwargs: Any) -> None:
        if split not in _SPLITS:
            raise ConfigError('dataset.split', f'Digits has no split {split!r}; {did_you_mean(split, _SPLITS)}')
        self.split = split
        test_mode = split in ('val', 'test') if test_mode is None else test_mode
        super().__init__(ann_file='', test_mode=test_mode, **kwargs)

    def load_data_list(self) -> list[dict[str, Any]]:
        """Returns the split's samples, each with ``img`` and ``gt_label``."""
        images, labels, splits = _digits()
        return [{'img': images[i].copy(), 'gt_label': int(labels[i])} for i in splits[self.split]]

    def extra_repr(self) -> list[str]:
        """Returns the lines that ``repr`` adds for this data set."""
        return [f'Split: \t{self.split}']


@functools.cache
def _digits() -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Images, labels and each split's numbers: scikit-learn parses a text file each time."""
    # Importing it takes most of a second, for all who have other data, too.
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    images = np.round(digits.images * (255 / 16)).astype(np.uint8)
    labels = digits.target
    trainval, test = train_test_split(np.arange(len(labels)), test_size=360, stratify=labels, random_state=0)
    train, val = train_test_split(trainval, test_size=180, stratify=labels[trainval], random_state=0)
    splits = dict(train=train, val=val, test=test, trainval=trainval)
    return images, labels, {name: np.sort(split) for name, split in splits.items()}
