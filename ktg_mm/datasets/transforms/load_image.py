"""Image loading that names the file it could not read."""

import logging

import mmcv
import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmengine.logging import print_log
from mmpretrain.registry import TRANSFORMS

from ktg_mm.errors import ConfigError, DataError, first_line

_IN_A_ROW = 100


@TRANSFORMS.register_module()
class LoadImage(LoadImageFromFile):
    """Reads an image file; of one that cannot be read it says the name.

    An image that somebody has read, such as mmpretrain's inferencer, stays, with the channels of ``color_type``.

    Required keys: ``img_path``, or ``img`` (H, W) or (H, W, 3), BGR. Added keys: ``img`` (H, W, 3), uint8, BGR;
    ``img_shape`` and ``ori_shape`` (H, W).

    Args:
        on_error: What happens with an unreadable file. ``'raise'`` stops; ``'skip'`` logs one warning for the file (in
            each process that meets it) and returns None, upon which mmengine draws another training sample. An
            evaluation stops either way: a score over fewer images could not be compared. So does training after 100
            such files in a row. Defaults to ``'raise'``.
        **kwargs: Options of mmcv's ``LoadImageFromFile``, such as ``color_type`` and ``imdecode_backend``.

    Raises:
        ConfigError: If ``on_error`` is neither ``'raise'`` nor ``'skip'``.
        DataError: If the file cannot be read or decoded, and ``on_error`` is ``'raise'``, or nor could those before.

    Example:
        >>> LoadImage()({'img_path': 'missing.jpg'})
        Traceback (most recent call last):
        ...
        ktg_mm.errors.DataError: missing.jpg: cannot be read as an image (...)
        >>> LoadImage()({'img': np.zeros((4, 5), np.uint8)})['img'].shape
        (4, 5, 3)
    """

    def __init__(self, on_error: str = 'raise', **kwargs: object) -> None:
        if on_error not in ('raise', 'skip'):
            raise ConfigError('LoadImage.on_error', f"must be 'raise' or 'skip', got {on_error!r}")
        super().__init__(**kwargs)
        self.on_error = on_error
        self.reported: set[str] = set()
        self.in_a_row = 0

    def transform(self, results: dict) -> dict | None:
        """Returns ``results`` with the image, or None for an unreadable file that is to be skipped."""
        if 'img_path' not in results and 'img' in results:
            return self._take(results)
        path = str(results['img_path'])
        try:
            loaded = super().transform(results)
            self.in_a_row = 0
            return loaded
        except Exception as error:  # decoders raise many kinds, OpenCV's own among them
            message = f'{path}: cannot be read as an image ({first_line(error)})'
            self.in_a_row += 1
            if self.on_error == 'raise':
                raise DataError(message) from error
            if self.in_a_row == _IN_A_ROW:
                raise DataError(f'{message}, nor can the {_IN_A_ROW - 1} before it') from error
            if path not in self.reported:
                self.reported.add(path)
                print_log(f'{message}; skipped', logger='current', level=logging.WARNING)
            return None

    def _take(self, results: dict) -> dict:
        image = np.asarray(results['img'])
        if self.color_type.startswith('color') and (image.ndim == 2 or image.shape[2] == 1):
            image = mmcv.gray2bgr(image)
        elif self.color_type.startswith('grayscale') and image.ndim == 3:
            image = mmcv.bgr2gray(image) if image.shape[2] == 3 else image[..., 0]
        results['img'] = image.astype(np.float32) if self.to_float32 else image
        results['img_shape'] = image.shape[:2]
        results.setdefault('ori_shape', image.shape[:2])
        return results
