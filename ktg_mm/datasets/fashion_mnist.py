"""Fashion-MNIST from idx files, plain or gzipped."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from mmpretrain.datasets import FashionMNIST
from mmpretrain.datasets.mnist import read_sn3_pascalvincent_tensor
from mmpretrain.registry import DATASETS

from ktg_mm.datasets.download import how_to_get
from ktg_mm.errors import ConfigError, DataError

# Where the files are looked for if the config does not say: the download's folder, then that of Debian's package
# dataset-fashion-mnist.
DATA_ROOTS = ('data/fashion-mnist', '/usr/share/datasets/fashion-mnist')


@DATASETS.register_module()
class FashionMNISTFiles(FashionMNIST):
    """Fashion-MNIST (Xiao et al., 2017): 10 classes, 60,000 training and 10,000 test images, grey, 28x28.

    It differs from mmpretrain's ``FashionMNIST`` in three things. ``split='test'`` gives the test images; there it
    gives the training images unless ``test_mode=True`` is set as well. The files may be gzipped, as they are published
    and as Debian's package ``dataset-fashion-mnist`` installs them. It reads only the split's two files and downloads
    nothing.

    Each sample has ``img`` (28, 28), uint8, and ``gt_label``, 0 to 9.

    Args:
        data_root: Folder of the four idx files. Defaults to None: the first that exists of ``data/fashion-mnist`` and
            ``/usr/share/datasets/fashion-mnist``.
        split: ``'train'`` or ``'test'``. Defaults to ``'train'``.
        test_mode: Whether a sample refused by the pipeline is an error. Defaults to None: for the test split.
        **kwargs: Options of mmpretrain's ``BaseDataset``, such as ``pipeline``.

    Raises:
        ConfigError: If the split is neither of the two.
        DataError: If a file is missing, truncated or not an idx file of bytes.

    Example:
        >>> FashionMNISTFiles(data_root='data/nowhere')
        Traceback (most recent call last):
        ...
        ktg_mm.errors.DataError: Fashion-MNIST: data/nowhere/train-images-idx3-ubyte (or .gz) is missing; get it ...
    """

    def __init__(
        self, data_root: str | None = None, split: str = 'train', test_mode: bool | None = None, **kwargs: Any
    ) -> None:
        if split not in ('train', 'test'):
            raise ConfigError('dataset.split', f"Fashion-MNIST has the splits 'train' and 'test', got {split!r}")
        super().__init__(
            data_root=data_root or next((root for root in DATA_ROOTS if Path(root).is_dir()), DATA_ROOTS[0]),
            split=split,
            test_mode=split == 'test' if test_mode is None else test_mode,
            download=False,
            **kwargs,
        )

    def load_data_list(self) -> list[dict[str, Any]]:
        """Returns the split's samples, each with ``img`` and ``gt_label``."""
        image_entry, label_entry = self.train_list if self.split == 'train' else self.test_list
        image_path, images = self._read(image_entry[0], dimensions=3)
        label_path, labels = self._read(label_entry[0], dimensions=1)
        if len(images) != len(labels):
            raise DataError(f'{image_path}: has {len(images)} images, but {label_path} {len(labels)} labels')
        if not len(labels) or labels.max() > 9:
            reason = f'has the label {labels.max()}, must be 0 to 9' if len(labels) else 'is empty'
            raise DataError(f'{label_path}: not the labels of Fashion-MNIST; {reason}')
        return [{'img': image, 'gt_label': int(label)} for image, label in zip(images, labels, strict=True)]

    def _read(self, archive: str, dimensions: int) -> tuple[Path, np.ndarray]:
        """Returns the file that was found and its array, uint8."""
        zipped = Path(self.data_root).expanduser() / archive
        plain = zipped.with_suffix('')
        path = next((path for path in (plain, zipped) if path.is_file()), None)
        if path is None:
            how = how_to_get('fashion_mnist', self.data_root)
            raise DataError(
                f"Fashion-MNIST: {plain} (or .gz) is missing; {how}, or install Debian's package dataset-fashion-mnist"
            )
        try:
            with warnings.catch_warnings():
                # The reader makes a tensor of read-only memory; it is only read here.
                warnings.filterwarnings('ignore', message='The given NumPy array is not writable')
                array = read_sn3_pascalvincent_tensor(str(path)).numpy()
        except Exception as error:  # gzip, zlib, assertions and struct sizes: all say that the file is damaged
            reason = (str(error).strip() or 'its size is not what its header says').splitlines()[0]
            raise DataError(f'{path}: truncated or not an idx file ({reason})') from error
        if array.dtype != np.uint8 or array.ndim != dimensions:
            raise DataError(
                f'{path}: must hold bytes in {dimensions} dimension(s), holds {array.dtype} in {array.ndim}'
            )
        return path, array
